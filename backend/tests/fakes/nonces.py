"""Nonces in a dictionary."""

from datetime import datetime


class FakeNonces:
    """Keeps the promise of `Nonces`; those who share one are workers of one deployment."""

    def __init__(self) -> None:
        self.used: dict[str, datetime] = {}

    async def spend(self, nonce: str, *, until: datetime, at: datetime) -> bool:
        """Use a nonce up until that moment; False when it is used up already."""
        if self.used.get(nonce, at) > at:
            return False
        self.used[nonce] = until
        return True
