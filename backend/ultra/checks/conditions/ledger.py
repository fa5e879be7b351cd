"""Is every call written down?"""

from collections.abc import Iterable
from typing import Protocol, Self

from ultra.checks.conditions.check import ConditionCheck, Diagnosis, Group
from ultra.checks.conditions.losses import Losses
from ultra.services import Services
from ultra.system import System


class Writing(Protocol):
    """Somebody who takes rows at once and writes them a moment later."""

    lost: int

    @property
    def waiting(self) -> int:
        """Rows that are not written yet."""

    @property
    def capacity(self) -> int:
        """Rows that may wait; what comes beyond is lost."""


class LedgerCondition(ConditionCheck):
    """Looks at the rows that wait for the database: a tenth of what may wait is much, all of it is too much."""

    name = "ledger"
    group: Group = "service"
    every_s = 5.0

    def __init__(self, *, ledger: Writing, system: System) -> None:
        self._ledger = ledger
        self._losses = Losses(system=system)

    @classmethod
    def of(cls, services: Services) -> Iterable[Self]:
        """Look at the house's own."""
        yield cls(ledger=services.vitals.ledger, system=services.system)

    async def look(self) -> Diagnosis:
        """Say what waits and what was lost; facts: `waiting`, `capacity`, `lost` since the start."""
        ledger = self._ledger
        facts = {"waiting": ledger.waiting, "capacity": ledger.capacity, "lost": ledger.lost}
        if ledger.waiting >= ledger.capacity:
            return Diagnosis("fail", f"{ledger.waiting} calls wait to be written down; the next ones are lost.", facts)
        if self._losses.are_recent(ledger.lost):
            return Diagnosis("warn", f"{ledger.lost} rows of calls were lost since the start.", facts)
        if ledger.waiting * 10 >= ledger.capacity:
            return Diagnosis("warn", f"{ledger.waiting} calls wait to be written down.", facts)
        return Diagnosis("pass", None, facts)
