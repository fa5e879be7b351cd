"""A plain HTTP client for black-box cases: every header as it is written, one connection a request, raw sockets too.

Whatever comes back is looked at: no answer may be Ultra's own failure, carry a canary, or lack its security headers.
"""

import http.client
import json as codec
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

PATIENCE_S = 30.0
"""Generous: the machine may be busy. A case that is about time measures it itself."""

Headers = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, with its headers in order."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        """Return every value of a header."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def get(self, name: str) -> str | None:
        """Return a header that may stand once; None when it is not there."""
        found = self.all(name)
        assert len(found) <= 1, f"{name} stands {len(found)} times"
        return found[0] if found else None

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @property
    def json(self) -> Any:
        return codec.loads(self.body)

    def expect(self, *statuses: int) -> "Answer":
        """Check the status, and of refusals that they are a whole problem document or a vendor's error."""
        assert self.status in statuses, f"{self.status} instead of {statuses}: {self.text[:600]}"
        return self

    def refused(self, *statuses: int) -> "Answer":
        """Check that this is one of these refusals, in a shape that says no more than it should."""
        self.expect(*statuses)
        media = (self.get("content-type") or "").split(";")[0]
        assert media in ("application/problem+json", "application/json"), media
        if media == "application/problem+json":
            assert self.json["status"] == self.status
            assert self.json["request_id"] == self.get("x-request-id")
        for inside in ("Traceback", "sqlalchemy", "psycopg", "site-packages", '.py"', "SELECT "):
            assert inside not in self.text, f"{inside!r} in {self.text[:600]}"
        return self

    def unauthenticated(self) -> "Answer":
        """Check for the one refusal of every bad credential."""
        self.refused(401)
        assert (self.get("www-authenticate") or "").startswith("Bearer"), self.headers
        return self


@dataclass(slots=True)
class Seen:
    """What must never come out, and who looks: every answer passes here."""

    secrets: Mapping[str, str] = field(default_factory=dict)

    def look(self, answer: Answer, *, may_fail: bool = False) -> Answer:
        """Check what holds for every answer, whatever it is."""
        assert may_fail or answer.status < 500, f"{answer.status}: {answer.text[:600]}"
        assert answer.get("x-content-type-options") == "nosniff", (answer.status, answer.headers)
        whole = answer.text + repr(answer.headers)
        leaked = [name for name, secret in self.secrets.items() if secret in whole]
        assert not leaked, f"{leaked} came out in {answer.status}"
        return answer


class Client:
    """Asks one server, from one loopback address of its own where the server is on loopback."""

    def __init__(self, url: str, *, seen: Seen, address: str | None = None, headers: Headers = ()) -> None:
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "", parts.port or {"http": 80, "https": 443}[parts.scheme]
        self.is_https = parts.scheme == "https"
        self.seen = seen
        self.address = address
        self.headers = list(headers)

    def ask(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        body: bytes | None = None,
        headers: Headers = (),
        may_fail: bool = False,
    ) -> Answer:
        """Send one request and return its answer; `json` brings its own content type."""
        with self.opened(method, path, json=json, body=body, headers=headers) as response:
            answer = Answer(response.status, response.getheaders(), response.read())
        return self.seen.look(answer, may_fail=may_fail)

    def get(self, path: str, *, headers: Headers = ()) -> Answer:
        """Ask for something."""
        return self.ask("GET", path, headers=headers)

    def post(self, path: str, json: Any = None, *, headers: Headers = ()) -> Answer:
        """Send JSON."""
        return self.ask("POST", path, json={} if json is None else json, headers=headers)

    @contextmanager
    def opened(
        self, method: str, path: str, *, json: Any = None, body: bytes | None = None, headers: Headers = ()
    ) -> Iterator[http.client.HTTPResponse]:
        """Send one request and give the answer as it begins."""
        fields = [*self.headers, *headers]
        if json is not None:
            body = codec.dumps(json).encode()
            fields.append(("content-type", "application/json"))
        connection = self._connection()
        try:
            names = {name.lower() for name, _ in fields}
            connection.putrequest(method, path, skip_accept_encoding=True, skip_host="host" in names)
            for name, value in fields:
                connection.putheader(name, value)
            if body is not None and "content-length" not in names:
                connection.putheader("content-length", str(len(body)))
            connection.putheader("connection", "close")
            connection.endheaders(body)
            yield connection.getresponse()
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        source = None if self.address is None else (self.address, 0)
        kind = http.client.HTTPSConnection if self.is_https else http.client.HTTPConnection
        return kind(self.host, self.port, timeout=PATIENCE_S, source_address=source)

    def wire(self) -> socket.socket:
        """Open a socket and send nothing."""
        source = None if self.address is None else (self.address, 0)
        plain = socket.create_connection((self.host, self.port), timeout=PATIENCE_S, source_address=source)
        if not self.is_https:
            return plain
        return ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)

    def raw(self, data: bytes, *, patience: float = PATIENCE_S) -> bytes:
        """Send bytes as they are, and return everything until the server closes."""
        with self.wire() as wire:
            wire.settimeout(patience)
            try:
                wire.sendall(data)
                if not (self.is_https or data.endswith(b"\r\n\r\n")):
                    wire.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it has closed already; what it said before can still be read
            return drained(wire)

    def stream(self, path: str, *, headers: Headers = ()) -> "Stream":
        """Open a stream of events and return it once its head was read."""
        return Stream(self, path, [*self.headers, *headers])


class Stream:
    """A stream of server-sent events that stays open until it is closed or ended."""

    def __init__(self, client: Client, path: str, headers: Headers) -> None:
        self._wire = client.wire()
        lines = [f"GET {path} HTTP/1.1", f"host: {client.host}:{client.port}", "accept: text/event-stream"]
        lines += [f"{name}: {value}" for name, value in headers]
        self._wire.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.said = b""
        until(lambda: b"\r\n\r\n" in self._more(), PATIENCE_S, "the head of a stream")
        self.status = int(self.said.split(b" ", 2)[1])

    def _more(self) -> bytes:
        self._wire.settimeout(1.0)
        with suppress(TimeoutError):  # nothing new: whoever asks decides how long to wait
            self.said += self._wire.recv(65536)
        return self.said

    def ends_within(self, seconds: float) -> bytes:
        """Wait for its end, leave, and return all it said; fails when it goes on."""
        deadline = time.monotonic() + seconds
        with self._wire as wire:
            while time.monotonic() < deadline:
                wire.settimeout(max(0.05, deadline - time.monotonic()))
                try:
                    more = wire.recv(65536)
                except TimeoutError:
                    break
                self.said += more
                if not more or self.said.endswith(b"0\r\n\r\n"):
                    return self.said
        raise AssertionError(f"The stream is still open after {seconds:g} s: {self.said[-300:]!r}")

    def close(self) -> None:
        """Leave."""
        self._wire.close()


def drained(wire: socket.socket) -> bytes:
    """Return everything until the other side closes; a reset is an end too."""
    said = b""
    while True:
        try:
            more = wire.recv(65536)
        except ConnectionResetError:
            return said
        if not more:
            return said
        said += more


def status_of(said: bytes) -> int:
    """Return the status of a raw answer, 0 for a connection that closed without a word."""
    return int(said.split(b" ", 2)[1]) if said.startswith(b"HTTP/") else 0


def until(is_so: Callable[[], Any], patience: float, what: str) -> Any:
    """Return the first true value; fails after `patience` seconds."""
    deadline = time.monotonic() + patience
    while True:
        found = is_so()
        if found:
            return found
        assert time.monotonic() < deadline, f"Not within {patience:g} s: {what}"
        time.sleep(0.05)
