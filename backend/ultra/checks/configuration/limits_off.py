"""Is there a limit to what one caller may do?"""

from collections.abc import Iterator

from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.config import declarations
from ultra.domain.findings import Finding


class LimitsOff(Check):
    """In production a limit is 0, which is none."""

    name = "U070"
    title = "A limit is switched off"
    why = "One caller, or one loop in a program, can then take everything: time, places and money."
    mend = "Set a number, better a high one than none."
    level = "warning"

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        for each in declarations() if case.is_production else ():
            if each.name.startswith("ULTRA_LIMIT_") and getattr(case.settings, each.field) == 0:
                yield self.finding(each.name, "is 0: there is no limit.", "Set a number, better a high one than none.")
