"""Does this worker get to everything in time?"""

from collections.abc import Iterable
from typing import Self

from ultra.checks.conditions.check import ConditionCheck, Diagnosis, Group
from ultra.services import Services
from ultra.system import System

_NAPS = 8


class EventLoopCondition(ConditionCheck):
    """Naps for two seconds in all, and sees how late it is woken: everybody else waits as long."""

    name = "event_loop"
    group: Group = "service"
    every_s = 1.0
    deadline_s = 30.0
    steady = 3

    def __init__(self, *, system: System, nap_s: float = 0.25, warn_s: float = 0.5, fail_s: float = 5.0) -> None:
        self._system = system
        self._nap_s = nap_s
        self._warn_s = warn_s
        self._fail_s = fail_s

    @classmethod
    def of(cls, services: Services) -> Iterable[Self]:
        """Look at this process."""
        yield cls(system=services.system)

    async def look(self) -> Diagnosis:
        """Say how late the latest nap ended; fact: `lag_ms`."""
        late = 0.0
        for _ in range(_NAPS):
            began = self._system.monotonic()
            await self._system.sleep(self._nap_s)
            late = max(late, self._system.monotonic() - began - self._nap_s)
        facts = {"lag_ms": round(late * 1000, 1)}
        if late < self._warn_s:
            return Diagnosis("pass", None, facts)
        reason = f"Everything waited for {late:.1f} s: this worker has too much to do, or its machine has."
        return Diagnosis("fail" if late >= self._fail_s else "warn", reason, facts)
