"""A cap on what real providers may be paid: every call is estimated before it is made, and counted after."""

from decimal import Decimal

from ultra.readiness.step import NotRun

_TOKENS_PER_CHARACTER = Decimal("0.5")
"""On the high side for every tokeniser and language; estimates must not be too low."""
_PER_MILLION = Decimal(1_000_000)


class Purse:
    """Money that may be spent, in USD. What a provider never said counts as estimated."""

    def __init__(self, cap: Decimal) -> None:
        self.cap = cap
        self.spent = Decimal(0)
        self._reserved = Decimal(0)

    def reserve(self, amount: Decimal) -> None:
        """Put an estimate aside; raises `NotRun` when it does not fit under the cap any more."""
        if self.spent + self._reserved + amount > self.cap:
            left = self.cap - self.spent - self._reserved
            raise NotRun(f"May cost up to ${amount:.4f} with ${left:.4f} left under the cap: raise --max-usd.")
        self._reserved += amount

    def settle(self, reserved: Decimal, actual: Decimal | None) -> None:
        """Replace an estimate by what the answer cost; None counts the estimate."""
        self._reserved -= reserved
        self.spent += reserved if actual is None else actual


def estimate(*, characters: int, output_tokens: int, input_price: Decimal, output_price: Decimal) -> Decimal:
    """Return the most that a call may cost, in USD; prices are USD per million tokens."""
    entering = Decimal(characters) * _TOKENS_PER_CHARACTER * input_price
    return (entering + output_tokens * output_price) / _PER_MILLION
