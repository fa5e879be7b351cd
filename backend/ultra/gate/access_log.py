"""One canonical line per request, written once at its end."""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ultra.system import System


class AccessLog:
    """Collects what became known about a request and hands it to `write` when the response ended or broke.

    The path is logged without its query, and no header or body ever is: they may hold secrets.
    """

    def __init__(self, app: ASGIApp, *, system: System, write: Callable[[Mapping[str, Any]], None]) -> None:
        self._app = app
        self._system = system
        self._write = write

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = self._system.monotonic()
        status: int | None = None

        async def send_watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_watched)
        finally:
            self._write(
                {
                    "method": scope["method"],
                    "path": scope["path"],
                    "status": status,
                    "ms": round((self._system.monotonic() - began) * 1000, 1),
                    "request_id": scope["ultra.request_id"],
                    "address": scope.get("ultra.address"),
                    **scope["ultra.facts"],
                }
            )
