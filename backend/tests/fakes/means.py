"""Means that are as large as a test says."""

from ultra.domain.analysis import Run
from ultra.domain.errors import QuotaExhausted


class FakeMeans:
    """Keeps the promise of `Means`: all can be paid, until `is_used_up`."""

    def __init__(self) -> None:
        self.is_used_up = False
        self.judged: list[Run] = []

    async def refuse_unpayable(self, run: Run) -> None:
        """Raise `QuotaExhausted` when the test says so."""
        self.judged.append(run)
        if self.is_used_up:
            raise QuotaExhausted("The budget of 1 USD does not reach for this today.", code="budget_exceeded")
