"""As many places for runs as a test says."""

from ultra.domain.analysis import Run
from ultra.domain.errors import RateLimited
from ultra.domain.identity import Principal


class FakeRunPlaces:
    """Keeps the promise of `RunPlaces`; `most` at once, over all callers."""

    def __init__(self, *, most: int = 1000) -> None:
        self.most = most
        self.taken: set[str] = set()

    async def take(self, principal: Principal, run: Run) -> None:
        """Take a place."""
        if len(self.taken) >= self.most:
            raise RateLimited("Too much at once: concurrency.", violated=["concurrency"])
        self.taken.add(run.id)

    async def give_back(self, run_id: str) -> None:
        """Give it back."""
        self.taken.discard(run_id)
