"""Names every request, so that a caller's question, a log line and a ledger row can be brought together."""

import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ultra.system import System

_NAMES = (b"x-request-id", b"request-id")
_SAFE = re.compile(rb"[A-Za-z0-9_.-]{8,64}")


class RequestId:
    """Takes the caller's `X-Request-ID` when it is harmless, else makes one; every response carries it.

    It stands in `scope["ultra.request_id"]`, and `scope["ultra.facts"]` is where anybody below may leave
    facts for the one log line of this request. Vendors' clients look under two names, so both are written.
    """

    def __init__(self, app: ASGIApp, *, system: System) -> None:
        self._app = app
        self._system = system

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        request_id = given.decode() if _SAFE.fullmatch(given) else self._system.new_id("req")
        encoded = request_id.encode()
        scope["ultra.request_id"] = request_id
        scope["ultra.facts"] = {}

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                # what stands below may have written them already (an error does), and each stands once
                others = [field for field in message["headers"] if field[0] not in _NAMES]
                message["headers"] = [*others, (b"x-request-id", encoded), (b"request-id", encoded)]
            await send(message)

        await self._app(scope, receive, send_named)
