"""Requests that may be repeated, in a dictionary."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from ultra.domain.access import KeptResponse


@dataclass(frozen=True, slots=True)
class Row:
    """One request; `response` is None while it is being done."""

    fingerprint: str
    at: datetime
    response: KeptResponse | None = None


class FakeIdempotency:
    """Keeps the promise of `Idempotency`; nothing grows old unless purged."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Row] = {}
        self.removed_runs: set[str] = set()

    async def begin(
        self, owner: str, key: str, fingerprint: str, *, at: datetime
    ) -> tuple[Literal["new", "repeated", "in_progress", "conflict"], KeptResponse | None]:
        """Take a key for a request."""
        row = self.rows.get((owner, key))
        if row is None:
            self.rows[owner, key] = Row(fingerprint, at)
            return "new", None
        if row.fingerprint != fingerprint:
            return "conflict", None
        return ("in_progress", None) if row.response is None else ("repeated", row.response)

    async def finish(self, owner: str, key: str, response: KeptResponse) -> None:
        """Keep the response, unless its run is gone."""
        if response.run_id in self.removed_runs:
            await self.forget(owner, key)
            return
        self.rows[owner, key] = replace(self.rows[owner, key], response=response)

    async def forget(self, owner: str, key: str) -> None:
        """Give the key free again."""
        self.rows.pop((owner, key), None)

    async def purge(self, *, before: datetime) -> int:
        """Remove what was begun before then."""
        old = [place for place, row in self.rows.items() if row.at < before]
        for place in old:
            del self.rows[place]
        return len(old)
