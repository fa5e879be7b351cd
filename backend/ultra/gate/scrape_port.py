"""A port of its own for whoever scrapes: there is nothing else on it, and it needs no credential."""

from starlette.types import ASGIApp, Receive, Scope, Send


class ScrapePort:
    """Gives what comes to `port` to `scraped`, and everything else to `others`.

    The socket says which port it is, not the request: no header can move a request from one side to the other.
    """

    def __init__(self, others: ASGIApp, *, port: int, scraped: ASGIApp) -> None:
        self._others = others
        self._port = port
        self._scraped = scraped

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        server = scope.get("server")
        is_here = scope["type"] == "http" and server is not None and server[1] == self._port
        await (self._scraped if is_here else self._others)(scope, receive, send)
