"""Tells the audit of refusals that only show further in: limits that tripped, and things that are somebody else's."""

from starlette.types import ASGIApp, Receive, Scope, Send

from ultra.auth.refusals import LIMIT_TRIP
from ultra.domain.errors import NotTheirs, QuotaExhausted, RateLimited, UltraError
from ultra.gate.keepers import keepers_of
from ultra.gate.refusing import tell
from ultra.system import System

_EVERY_S = 60.0
_MOST = 10_000


class Reporting:
    """Writes one row for each such refusal, and passes it on as it is.

    Whoever runs into a limit runs into it again at once, so a caller and a limit are told of once a minute in this
    process; what an address or a user is refused meanwhile is in the log, and in the metrics.
    """

    def __init__(self, app: ASGIApp, *, system: System) -> None:
        self._app = app
        self._system = system
        self._told: dict[tuple[str, str], float] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        try:
            await self._app(scope, receive, send)
        except NotTheirs as error:
            await self._write("denied", "not_theirs", scope, target=error.target)
            raise
        except (RateLimited, QuotaExhausted) as error:
            if (limit := _tripped(error)) is not None and self._is_news(limit, scope):
                await self._write(LIMIT_TRIP, limit, scope)
            raise

    async def _write(self, action: str, cause: str, scope: Scope, *, target: str | None = None) -> None:
        principal = scope.get("ultra.principal")
        await tell(keepers_of(scope).refusals, action, cause=cause, scope=scope, principal=principal, target=target)

    def _is_news(self, limit: str, scope: Scope) -> bool:
        principal, now = scope.get("ultra.principal"), self._system.monotonic()
        who = (scope["ultra.address"] or "") if principal is None else principal.id
        if self._told.get((who, limit), 0.0) > now:
            return False
        if len(self._told) >= _MOST:
            self._told.clear()
        self._told[who, limit] = now + _EVERY_S
        return True


def _tripped(error: UltraError) -> str | None:
    """Return which of Ultra's own limits said no; None where it was a vendor's."""
    if error.provider is not None:
        return None
    if isinstance(error, RateLimited):
        return ",".join(error.violated) or "sign-in"
    return "budget" if error.code == "budget_exceeded" else None
