"""Do this machine and the database agree what time it is?"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Self

from ultra.checks.conditions.check import ConditionCheck, Diagnosis, Group
from ultra.services import Services
from ultra.store.database import Database
from ultra.store.pulse import feel_pulse
from ultra.system import System


class ClockCondition(ConditionCheck):
    """Compares the two. Leases, sessions and tokens are counted in this machine's time and read by other workers."""

    name = "clock"
    group: Group = "dependency"
    every_s = 60.0
    deadline_s = 5.0
    is_indirect = True
    steady = 2

    def __init__(self, *, database: Database, system: System, warn_s: float = 2.0, fail_s: float = 15.0) -> None:
        self._database = database
        self._system = system
        self._warn_s = warn_s
        self._fail_s = fail_s

    @classmethod
    def of(cls, services: Services) -> Iterable[Self]:
        """Compare with a server; a file has this machine's clock."""
        if not services.database.is_sqlite:
            yield cls(database=services.database, system=services.system)

    async def look(self) -> Diagnosis:
        """Say how far they are apart; fact: `skew_s`, above 0 where this machine is ahead."""
        before, began = self._system.now(), self._system.monotonic()
        pulse = await feel_pulse(self._database)
        taken = self._system.monotonic() - began
        if pulse.at is None:
            return Diagnosis("pass", None, {"skew_s": 0.0})
        skew = (before + timedelta(seconds=taken / 2) - pulse.at).total_seconds()
        facts = {"skew_s": round(skew, 2)}
        apart = abs(skew) - taken / 2  # the answer may have been written at any moment while it was waited for
        if apart > self._warn_s:
            side = "ahead of" if skew > 0 else "behind"
            reason = f"This machine is {abs(skew):.1f} s {side} the database: let both keep time with NTP."
            return Diagnosis("fail" if apart > self._fail_s else "warn", reason, facts)
        return Diagnosis("pass", None, facts)
