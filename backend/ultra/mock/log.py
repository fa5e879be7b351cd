"""What the mock was asked: the last requests with their bodies, and counts per model, for tests to look at."""

import hashlib
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

SECRET_HEADERS = frozenset({"authorization", "x-api-key", "x-goog-api-key", "cookie", "proxy-authorization"})
_MOST_ENTRIES = 1000
_LARGEST_BODY = 1_000_000


@dataclass(slots=True)
class Entry:
    """One request. `outcome` is `open`, then `finished`, `reset`, `hung_up` or `client_left`; `seconds` it took."""

    number: int
    at: datetime
    started: float
    provider: str
    method: str
    path: str
    model: str
    stream: bool
    scenario: str | None
    headers: Mapping[str, str]
    key_sha256: str | None
    body: bytes
    log: "RequestLog"
    outcome: str = "open"
    tokens_sent: int = 0
    seconds: float | None = None

    def count(self, *, tokens: int) -> None:
        """Count pieces of the answer that were handed to the socket."""
        self.tokens_sent += tokens

    def end(self, outcome: str) -> None:
        """Write down how it ended."""
        self.outcome = outcome
        self.seconds = self.log.monotonic() - self.started


class RequestLog:
    """Keeps the last thousand requests; counts go on."""

    def __init__(self, *, monotonic: Callable[[], float]) -> None:
        self.monotonic = monotonic
        self._entries: deque[Entry] = deque(maxlen=_MOST_ENTRIES)
        self._counts: Counter[str] = Counter()
        self._number = 0

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._counts.clear()
        self._number = 0

    def calls(self, provider: str, model: str) -> int:
        """Return how often that model was asked so far."""
        return self._counts[f"{provider}/{model}"]

    def add(
        self,
        *,
        at: datetime,
        provider: str,
        method: str,
        path: str,
        model: str,
        stream: bool,
        scenario: str | None,
        headers: Mapping[str, str],
        key: str | None,
        body: bytes,
    ) -> Entry:
        """Write down a request; keys are kept as their SHA-256 only."""
        self._number += 1
        if model:
            self._counts[f"{provider}/{model}"] += 1
        entry = Entry(
            number=self._number,
            at=at,
            started=self.monotonic(),
            provider=provider,
            method=method,
            path=path,
            model=model,
            stream=stream,
            scenario=scenario,
            headers={name: "[removed]" if name in SECRET_HEADERS else value for name, value in headers.items()},
            key_sha256=hashlib.sha256(key.encode()).hexdigest() if key else None,
            body=body[:_LARGEST_BODY],
            log=self,
        )
        self._entries.append(entry)
        return entry

    def counts(self) -> dict[str, int]:
        """Return how often each `provider/model` was asked."""
        return dict(self._counts)

    def entries(self, *, provider: str | None = None, model: str | None = None) -> Iterator[Entry]:
        """Return the kept requests, oldest first."""
        return (entry for entry in self._entries if provider in (None, entry.provider) and model in (None, entry.model))
