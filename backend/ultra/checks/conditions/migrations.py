"""Are the tables those of this program?"""

from collections.abc import Iterable
from typing import Self

from ultra.checks.conditions.check import ConditionCheck, Diagnosis, Group, unwell
from ultra.domain.errors import Conflict
from ultra.services import Services
from ultra.store import migrating
from ultra.store.database import Database


class MigrationsCondition(ConditionCheck):
    """Compares the database's revision with those this program knows.

    Without its tables nothing can be served. A newer revision is another matter: a newer program has come while this
    one serves, as in every rolling upgrade, and this one goes on until it is replaced.
    """

    name = "migrations"
    group: Group = "dependency"
    every_s = 30.0
    deadline_s = 5.0
    is_indirect = True
    is_needed = True

    def __init__(self, *, database: Database) -> None:
        self._database = database

    @classmethod
    def of(cls, services: Services) -> Iterable[Self]:
        """Look at the house's own database."""
        yield cls(database=services.database)

    async def look(self) -> Diagnosis:
        """Say where the tables are; facts: `revision`, `pending`, and `state`.

        A state is `current`, `pending`, `newer` or `half_applied`.
        """
        at = await migrating.current(self._database)
        try:
            pending = await migrating.pending(self._database)
        except Conflict as found:
            is_newer = found.code == "database_too_new"
            facts: dict[str, object] = {"state": "newer" if is_newer else "half_applied", "revision": at, "pending": []}
            if is_newer:
                return Diagnosis("warn", f"{found.message} Replace this program by the newer one.", facts)
            return Diagnosis("fail", unwell(found).reason, facts)
        facts = {"state": "pending" if pending else "current", "revision": at, "pending": list(pending)}
        if pending:
            reason = f"The database lacks {len(pending)} of {len(migrating.revisions())} revisions: ultra db upgrade."
            return Diagnosis("fail", reason, facts)
        return Diagnosis("pass", None, facts)
