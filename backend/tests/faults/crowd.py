"""Clients that keep asking over connections they keep, and remember everything that went wrong."""

import http.client
import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.journeys.programs import credential, until

QUESTION = [{"role": "user", "content": "Why is the sky blue?"}]


@dataclass
class Crowd:
    """What many clients heard: how often all was well, and each failure in words."""

    models: Sequence[str]
    well: int = 0
    failures: list[str] = field(default_factory=list)
    leave: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, failure: str | None) -> None:
        """Remember how one request went."""
        with self._lock:
            if failure is None:
                self.well += 1
            else:
                self.failures.append(failure)

    def goes_on(self, requests: int, *, patience: float = 90) -> None:
        """Wait until so many more requests have gone well."""
        until_well = self.well + requests
        until(lambda: self.well >= until_well or self.failures, patience=patience, what=f"{requests} requests")

    def ask(self, url: str, number: int) -> None:
        """Be one client: whole answers and streams in turn, a short rest after each."""
        place, headers = urlsplit(url), {"content-type": "application/json", **credential(url)}
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=60)
        is_stream = bool(number % 2)
        while not self.leave.is_set():
            is_stream = not is_stream
            model = self.models[number % len(self.models)]
            body = json.dumps({"model": model, "messages": QUESTION, "stream": is_stream})
            try:
                connection.request("POST", "/v1/chat/completions", body, headers)
                response = connection.getresponse()
                heard = response.read()
                is_whole = heard.endswith(b"data: [DONE]\n\n") if is_stream else b'"choices"' in heard
                is_well = response.status == 200 and is_whole
                self.note(None if is_well else f"{response.status}: {heard[-300:]!r}")
            except (OSError, http.client.HTTPException) as error:
                self.note(f"{type(error).__name__}: {error}")
                connection.close()
            time.sleep(0.02)
        connection.close()


@contextmanager
def crowd(url: str, *, clients: int = 8, models: Sequence[str] = ("acme/alpha",)) -> Iterator[Crowd]:
    """Have many clients ask until the block is left."""
    found = Crowd(models)
    threads = [threading.Thread(target=found.ask, args=(url, number), daemon=True) for number in range(clients)]
    for thread in threads:
        thread.start()
    try:
        found.goes_on(clients)
        yield found
    finally:
        found.leave.set()
        for thread in threads:
            thread.join(60)
