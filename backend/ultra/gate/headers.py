"""What every response says to browsers and caches."""

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ALWAYS: Final = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
"""On every response, also on those the server makes itself before a request can be read."""

USUALLY: Final = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}
"""On every response that does not say otherwise; a page brings a policy of its own."""

HSTS: Final = {"strict-transport-security": "max-age=31536000; includeSubDomains"}


def server_headers(*, https_only: bool) -> dict[str, str]:
    """Return the headers of a response that no route made."""
    return {**ALWAYS, **USUALLY, **(HSTS if https_only else {})}


class SecurityHeaders:
    """Keeps a browser from guessing types, framing, leaking addresses or going back to plain http (`https_only`).

    Also adds what stands in `scope["ultra.headers"]`: whoever is below leaves there what belongs on the answer
    whether it is good or an error (limits, the methods a route has). `environment` is told where tests must know it.
    """

    def __init__(self, app: ASGIApp, *, https_only: bool = False, environment: str | None = None) -> None:
        self._app = app
        self._fixed = {
            **ALWAYS,
            **(HSTS if https_only else {}),
            **({} if environment is None else {"x-ultra-environment": environment}),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        left: dict[str, str] = scope.setdefault("ultra.headers", {})

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._fixed)
                headers.update(left)
                for name, value in USUALLY.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_guarded)
