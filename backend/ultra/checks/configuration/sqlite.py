"""Is production's database meant for production?"""

from collections.abc import Iterator

from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.domain.findings import Finding


class SQLite(Check):
    """Production keeps its data in a SQLite file."""

    name = "U040"
    title = "SQLite in production"
    why = (
        "A file serves one process on one machine: no second worker, no second machine, and backups are yours to make."
    )
    mend = (
        "Set `DATABASE_URL=postgresql://...`. For one worker on one machine SQLite is fine: then this is for "
        "your information."
    )
    level = "warning"

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        if case.is_production and case.settings.database_url.scheme == "sqlite":
            yield self.finding("DATABASE_URL", "is SQLite: fine for one worker on one machine.", "Use postgresql://.")
