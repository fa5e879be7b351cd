"""A client that stays on the line until it is cut off, and knows what it heard."""

import http.client
import json
import threading
from typing import Any
from urllib.parse import urlsplit

from tests.journeys.programs import credential, until


class Listener(threading.Thread):
    """Sends one request and reads its answer to the end: `ended` is `whole`, or `cut` when the connection broke."""

    def __init__(self, url: str, body: Any = None, **headers: str) -> None:
        super().__init__(daemon=True)
        self.status: int | None = None
        self.headers: dict[str, str] = {}
        self.heard = b""
        self.ended: str | None = None
        self._url = urlsplit(url)
        self._body = None if body is None else json.dumps(body)
        self._headers = {"content-type": "application/json", **credential(url), **headers}
        self.start()

    def run(self) -> None:
        """Ask and listen."""
        connection = http.client.HTTPConnection(self._url.hostname or "", self._url.port, timeout=90)
        try:
            connection.request("GET" if self._body is None else "POST", self._url.path, self._body, self._headers)
            response = connection.getresponse()
            self.headers = {name.lower(): value for name, value in response.getheaders()}
            self.status = response.status
            while data := response.read1():
                self.heard += data
            self.ended = "whole"
        except (http.client.HTTPException, OSError):
            self.ended = "cut"
        finally:
            connection.close()

    def hears(self, words: bytes) -> None:
        """Wait until these words have come."""
        until(lambda: words in self.heard, patience=60, what=f"{words!r} in {self.heard!r}")

    def to_the_end(self) -> "Listener":
        """Wait until the answer has ended, one way or the other."""
        self.join(60)
        assert self.ended is not None
        return self

    @property
    def json(self) -> Any:
        return json.loads(self.heard)
