"""Can the database be where its address says?"""

from collections.abc import Iterator
from pathlib import Path

from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.domain.findings import Finding


class DatabaseAddress(Check):
    """`DATABASE_URL` names a SQLite database that is no file, or a file in a folder that does not exist."""

    name = "U046"
    title = "The database's address cannot be used"
    why = (
        "A database in memory would be another one for each connection, and a folder that Ultra was not given "
        "is not its to make."
    )
    mend = "Use `sqlite:///path/to/file.db` in a folder that exists, or `postgresql://user:password@host/name`."

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        url = case.settings.database_url
        if url.scheme != "sqlite":
            return
        path = url.reveal().partition(":///")[2]
        if not path or ":memory:" in path or "?" in path or path.startswith("file:"):
            yield self.finding("DATABASE_URL", "names no file.", "Use sqlite:///path/to/file.db.")
        elif not (folder := Path(path).parent).is_dir() and not folder.is_relative_to(case.settings.data_dir):
            yield self.finding(
                "DATABASE_URL", f"names a file in {folder}, which is no folder.", "Make the folder first."
            )
