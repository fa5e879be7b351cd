"""One canonical line per request, written once at its end; whoever listens hears of it too, without who it was."""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ultra.auth.credentials import is_credential_in_path
from ultra.domain.observations import RequestServed
from ultra.domain.ports import Observer
from ultra.system import System
from ultra.telemetry.redaction import MASK

UNMATCHED = "unmatched"
"""The route of a request that found none, or was refused before it was looked for."""


class AccessLog:
    """Collects what became known about a request and hands it to `write` when the response ended or broke.

    The path is logged without its query, and not at all when there is a credential in it; no header or body ever is:
    they may hold secrets. `observer` finds in a request's scope who else hears of it; they are told the route's pattern
    and never the path.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        system: System,
        write: Callable[[Mapping[str, Any]], None],
        observer: Callable[[Scope], Observer],
    ) -> None:
        self._app = app
        self._system = system
        self._write = write
        self._observer = observer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = self._system.monotonic()
        status: int | None = None
        first: float | None = None

        async def send_watched(message: Message) -> None:
            nonlocal status, first
            if message["type"] == "http.response.start":
                status = message["status"]
            elif first is None and message.get("body"):
                first = self._system.monotonic()
            await send(message)

        try:
            await self._app(scope, receive, send_watched)
        finally:
            ended = self._system.monotonic()
            self._write(_line(scope, status, ms=_ms(began, ended), first_byte_ms=_ms(began, first)))
            has_left = status is None or "client_left" in scope["ultra.facts"]
            self._tell(scope, 0 if has_left else status or 0, ended - began)

    def _tell(self, scope: Scope, status: int, total_s: float) -> None:
        facts = scope["ultra.facts"]
        self._observer(scope).notice(
            RequestServed(
                at=self._system.now(),
                method=scope["method"],
                route=route_of(scope),
                status=status,
                total_s=total_s,
                limited=tuple(facts.get("limited", ())),
                degraded="limits_degraded" in facts,
                test_mode="test_mode_attempt" in facts,
            )
        )


def _line(scope: Scope, status: int | None, **times: float | None) -> dict[str, Any]:
    return {
        "method": scope["method"],
        "path": MASK if is_credential_in_path(scope["path"]) else scope["path"],
        "route": route_of(scope),
        "status": status,
        **times,
        "request_id": scope["ultra.request_id"],
        "address": scope.get("ultra.address"),
        **scope["ultra.facts"],
    }


def _ms(began: float, at: float | None) -> float | None:
    return None if at is None else round((at - began) * 1000, 1)


def route_of(scope: Scope) -> str:
    """Return the pattern of the route that a request was given to."""
    if "ultra.route" in scope:
        return str(scope["ultra.route"])
    return str(getattr(scope.get("route"), "path", UNMATCHED))
