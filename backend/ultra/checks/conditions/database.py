"""Is the database there?"""

from collections.abc import Iterable
from typing import Self

from ultra.checks.conditions.check import ConditionCheck, Diagnosis, Group
from ultra.domain.errors import Overloaded
from ultra.services import Services
from ultra.store.database import Database
from ultra.store.pulse import feel_pulse
from ultra.system import System


class DatabaseCondition(ConditionCheck):
    """Opens a short transaction. One that is busy or slow is not quite well; without one nothing is served."""

    name = "database"
    group: Group = "dependency"
    every_s = 2.0
    deadline_s = 3.0
    is_needed = True
    steady = 3

    def __init__(self, *, database: Database, system: System, slow_s: float = 1.0) -> None:
        self._database = database
        self._system = system
        self._slow_s = slow_s

    @classmethod
    def of(cls, services: Services) -> Iterable[Self]:
        """Look at the house's own."""
        yield cls(database=services.database, system=services.system)

    async def look(self) -> Diagnosis:
        """Say how long it took; facts: `kind`, `version`, `latency_ms`."""
        began = self._system.monotonic()
        try:
            pulse = await feel_pulse(self._database)
        except Overloaded as busy:
            return Diagnosis("warn", busy.message)
        taken = self._system.monotonic() - began
        facts = {"kind": pulse.kind, "version": pulse.version, "latency_ms": round(taken * 1000, 1)}
        if taken > self._slow_s:
            return Diagnosis("warn", f"It took {taken:.1f} s to answer.", facts)
        return Diagnosis("pass", None, facts)
