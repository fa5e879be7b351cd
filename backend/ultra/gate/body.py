"""Reads a request's body under caps and as strict JSON, before any route sees it."""

import asyncio
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ultra.domain.errors import InvalidRequest, TooLarge, TooSlow, UnsupportedMedia
from ultra.gate.forms import read_form
from ultra.protocols import strict_json

_UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_JSON = b"application/json"
_FORM = b"application/x-www-form-urlencoded"
_UTF_8 = frozenset({b"utf-8", b"utf8"})
_READ_AT_ONCE = 64 * 1024
"""Bytes that are parsed where they came; more would keep others waiting, and are parsed in a thread."""


@dataclass(frozen=True, slots=True)
class BodyCaps:
    """How many bytes a body may have, and how many seconds it may take to arrive."""

    max_bytes: int
    max_seconds: float


class CappedBody:
    """One request's body: read at most once, by whoever asks first."""

    def __init__(self, scope: Scope, receive: Receive, *, caps: BodyCaps) -> None:
        self._scope = scope
        self._receive = receive
        self._caps = caps
        self._body: bytes | None = None

    async def read(self) -> bytes:
        """Return the whole body; raises `TooLarge`, `TooSlow`, or `InvalidRequest` when the client left."""
        if self._body is None:
            self._refuse_announced_size()
            self._body = await self._read()
        return self._body

    def replayed(self) -> Receive:
        """Return a `receive` that hands the same bytes on, and afterwards says what the connection says."""
        is_replayed = False

        async def receive_again() -> Message:
            nonlocal is_replayed
            if not is_replayed:
                is_replayed = True
                return {"type": "http.request", "body": await self.read(), "more_body": False}
            return await self._receive()

        return receive_again

    def _refuse_announced_size(self) -> None:
        for name, value in self._scope["headers"]:
            if name == b"content-length" and value.isdigit() and int(value[:20]) > self._caps.max_bytes:
                raise self._too_large()

    async def _read(self) -> bytes:
        pieces: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._caps.max_seconds):
                while True:
                    message = await self._receive()
                    if message["type"] == "http.disconnect":
                        raise InvalidRequest("The client left before its request was complete.")
                    pieces.append(message.get("body", b""))
                    size += len(pieces[-1])
                    if size > self._caps.max_bytes:
                        raise self._too_large()
                    if not message.get("more_body", False):
                        return b"".join(pieces)
        except TimeoutError:
            self._hang_up()
            raise TooSlow(f"The request body did not arrive within {self._caps.max_seconds:g} s.") from None

    def _too_large(self) -> TooLarge:
        self._hang_up()
        return TooLarge(
            f"The request body is larger than {self._caps.max_bytes} bytes.",
            hint="Send less. Prompts may be as large as ULTRA_MAX_BODY_BYTES says; nothing else needs much.",
        )

    def _hang_up(self) -> None:
        """End the connection with the answer: the rest of this body is not read."""
        self._scope.setdefault("ultra.headers", {})["connection"] = "close"


def body_of(scope: Scope, receive: Receive, *, caps: BodyCaps) -> CappedBody:
    """Return the body of a request; everybody who asks for it shares one."""
    body: CappedBody = scope.setdefault("ultra.body", CappedBody(scope, receive, caps=caps))
    return body


class Body:
    """Leaves the parsed body in `scope["ultra.json"]` and hands the same bytes on.

    Too many bytes, too much time, another content type than JSON, a packed body, or JSON that readers could understand
    in two ways is refused here, before anything was spent. An empty body is None. Routes of pages read forms instead,
    whose fields stand in `scope["ultra.form"]`. A route that takes no body looks at none: what comes to it anyway must
    be JSON, and is otherwise ignored, because many clients send `{}` with every POST.
    """

    def __init__(self, app: ASGIApp, *, caps: BodyCaps, reads_form: bool = False) -> None:
        self._app = app
        self._caps = caps
        self._reads_form = reads_form

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or scope["method"] not in _UNSAFE:
            await self._app(scope, receive, send)
            return
        capped = body_of(scope, receive, caps=self._caps)
        _refuse_packed(scope)
        body = await capped.read()
        if self._reads_form:
            _judge_type(body, scope, wanted=_FORM)
            scope["ultra.form"] = read_form(body)
        else:
            _judge_type(body, scope, wanted=_JSON)
            scope["ultra.json"] = _json(body) if len(body) <= _READ_AT_ONCE else await asyncio.to_thread(_json, body)
        await self._app(scope, capped.replayed(), send)


def _refuse_packed(scope: Scope) -> None:
    """Raise for a body that would have to be unpacked: how large it becomes is known only afterwards."""
    for name, value in scope["headers"]:
        if name == b"content-encoding" and value.strip().lower() not in (b"", b"identity"):
            scope.setdefault("ultra.headers", {})["accept-encoding"] = "identity"
            raise UnsupportedMedia("The body must not be compressed.", hint="Leave Content-Encoding out.")


def _judge_type(body: bytes, scope: Scope, *, wanted: bytes) -> None:
    if not body:
        return
    given, *parameters = dict(scope["headers"]).get(b"content-type", b"").lower().split(b";")
    if given.strip() != wanted:
        kind = "JSON" if wanted == _JSON else "a form"
        raise UnsupportedMedia(f"The body must be {kind}.", hint=f"Send the header Content-Type: {wanted.decode()}.")
    for name, _, value in (each.partition(b"=") for each in parameters):
        if name.strip() == b"charset" and value.strip().strip(b'"') not in _UTF_8:
            raise UnsupportedMedia("The body must be UTF-8.", hint="Send it in UTF-8, and leave `charset` out.")


def _json(body: bytes) -> object:
    if not body:
        return None
    parsed: object = strict_json.loads(body)
    if b"\\u0000" in body and _holds_nul(parsed):
        raise InvalidRequest(
            "A text in the body holds NUL.", hint="Leave it out: no database keeps it.", code="invalid_json"
        )
    return parsed


def _holds_nul(value: object) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any("\0" in name or _holds_nul(each) for name, each in value.items())
    return isinstance(value, list) and any(map(_holds_nul, value))
