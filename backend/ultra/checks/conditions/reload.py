"""Is the configuration in force the one that the operator has written?"""

from collections.abc import Callable, Iterable
from typing import Self

from ultra.checks.conditions.check import ConditionCheck, Diagnosis, Group
from ultra.services import Services
from ultra.services.reloading import ReloadState


class ReloadCondition(ConditionCheck):
    """Tells of a reload that was refused, until one succeeds, and of settings that wait for a restart."""

    name = "reload"
    group: Group = "configuration"
    every_s = 5.0

    def __init__(self, *, state: Callable[[], ReloadState]) -> None:
        self._state = state

    @classmethod
    def of(cls, services: Services) -> Iterable[Self]:
        """Look at the house's own configuration."""
        yield cls(state=lambda: services.reloading.state)

    async def look(self) -> Diagnosis:
        """Say whether the last reload was refused; facts: `read_at`, `failed_at`, `problems` and `waiting`."""
        state = self._state()
        facts: dict[str, object] = {
            "read_at": state.read_at.isoformat(),
            "failed_at": None if state.failed_at is None else state.failed_at.isoformat(),
            "problems": list(state.problems),
            "waiting": list(state.waiting),
        }
        if state.problems:
            return Diagnosis(
                "warn", f"A reload was refused; the configuration before it holds: {state.problems[0]}", facts
            )
        if state.waiting:
            return Diagnosis("warn", f"Changed, but counts after a restart: {', '.join(state.waiting)}.", facts)
        return Diagnosis("pass", None, facts)
