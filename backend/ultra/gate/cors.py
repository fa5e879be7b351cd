"""Which other sites' pages may call Ultra from a browser; closed unless an operator names them."""

from collections.abc import Sequence
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

_ANY: Final = "*"
_METHODS: Final = "GET, HEAD, POST, PUT, PATCH, DELETE"
_REQUEST_HEADERS: Final = (
    "authorization, content-type, accept, prefer, last-event-id, idempotency-key, x-api-key, x-goog-api-key,"
    " x-csrf-token, x-request-id, anthropic-version, anthropic-beta, openai-beta, openai-organization"
)
_SHOWN_HEADERS: Final = (
    "x-request-id, x-ultra-cost-usd, location, retry-after, ratelimit, ratelimit-policy, x-should-retry,"
    " idempotent-replayed"
)


class Cors:
    """Answers preflights of the `origins` (`*` is every one) and marks answers that their pages may read.

    Everybody else's preflight is no special request: it goes on and finds that no route has the method OPTIONS.
    Permission to read is all that this is about; what a request may do is decided as if there were no browser.
    """

    def __init__(self, app: ASGIApp, *, origins: Sequence[str], credentials: bool, max_age_s: int = 600) -> None:
        self._app = app
        self._origins = frozenset(origin.encode("latin-1") for origin in origins)
        self._any = _ANY.encode() in self._origins
        self._credentials = credentials
        self._max_age_s = max_age_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or not self._origins:
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        left: dict[str, str] = scope.setdefault("ultra.headers", {})
        left["vary"] = "Origin"
        origin = headers.get(b"origin")
        if origin is not None and (self._any or origin in self._origins):
            left |= self._permission(origin)
            if scope["method"] == "OPTIONS" and b"access-control-request-method" in headers:
                await self._answer_preflight(send)
                return
        await self._app(scope, receive, send)

    def _permission(self, origin: bytes) -> dict[str, str]:
        found = {
            "access-control-allow-origin": _ANY if self._any else origin.decode("latin-1"),
            "access-control-expose-headers": _SHOWN_HEADERS,
        }
        return found | ({"access-control-allow-credentials": "true"} if self._credentials else {})

    async def _answer_preflight(self, send: Send) -> None:
        headers = [
            (b"access-control-allow-methods", _METHODS.encode()),
            (b"access-control-allow-headers", _REQUEST_HEADERS.encode()),
            (b"access-control-max-age", str(self._max_age_s).encode()),
        ]
        await send({"type": "http.response.start", "status": 204, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
