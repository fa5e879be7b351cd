"""What every response says to browsers and caches."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_NAMES = frozenset(name for name, _ in _ALWAYS)
_UNCACHED = (b"cache-control", b"no-store")


class SecurityHeaders:
    """Keeps a browser from guessing types or leaking addresses; nothing is cached unless a route says so."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                others = [field for field in message["headers"] if field[0] not in _NAMES]
                is_settled = any(name == b"cache-control" for name, _ in others)
                message["headers"] = [*others, *_ALWAYS] if is_settled else [*others, *_ALWAYS, _UNCACHED]
            await send(message)

        await self._app(scope, receive, send_guarded)
