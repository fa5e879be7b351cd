"""What happens while the shared counter cannot be reached: each worker counts by itself, at its share."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, TypeAlias, TypeVar

from ultra.domain.errors import Unavailable
from ultra.domain.limits import Charge, Decision, Lease, Limiter, Place
from ultra.limits.memory import MemoryLimiter
from ultra.system import System

State: TypeAlias = Literal["closed", "open", "half_open"]
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Moved:
    """The breaker before the shared counter changed its state; `reason` is the failure's name, while not closed."""

    at: datetime
    state: State
    reason: str | None


@dataclass(slots=True)
class Counts:
    """How often, since the start: questions the shared counter failed, decisions made without it, openings."""

    failures: int = 0
    degraded: int = 0
    openings: int = 0


class FallbackLimiter:
    """Keeps the promise of `Limiter` on `shared` while it can be reached, and on this worker's own counters otherwise.

    What happens when the server is down, limit by limit:

    * requests by address, principal and key, route costs, tokens per minute: counted here, at a `workers`-th of the
      limit, at least 1; decisions say `degraded`;
    * failed sign-ins and refused credentials, by address, account and device: the same. Who may sign in is decided by
      the database alone, so no sign-in is lost with the server, and guessing stays within the bound below;
    * concurrency: places are given here, a `workers`-th of them. Places taken before are kept: `renew` is True for
      them until the server is back, and they end there by their time to live;
    * budgets in money are not counted here at all: they live in the database.

    Bound: each charge is counted by the server or by one worker, and each of these holds the limit, so over any time
    at most twice the limit passes (and once more, at a worker's share, for each worker restarted meanwhile). Where a
    limit is below the number of workers, each still allows 1. A correction goes to whoever counts at its time.

    The server is left alone after `failures` failures in a row, for `open_s` seconds; then one question probes it
    while all others are answered here. It comes back by itself. `noticed` hears every change of state.
    """

    waits = True

    def __init__(
        self,
        *,
        shared: Limiter,
        system: System,
        workers: int = 1,
        failures: int = 5,
        open_s: float = 5.0,
        noticed: Callable[[Moved], None] | None = None,
    ) -> None:
        self.counts = Counts()
        self.state: State = "closed"
        self._shared = shared
        self._local = MemoryLimiter(system=system, share=workers)
        self._system = system
        self._most_failures = failures
        self._open_s = open_s
        self._noticed = noticed
        self._in_a_row = 0
        self._retry_at = 0.0
        self._era = 0

    async def charge(
        self, charges: Sequence[Charge], *, places: Sequence[Place] = (), whose: str | None = None
    ) -> Decision:
        """Count all charges and take all places, or none of either; `degraded` where this worker decided."""
        decision = await self._asked(lambda: self._shared.charge(charges, places=places, whose=whose))
        if decision is not None:
            return decision
        self.counts.degraded += 1
        return replace(await self._local.charge(charges, places=places), degraded=True)

    async def correct(self, charge: Charge, actual: int) -> None:
        """Replace an earlier charge's weight by what it really was, where charges are counted now."""
        if await self._asked(lambda: _done(self._shared.correct(charge, actual))) is None:
            await self._local.correct(charge, actual)

    async def enter(self, key: str, *, most: int, ttl_s: float) -> Lease | None:
        """Take one of `most` places."""
        decision = await self.charge((), places=(Place(key, most, ttl_s),))
        return decision.leases[0] if decision.allowed else None

    async def renew(self, lease: Lease, *, ttl_s: float) -> bool:
        """Keep a place longer; True for one that the server gave, while it cannot be asked."""
        if await self._local.renew(lease, ttl_s=ttl_s):
            return True
        return await self._asked(lambda: self._shared.renew(lease, ttl_s=ttl_s)) is not False

    async def leave(self, lease: Lease) -> None:
        """Give a place back; one that the server gave and cannot be told of ends by itself."""
        await self._local.leave(lease)
        await self._asked(lambda: _done(self._shared.leave(lease)))

    async def is_shared(self) -> bool:
        """Whether decisions are the shared counter's now."""
        return self.state == "closed" and await self._shared.is_shared()

    async def server(self) -> str | None:
        """Ask the shared counter who it is, whether or not it is left alone now; raises `Unavailable`."""
        return await self._shared.server()

    async def _asked(self, question: Callable[[], Awaitable[Answer]]) -> Answer | None:
        """Put a question to the shared counter; None where it may not be asked, or did not answer."""
        if not self._enter():
            return None
        era = self._era
        try:
            answer = await question()
        except Unavailable as error:
            self.counts.failures += 1
            self._failed(era, error.code)
            return None
        except BaseException:
            self._lost(era)
            raise
        self._succeeded(era)
        return answer

    def _enter(self) -> bool:
        if self.state == "open" and self._system.monotonic() >= self._retry_at:
            self._become("half_open", "probing")
            return True
        return self.state == "closed"

    def _succeeded(self, era: int) -> None:
        if era != self._era:
            return
        self._in_a_row = 0
        if self.state == "half_open":
            self._become("closed", None)

    def _failed(self, era: int, reason: str) -> None:
        if era != self._era:
            return
        self._in_a_row += 1
        if self.state == "half_open" or self._in_a_row >= self._most_failures:
            self.counts.openings += self.state == "closed"
            self._retry_at = self._system.monotonic() + self._open_s
            self._become("open", reason)

    def _lost(self, era: int) -> None:
        """Let the next question probe: this one's caller left before there was an answer."""
        if era == self._era and self.state == "half_open":
            self._become("open", "probe_lost")

    def _become(self, state: State, reason: str | None) -> None:
        self.state = state
        self._era += 1
        self._in_a_row = 0
        if self._noticed is not None:
            self._noticed(Moved(self._system.now(), state, reason))


async def _done(question: Awaitable[None]) -> bool:
    await question
    return True
