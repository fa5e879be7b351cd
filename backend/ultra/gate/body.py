"""Reads a request's body under caps and as strict JSON, before any route sees it."""

import asyncio
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ultra.domain.errors import InvalidRequest, TimedOut, TooLarge, UnsupportedMedia
from ultra.protocols import strict_json

_UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})

LINGER_S = 5.0
LINGER_TIMES = 4
"""How long, and for how many times the cap, a client that sends too much is heard out before it is answered."""


class Body:
    """Leaves the parsed body in `scope["ultra.json"]` and hands the same bytes on.

    Too many bytes, too much time, another content type than JSON, or JSON that readers could understand in two
    ways is refused here, before anything was spent. An empty body is None.

    What is too large is read to its end all the same, within bounds, and forgotten: a client whose bytes nobody takes
    sees its connection reset instead of the answer.
    """

    def __init__(self, app: ASGIApp, *, max_bytes: int, max_seconds: float) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._max_seconds = max_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or scope["method"] not in _UNSAFE:
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if self._announces_too_much(headers.get(b"content-length")):
            if b"expect" not in headers:  # who asks first has not begun to send
                await self._hear_out(receive)
            raise self._too_large()
        body = await self._read(receive)
        scope["ultra.json"] = _parsed(body, headers.get(b"content-type", b""))
        await self._app(scope, _replay(body, receive), send)

    def _announces_too_much(self, announced: bytes | None) -> bool:
        return announced is not None and announced.isdigit() and int(announced) > self._max_bytes

    async def _read(self, receive: Receive) -> bytes:
        pieces: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._max_seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise InvalidRequest("The client left before its request was complete.")
                    pieces.append(message.get("body", b""))
                    size += len(pieces[-1])
                    has_more = message.get("more_body", False)
                    if size > self._max_bytes:
                        if has_more:
                            await self._hear_out(receive)
                        raise self._too_large()
                    if not has_more:
                        return b"".join(pieces)
        except TimeoutError:
            raise TimedOut(f"The request body did not arrive within {self._max_seconds:g} s.") from None

    async def _hear_out(self, receive: Receive) -> None:
        left = self._max_bytes * LINGER_TIMES
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER_S):
                while left > 0:
                    message = await receive()
                    if message["type"] == "http.disconnect" or not message.get("more_body", False):
                        return
                    left -= len(message.get("body", b""))

    def _too_large(self) -> TooLarge:
        return TooLarge(
            f"The request body is larger than {self._max_bytes} bytes.",
            hint="Send less, or raise ULTRA_MAX_BODY_BYTES.",
        )


def _parsed(body: bytes, content_type: bytes) -> object:
    if not body:
        return None
    if content_type.split(b";", 1)[0].strip().lower() != b"application/json":
        raise UnsupportedMedia("The body must be JSON.", hint="Send the header Content-Type: application/json.")
    parsed: object = strict_json.loads(body)
    return parsed


def _replay(body: bytes, receive: Receive) -> Receive:
    replayed = False

    async def receive_again() -> Message:
        nonlocal replayed
        if not replayed:
            replayed = True
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return receive_again
