"""Writing down refused credentials without letting whoever sends them fill the book.

Every row of the audit is a write on a chain. So refusals are written at a bounded pace (a burst, then so many a
second, for this worker), and the next row that is written says how many were not.
"""

from ultra.domain.access import Audit, AuditEntry
from ultra.domain.observations import CredentialRefused, SignInFailed
from ultra.domain.ports import Observer
from ultra.system import System

LIMIT_TRIP = "limit.trip"
"""What the audit calls a request that one of Ultra's own limits has refused."""
_SIGNING_IN = frozenset({"sign_in", "link.redeem"})
"""What the audit calls attempts to come in as somebody; everything else is a credential that is no good here."""


class Refusals:
    """Counts what it cannot write; nothing is silently left out. The observer hears of every one."""

    def __init__(
        self, *, audit: Audit, observer: Observer, system: System, burst: int = 300, per_second: float = 10.0
    ) -> None:
        self._audit = audit
        self._observer = observer
        self._system = system
        self._burst = burst
        self._per_second = per_second
        self._left = float(burst)
        self._at = system.monotonic()
        self.unwritten = 0
        """Refusals since the last row that are in no row yet."""

    async def write(
        self,
        action: str,
        *,
        cause: str,
        actor: str | None = None,
        credential: str | None = None,
        address: str | None = None,
        request_id: str | None = None,
        target: str | None = None,
    ) -> None:
        """Write that something was refused, and why; `target` is what was reached for."""
        self._tell(action, cause)
        now = self._system.monotonic()
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < 1:
            self.unwritten += 1
            return
        self._left -= 1
        facts: dict[str, str | int] = {"cause": cause}
        if self.unwritten:
            facts["unwritten"], self.unwritten = self.unwritten, 0
        await self._audit.write(
            AuditEntry(
                action=action,
                outcome="refused",
                actor=actor,
                credential=credential,
                target=target,
                address=address,
                request_id=request_id,
                facts=facts,
            )
        )

    def _tell(self, action: str, cause: str) -> None:
        if action == LIMIT_TRIP:
            return  # the limits have been told of where they are kept
        at = self._system.now()
        is_sign_in = action in _SIGNING_IN
        self._observer.notice(SignInFailed(at, cause) if is_sign_in else CredentialRefused(at, action, cause))
