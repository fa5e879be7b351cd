"""Does work get done?"""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any, Self

from ultra.checks.conditions.check import ConditionCheck, Diagnosis, Group
from ultra.domain.ports import Load
from ultra.services import Services
from ultra.store.backlog import Backlog, read_backlog
from ultra.system import System


class RunsCondition(ConditionCheck):
    """Looks at this worker's executor, and at the runs of the whole house that have not ended.

    A run normally begins within a second. One that waits for `waits_s` finds no room; one whose lease ran out a while
    ago was left by a process that died, and nobody has taken it up.
    """

    name = "runs"
    group: Group = "service"
    every_s = 10.0
    is_indirect = True
    steady = 2

    def __init__(
        self,
        *,
        loads: Callable[[], tuple[Load, ...]],
        backlog: Callable[[], Awaitable[Backlog]],
        system: System,
        waits_s: float = 60.0,
    ) -> None:
        self._loads = loads
        self._backlog = backlog
        self._system = system
        self._waits_s = waits_s

    @classmethod
    def of(cls, services: Services) -> Iterable[Self]:
        """Look at both executors; a lease that ran out twice its length ago is nobody's."""
        system, database = services.system, services.database
        span = timedelta(seconds=2 * services.settings.run_lease_s)
        yield cls(
            loads=lambda: (services.kept.executor.load, services.fleeting.executor.load),
            backlog=lambda: read_backlog(database, abandoned_before=system.now() - span),
            system=system,
        )

    async def look(self) -> Diagnosis:
        """Say what keeps runs; facts: `here` (this worker's) and `everywhere` (unfinished runs of all workers)."""
        loads = self._loads()
        if not all(load.is_working for load in loads):
            return Diagnosis("fail", "The executor has stopped: this worker takes no runs. Restart it.", _here(loads))
        backlog = await self._backlog()
        oldest = backlog.oldest_queued_at
        waited_s = 0.0 if oldest is None else max(0.0, (self._system.now() - oldest).total_seconds())
        facts = _here(loads) | {
            "everywhere": {
                "running": backlog.running,
                "queued": backlog.queued,
                "oldest_queued_s": round(waited_s, 1),
                "abandoned": backlog.abandoned,
            }
        }
        troubles = list(self._troubles(loads, backlog, waited_s))
        return Diagnosis("warn", " ".join(troubles), facts) if troubles else Diagnosis("pass", None, facts)

    def _troubles(self, loads: tuple[Load, ...], backlog: Backlog, waited_s: float) -> Iterator[str]:
        if waited_s > self._waits_s:
            yield f"The oldest of {backlog.queued} runs has waited for {waited_s:.0f} s."
        if overdue := sum(load.overdue for load in loads):
            yield f"{overdue} leases cannot be renewed: another worker may take these runs."
        if backlog.abandoned:
            yield f"Nobody works on {backlog.abandoned} runs that had begun."


def _here(loads: tuple[Load, ...]) -> dict[str, Any]:
    counts = {
        "running": sum(load.running for load in loads),
        "queued": sum(load.waiting for load in loads),
        "overdue_leases": sum(load.overdue for load in loads),
        "lost_leases": sum(load.lost for load in loads),
    }
    return {"here": counts}
