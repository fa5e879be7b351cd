"""Is the process told to debug by a name that others listen to?"""

from collections.abc import Iterator
from typing import Final

from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.config import read_env_file
from ultra.domain.findings import Finding

_NAMES: Final = ("DEBUG", "PYTHONASYNCIODEBUG", "PYTHONDEVMODE")
_OFF: Final = frozenset({"", "0", "false", "no", "off", "n", "f", "none", "disabled"})


class DebugVariables(Check):
    """In production `DEBUG`, or a variable by which Python debugs, is set in the environment or in an env file."""

    name = "U063"
    title = "A debugging variable is set"
    why = (
        "Ultra does not read `DEBUG`, so it does nothing here, and whoever has set it believes something else. "
        "`PYTHONDEVMODE` and `PYTHONASYNCIODEBUG` make Python slow, and make it tell more than anybody should read."
    )
    mend = "Unset it. `ULTRA_LOG_LEVEL` says how much is written down."
    level = "warning"

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        if not case.is_production:
            return
        places = {"in the process environment": dict(case.environ)}
        for file in (".env.production.local", ".env.production", ".env"):
            lines = read_env_file(case.folder / file).lines
            places[f"in {file}"] = {name: line.raw for name, line in lines.items()}
        for place, values in places.items():
            for name in _NAMES:
                if values.get(name, "").strip().lower() not in _OFF:
                    yield self.finding(name, f"is set {place}.", "Unset it: ULTRA_LOG_LEVEL is what Ultra listens to.")
