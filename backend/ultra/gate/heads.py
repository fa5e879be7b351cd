"""HEAD is GET without a body, whatever the route does."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class _HeadersSent(Exception):
    """The headers are out, and nothing else is wanted."""


class HeadersOnly:
    """Runs a GET route until it has said its headers, and ends it there: a stream would never end by itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def send_headers(message: Message) -> None:
            await send(message)
            raise _HeadersSent

        try:
            await self._app(scope, receive, send_headers)
        except _HeadersSent:
            await send({"type": "http.response.body", "body": b"", "more_body": False})
