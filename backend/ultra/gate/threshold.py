"""Nobody begins anything with a process that is about to end."""

from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from ultra.gate.vigil import leaving


class Threshold:
    """Refuses what would begin work (completions, runs) once the process takes none; the rest is still answered.

    No body is read for it. It says when to ask again, and whoever stands behind a load balancer is answered by another
    process then.
    """

    def __init__(self, app: ASGIApp, *, is_closed: Callable[[Scope], bool]) -> None:
        self._app = app
        self._is_closed = is_closed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; raises `Unavailable`."""
        if self._is_closed(scope):
            raise leaving()
        await self._app(scope, receive, send)
