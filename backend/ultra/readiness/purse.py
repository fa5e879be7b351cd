"""A cap on what real providers may be paid: every call is estimated before it is made, and counted after."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal

from ultra.readiness.step import NotRun

_TOKENS_PER_CHARACTER = Decimal("0.5")
"""On the high side for every tokeniser and language; estimates must not be too low."""
_PER_MILLION = Decimal(1_000_000)


@dataclass(slots=True)
class Bill:
    """One call: set `cost` to what its answer says it cost, in USD; None counts what was estimated."""

    cost: Decimal | None = None

    def read(self, said: str | None) -> None:
        """Take the cost as a server writes it."""
        self.cost = None if said is None else Decimal(said)


class Purse:
    """Money that may be spent, in USD."""

    def __init__(self, cap: Decimal) -> None:
        self.cap = cap
        self.spent = Decimal(0)
        self._reserved = Decimal(0)

    @property
    def left(self) -> Decimal:
        """What may still be spent."""
        return self.cap - self.spent - self._reserved

    @contextmanager
    def paying(self, most: Decimal) -> Iterator[Bill]:
        """Put the most that a call may cost aside, and count what it did cost when the block ends.

        Raises `NotRun` before anything is asked when it does not fit under the cap any more.
        """
        if most > self.left:
            raise NotRun(f"May cost up to ${most:.4f} with ${self.left:.4f} left under the cap: raise --max-usd.")
        self._reserved += most
        bill = Bill()
        try:
            yield bill
        finally:
            self._reserved -= most
            self.spent += most if bill.cost is None else bill.cost


def estimate(*, characters: int, output_tokens: int, input_price: Decimal, output_price: Decimal) -> Decimal:
    """Return the most that a call may cost, in USD; prices are USD per million tokens."""
    entering = Decimal(characters) * _TOKENS_PER_CHARACTER * input_price
    return (entering + output_tokens * output_price) / _PER_MILLION
