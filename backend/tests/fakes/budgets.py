"""Budgets in dictionaries."""

from collections.abc import Sequence
from decimal import Decimal

from ultra.domain.errors import Conflict
from ultra.domain.limits import Purse, Reached, reached
from ultra.system import System


class FakeBudgets:
    """Keeps the promise of `Budgets`; `open` holds what is set aside, by reservation."""

    def __init__(self, *, system: System) -> None:
        self.paid: dict[tuple[str, str, str], Decimal] = {}
        self.open: dict[str, tuple[set[tuple[str, str, str]], Decimal]] = {}
        self._system = system

    async def reserve(self, purses: Sequence[Purse], amount_usd: Decimal, *, reservation: str) -> Purse | None:
        """Set the amount aside in all purses or none."""
        if not amount_usd.is_finite() or amount_usd < 0:
            raise ValueError(f"{amount_usd} cannot be set aside.")
        if reservation in self.open:
            raise Conflict("There is such a reservation already.")
        for purse in purses:
            if await self.spent(purse) + amount_usd > purse.limit_usd:
                return purse
        if purses:
            self.open[reservation] = ({self._place(purse) for purse in purses}, amount_usd)
        return None

    async def settle(
        self, reservation: str, spent_usd: Decimal, *, purses: Sequence[Purse] = ()
    ) -> tuple[Reached, ...]:
        """Replace what was set aside by what was spent."""
        if not spent_usd.is_finite() or spent_usd < 0:
            raise ValueError(f"{spent_usd} cannot have been spent.")
        places, _ = self.open.pop(reservation, (set(), Decimal(0)))
        known = {(purse.key, purse.period): purse for purse in purses}
        lines: list[Reached] = []
        for place in places:
            before = self.paid.get(place, Decimal(0))
            self.paid[place] = before + spent_usd
            if place[:2] in known:
                lines += reached(known[place[:2]], before=before, after=self.paid[place])
        return tuple(lines)

    async def spent(self, purse: Purse) -> Decimal:
        """Return what was spent and set aside in the present period."""
        place = self._place(purse)
        aside = [amount for places, amount in self.open.values() if place in places]
        return self.paid.get(place, Decimal(0)) + sum(aside, Decimal(0))

    def _place(self, purse: Purse) -> tuple[str, str, str]:
        return purse.key, purse.period, self._system.now().strftime("%Y-%m-%d" if purse.period == "day" else "%Y-%m")
