"""Tells when a purse comes to 80 and to 100 percent of its limit, each once in its period."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from ultra.domain.limits import Purse, Reached
from ultra.domain.observations import BudgetReached
from ultra.domain.ports import Observer
from ultra.system import System

NEARLY = Decimal("0.8")
_MOST = 10_000


class Milestones:
    """Hears from settlements and refusals, and tells the observer.

    A settlement that crosses a line is one of a kind in the store, whichever worker writes it. But a purse is hardly
    ever spent to the last cent: its owner finds out when the next call no longer fits. So the first refusal of a purse
    that is used up to 80 percent or more counts as 100 too; each worker can tell that once.
    """

    def __init__(self, *, observer: Observer, system: System) -> None:
        self._observer = observer
        self._system = system
        self._used_up: dict[tuple[str, str], str] = {}

    def crossed(self, lines: Iterable[Reached]) -> None:
        """Tell of lines that a settlement has crossed."""
        for line in lines:
            if line.percent == 100:
                self._used_up_first(line.purse)
            self._tell(line)

    def is_news(self, purse: Purse) -> bool:
        """Whether nobody was told yet that this purse is used up in its present period."""
        return self._used_up.get((purse.key, purse.period)) != _since(purse, self._system.now())

    def refused(self, purse: Purse, *, used_usd: Decimal) -> None:
        """Tell of a purse that a call did not fit into any more, of which `used_usd` is spent or set aside."""
        if used_usd >= purse.limit_usd * NEARLY and self.is_news(purse):
            self._used_up_first(purse)
            self._tell(Reached(purse, 100))

    def _used_up_first(self, purse: Purse) -> None:
        if len(self._used_up) >= _MOST:
            self._used_up.clear()
        self._used_up[purse.key, purse.period] = _since(purse, self._system.now())

    def _tell(self, line: Reached) -> None:
        purse = line.purse
        self._observer.notice(BudgetReached(self._system.now(), purse.key, purse.period, line.percent))


def _since(purse: Purse, now: datetime) -> str:
    return now.strftime("%Y-%m-%d" if purse.period == "day" else "%Y-%m")
