"""One connection: how long a client may take, how much it may say, and how it is told off before it is understood."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from ultra.cli import _framing as framing
from ultra.cli._transport import LingeringTransport
from ultra.domain.errors import InvalidRequest
from ultra.gate.problems import vendor_of
from ultra.system import System


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds that a client may take.

    `head_s` to send the whole head of a request, `stalled_s` to read on when it has stopped, `linger_s` to read why it
    was refused while it is still sending.
    """

    head_s: float = 10.0
    stalled_s: float = 30.0
    linger_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer to bytes that are no request of ours."""

    status: HTTPStatus
    code: str
    detail: str


_OPENING_BYTES = 256
_WORDS_OF_A_LINE = 3
_BAD_HEAD = Refusal(HTTPStatus.BAD_REQUEST, "bad_request", "The request is not well-formed HTTP/1.1.")
_TOO_SLOW = Refusal(HTTPStatus.REQUEST_TIMEOUT, "request_timeout", "The request did not arrive in time.")
_TOO_LARGE = {
    HTTPStatus.REQUEST_URI_TOO_LONG: "The address is too long.",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "The headers are too large.",
}


@dataclass(frozen=True, slots=True)
class House:
    """What connections share: how patient they are, what every answer carries, who names requests, and the end."""

    headers: Mapping[str, str]
    system: System
    patience: Patience = field(default_factory=Patience)
    is_parting: Callable[[], bool] = lambda: False
    """Whether every answer ends its connection from now on, because this process is leaving."""


class Connection(HttpToolsProtocol):
    """uvicorn's connection with a clock beside it and a stricter reading of heads.

    A connection that says nothing, or does not end the head it began, is closed after `Patience.head_s` seconds; one
    that does not read its answer after `stalled_s`. A head that is too large is a 431 or a 414; one that a proxy
    in front could read in another way is a 400. Each of these ends the connection: nothing after it is read.
    """

    house: House
    """Set by `connection_class`, because uvicorn makes connections itself."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_timer: asyncio.TimerHandle | None = None
        self._stall_timer: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        self._opening = b""
        self._is_in_body = False
        self._refusal: Refusal | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Begin to wait for the first head."""
        lingering = LingeringTransport(
            transport, loop=self.loop, is_unread=self._is_unread, linger_s=self.house.patience.linger_s
        )
        super().connection_made(lingering)  # type: ignore[arg-type]  # it behaves like one
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the clocks."""
        self._stop_waiting()
        self._resume()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, as long as there was nothing to refuse."""
        if self._refusal is not None:
            return
        if not self._is_in_body:
            self._opening = (self._opening if self._head_bytes else b"")[:_OPENING_BYTES] + data[:_OPENING_BYTES]
            self._head_bytes += len(data)
            if self._head_timer is None:
                self._await_head()
        super().data_received(data)
        if not self._is_in_body and self._refusal is None:
            target = len(self.url) if self.headers is not None else 0
            self._judge_size(target=target, head=self._head_bytes)

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._is_in_body = False

    def on_headers_complete(self) -> None:
        """Judge the head before it becomes a request; raising ends the parser's work."""
        head = sum(len(name) + len(value) for name, value in self.headers)
        status = framing.size_refusal(target=len(self.url), head=head, headers=len(self.headers))
        unclear = framing.ambiguity(self.headers, http_version=self.parser.get_http_version(), target=self.url)
        if status is not None:
            self._refusal = Refusal(status, status.name.lower(), _TOO_LARGE[status])
        elif unclear is not None:
            self._refusal = Refusal(HTTPStatus.BAD_REQUEST, "bad_request", unclear)
        if self._refusal is not None:
            raise httptools.HttpParserError(self._refusal.detail)
        self._stop_waiting()
        self._is_in_body = True
        self._head_bytes = 0
        super().on_headers_complete()
        if self.house.is_parting():
            self.cycle.keep_alive = False
        if self.parser.should_upgrade():
            self.cycle.keep_alive = False  # nobody here speaks another protocol: what follows would be misread

    def on_message_complete(self) -> None:
        """Expect the next head, if there is one."""
        super().on_message_complete()
        self._is_in_body = False

    def on_response_complete(self) -> None:
        """Take the next request of this connection, unless the last one was not read to its end."""
        if self._is_unread():
            self.transport.close()
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - what the parser says is for nobody
        """Answer what could not be understood; called by the base class."""
        self._refuse(self._refusal or _BAD_HEAD)

    def part(self) -> None:
        """Let the next answer that begins say that it is the last, and end this connection.

        One that has said nothing of the kind stays open until then, or until its clock ends it: closing it could cross
        a request that is on its way.
        """
        if self.cycle is not None and not self.cycle.response_started:
            self.cycle.keep_alive = False

    def pause_writing(self) -> None:
        """Wait for a client that does not read, but not for ever."""
        super().pause_writing()
        if self._stall_timer is None:
            self._stall_timer = self.loop.call_later(self.house.patience.stalled_s, self.transport.abort)

    def resume_writing(self) -> None:
        """Let a client go on that reads again."""
        self._resume()
        super().resume_writing()

    def _judge_size(self, *, target: int, head: int) -> None:
        status = framing.size_refusal(target=target, head=head, headers=len(self.headers or ()))
        if status is not None:
            self._refuse(Refusal(status, status.name.lower(), _TOO_LARGE[status]))

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(self.house.patience.head_s, self._give_up)

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _resume(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None

    def _give_up(self) -> None:
        """Close a connection whose head did not come; one that never said anything gets no answer."""
        if self.transport.is_closing():
            return
        if self._head_bytes:
            self._refuse(_TOO_SLOW)
        else:
            self.transport.close()

    def _is_unread(self) -> bool:
        """Whether bytes of a request may still be on their way that nobody will read."""
        return self._refusal is not None or (self.cycle is not None and bool(self.cycle.more_body))

    def _refuse(self, refusal: Refusal) -> None:
        """Answer and end the connection. In the middle of another answer only the end is possible."""
        self._refusal = refusal
        self._stop_waiting()
        self._unset_keepalive_if_required()
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(self._worded(refusal))
        self.transport.close()

    def _path(self) -> str:
        """Return where a head that may not be understood seems to be meant to go."""
        words = self._opening.lstrip(b"\r\n").split(b" ", 2)
        return words[1].decode("latin-1") if len(words) == _WORDS_OF_A_LINE else ""

    def _worded(self, refusal: Refusal) -> bytes:
        request_id = self.house.system.new_id("req")
        vendor = vendor_of(self._path())
        if vendor is None:
            said, media_type = _problem(refusal, request_id), "application/problem+json"
        else:
            error = InvalidRequest(refusal.detail, code=refusal.code)
            said, media_type = vendor(error, request_id=request_id).body, "application/json"
        body = json.dumps(said).encode()
        headers = {
            **self.house.headers,
            "x-request-id": request_id,
            "content-type": media_type,
            "content-length": str(len(body)),
            "connection": "close",
        }
        lines = [name + b": " + value for name, value in self.server_state.default_headers]
        lines += [f"{name}: {value}".encode("latin-1") for name, value in headers.items()]
        return STATUS_LINE[refusal.status] + b"\r\n".join(lines) + b"\r\n\r\n" + body


def _problem(refusal: Refusal, request_id: str) -> dict[str, object]:
    return {
        "type": f"urn:ultra:problem:{refusal.code.replace('_', '-')}",
        "title": refusal.status.phrase,
        "status": refusal.status.value,
        "detail": refusal.detail,
        "code": refusal.code,
        "request_id": request_id,
    }


def connection_class(house: House) -> type[Connection]:
    """Return the class that uvicorn makes the connections of one server from."""
    return type("Connection", (Connection,), {"house": house})
