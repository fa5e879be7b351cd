"""Do several workers have what they share?"""

from collections.abc import Iterator
from typing import Final

from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.domain.findings import Finding

_NAME: Final = "ULTRA_WORKERS"


class SharedState(Check):
    """`ULTRA_WORKERS` is above 1 without PostgreSQL and a shared counter."""

    name = "U044"
    title = "Workers without shared state"
    why = (
        "Each process would count alone, so that every limit is multiplied by the number of workers, and "
        "SQLite has one writer."
    )
    mend = "Set `DATABASE_URL` and `REDIS_URL`, or use one worker."

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        if case.settings.workers == 1:
            return
        if case.settings.database_url.scheme not in ("postgresql", "postgres"):
            yield self.finding(_NAME, "above 1 needs PostgreSQL.", "Set DATABASE_URL=postgresql://..., or use 1.")
        if case.settings.redis_url is None:
            yield self.finding(_NAME, "above 1 needs a shared counter.", "Set REDIS_URL, or use 1.")
