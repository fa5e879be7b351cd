"""Is the counter that all workers share there?"""

from collections.abc import Iterable
from typing import Final, Self

from ultra.checks.conditions.check import ConditionCheck, Diagnosis, Group
from ultra.domain.errors import Unavailable
from ultra.domain.limits import Charge, Limit, Limiter
from ultra.services import Services

_NOBODYS: Final = Charge(Limit("health", 1_000_000, 60.0), "health")
"""Counts for nobody, and is never used up."""


class SharedLimitsCondition(ConditionCheck):
    """Has one thing counted, as every request does: a server may answer and still be unable to count.

    While it is away each worker counts its share by itself, so nothing depends on it. Once it is back, this question
    is what brings the limiter back to it, traffic or none.
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
        """Say who counts; facts: `shared`, and `server` with its version where one answers."""
        decision = await self._limiter.charge((_NOBODYS,))
        try:
            server = await self._limiter.server()
        except Unavailable as error:
            reason = f"The shared counter does not answer ({error.code}): each worker counts its share by itself."
            return Diagnosis("warn", reason, {"shared": False, "server": None})
        facts = {"shared": server is not None and not decision.degraded, "server": server}
        if decision.degraded:
            reason = f"{server} answers and did not count: each worker counts its share by itself."
            return Diagnosis("warn", reason, facts)
        return Diagnosis("pass", None, facts)
