"""What every response says to browsers and caches."""

from collections.abc import Mapping
from typing import Final

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


def _raw(headers: Mapping[str, str]) -> dict[bytes, bytes]:
    return {name.lower().encode("latin-1"): value.encode("latin-1") for name, value in headers.items()}


class SecurityHeaders:
    """Keeps a browser from guessing types, framing, leaking addresses or going back to plain http (`https_only`).

    Also adds what stands in `scope["ultra.headers"]`: whoever is below leaves there what belongs on the answer
    whether it is good or an error (limits, the methods a route has). `environment` is told where tests must know it.
    """

    def __init__(self, app: ASGIApp, *, https_only: bool = False, environment: str | None = None) -> None:
        self._app = app
        fixed = {
            **ALWAYS,
            **(HSTS if https_only else {}),
            **({} if environment is None else {"x-ultra-environment": environment}),
        }
        self._fixed = _raw(fixed)
        self._usual = _raw(USUALLY)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        left: dict[str, str] = scope.setdefault("ultra.headers", {})

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                above = {**self._fixed, **_raw(left)}
                given = [field for field in message["headers"] if field[0] not in above]
                named = {name for name, _ in given}
                usual = [field for field in self._usual.items() if field[0] not in above and field[0] not in named]
                message["headers"] = [*given, *above.items(), *usual]
            await send(message)

        await self._app(scope, receive, send_guarded)
