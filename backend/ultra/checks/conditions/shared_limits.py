"""Is the counter that all workers share there?"""

from collections.abc import Iterable
from typing import Self

from ultra.checks.conditions.check import ConditionCheck, Diagnosis, Group
from ultra.domain.errors import Unavailable
from ultra.domain.limits import Limiter
from ultra.services import Services


class SharedLimitsCondition(ConditionCheck):
    """Asks Valkey or Redis who it is. While it is away each worker counts its share by itself: nothing depends on it.

    The question is one like any other to the limiter: once the server is back, it is what brings the limiter back,
    traffic or none.
    """

    name = "shared_limits"
    group: Group = "dependency"
    every_s = 5.0

    def __init__(self, *, limiter: Limiter) -> None:
        self._limiter = limiter

    @classmethod
    def of(cls, services: Services) -> Iterable[Self]:
        """Ask the house's own limiter."""
        yield cls(limiter=services.access.limiter)

    async def look(self) -> Diagnosis:
        """Say who counts; facts: `shared`, and `server` with its version where there is one."""
        try:
            server = await self._limiter.server()
        except Unavailable as error:
            reason = f"{error.message} Each worker counts its share of every limit by itself."
            return Diagnosis("warn", reason, {"shared": False, "code": error.code})
        return Diagnosis("pass", None, {"shared": server is not None, "server": server})
