"""Does what is kept go away again?"""

from collections.abc import Iterator

from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.domain.findings import Finding


class Retention(Check):
    """In production `ULTRA_RETENTION_DAYS` is 0: everything is kept for ever."""

    name = "U071"
    title = "Everything is kept for ever"
    why = "The database only grows, and so does what a leak would show."
    mend = "Say how many days questions and answers are needed."
    level = "warning"

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        if case.is_production and case.settings.retention_days == 0:
            yield self.finding("ULTRA_RETENTION_DAYS", "is 0: everything is kept for ever.", "Set a number of days.")
