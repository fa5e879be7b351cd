"""A span around every request, where somebody traces."""

from collections.abc import Callable, Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ultra.domain.tracing import Tracing
from ultra.gate.access_log import route_of

_CARRIED = {b"traceparent": "traceparent", b"tracestate": "tracestate"}


class Traced:
    """Has each request traced by what `tracing` finds in its scope; the log line learns the trace's id.

    A request may belong to a trace that began elsewhere, but only where a trusted proxy sent it: anybody else could
    join our spans to traces of their choice, or have every one of their requests kept.
    """

    def __init__(self, app: ASGIApp, *, tracing: Callable[[Scope], Tracing]) -> None:
        self._app = app
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status: int | None = None

        async def send_watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with self._tracing(scope).request(scope["method"], _carried(scope)) as span:
            scope["ultra.facts"]["trace_id"] = span.trace_id
            try:
                await self._app(scope, receive, send_watched)
            finally:
                has_left = "client_left" in scope["ultra.facts"]
                span.ended(
                    route=route_of(scope),
                    status=None if has_left else status,
                    request_id=scope["ultra.request_id"],
                )


def _carried(scope: Scope) -> Mapping[str, str]:
    if not scope["ultra.from_proxy"]:
        return {}
    return {_CARRIED[name]: value.decode("latin-1") for name, value in scope["headers"] if name in _CARRIED}
