"""Are the providers' own lists of models fresh?"""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Self

from ultra.checks.conditions.check import ConditionCheck, Diagnosis, Group
from ultra.inventory.live import LiveList
from ultra.services import Services
from ultra.system import System


class ModelListsCondition(ConditionCheck):
    """Looks at when each list was last read; reading is done elsewhere. The last good list stays in force meanwhile."""

    name = "model_lists"
    group: Group = "service"
    every_s = 10.0

    def __init__(self, *, lists: Callable[[], Mapping[str, LiveList]], system: System, stale_s: float = 1800.0) -> None:
        self._lists = lists
        self._system = system
        self._stale = timedelta(seconds=stale_s)

    @classmethod
    def of(cls, services: Services) -> Iterable[Self]:
        """Look at the lists of those who can be asked for one; stale is what missed two readings."""
        stale_s = 2 * services.settings.inventory_refresh_s
        yield cls(lists=services.vitals.live.asked, system=services.system, stale_s=stale_s)

    async def look(self) -> Diagnosis:
        """Name the lists that are missing or old; facts by provider: `read_at`, `models`, `error`."""
        lists = self._lists()
        facts = {
            name: {
                "read_at": None if each.read_at is None else each.read_at.isoformat(),
                "models": None if each.models is None else len(each.models),
                "error": None if each.error is None else each.error.code,
            }
            for name, each in lists.items()
        }
        if any(each.read_at is None and each.error is None for each in lists.values()):
            return Diagnosis("warn", "Not every list of models has been read yet.", facts, is_known=False)
        oldest = self._system.now() - self._stale
        late = [name for name, each in lists.items() if each.read_at is None or each.read_at < oldest]
        if late:
            return Diagnosis("warn", f"No fresh list of models of {', '.join(late)}.", facts)
        return Diagnosis("pass", None, facts)
