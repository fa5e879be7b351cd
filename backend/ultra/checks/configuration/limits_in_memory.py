"""Are limits remembered?"""

from collections.abc import Iterator

from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.domain.findings import Finding


class LimitsInMemory(Check):
    """Production counts requests in the memory of its one process."""

    name = "U042"
    title = "Limits are kept in memory"
    why = "A restart forgets what was counted, and a second process would not know."
    mend = "Set `REDIS_URL` to a Valkey or Redis server."
    level = "warning"

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        if case.is_production and case.settings.redis_url is None:
            yield self.finding("REDIS_URL", "is not set: limits are forgotten at every start.", "Use Valkey or Redis.")
