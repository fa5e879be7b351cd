"""Is the log meant for production?"""

from collections.abc import Iterator

from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.domain.findings import Finding


class DebugLog(Check):
    """In production `ULTRA_LOG_LEVEL` is `debug`."""

    name = "U056"
    title = "Debugging in production"
    why = "It costs time and disk, and writes down more about people than anybody needs."
    mend = "Use `info`; switch it on for as long as you look for something."
    level = "warning"

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        if case.is_production and case.settings.log_level == "debug":
            yield self.finding("ULTRA_LOG_LEVEL", "is debug.", "Use info.")
