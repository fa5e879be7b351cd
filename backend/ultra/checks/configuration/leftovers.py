"""Are there env files that nobody reads?"""

from collections.abc import Iterator
from typing import Final

from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.config import ENVIRONMENTS
from ultra.domain.findings import Finding

_EXAMPLES: Final = frozenset({".example", ".sample", ".template"})


class Leftovers(Check):
    """A file in the folder looks like an env file and is read in no environment."""

    name = "U013"
    title = "An env file that nobody reads"
    why = "Somebody believes that it is in force, or it is a copy of secrets that nobody looks after."
    mend = (
        "Move what is needed into `.env.{environment}.local`, and remove the file. Examples may be called "
        "`.env.example`."
    )
    level = "warning"

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        known = {".env", *(f".env.{each}{end}" for each in ENVIRONMENTS for end in ("", ".local"))}
        for path in sorted(case.folder.glob(".env[!a-z]*")):
            if path.name not in known and path.suffix not in _EXAMPLES and path.is_file():
                hint = "Move what is needed into .env.{environment}.local, and remove it."
                yield self.finding(path.name, "is read in no environment.", hint)
