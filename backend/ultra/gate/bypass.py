"""The way past the framework for routes that are asked often: its own skins and its router cost more than they do."""

from collections.abc import Mapping

from starlette.types import ASGIApp, Receive, Scope, Send


class Bypass:
    """Gives a `POST` to one of `routes` (by exact path) to its endpoint, and everything else to `others`.

    Both sides have the whole gate in front of them; `others` also knows these routes, to refuse their other methods.
    """

    def __init__(self, others: ASGIApp, *, routes: Mapping[str, ASGIApp]) -> None:
        self._others = others
        self._routes = dict(routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "http" and scope["method"] == "POST":
            route = self._routes.get(scope["path"])
            if route is not None:
                scope["ultra.route"] = scope["path"]  # an exact path is its own pattern
            await (route or self._others)(scope, receive, send)
        else:
            await self._others(scope, receive, send)
