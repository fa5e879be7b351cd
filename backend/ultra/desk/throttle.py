"""Attempts to sign in, held back: counted before the password is looked at, given back when it was right."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from ultra.domain.errors import RateLimited
from ultra.domain.limits import Charge, Limiter
from ultra.domain.observations import SignInFailed
from ultra.domain.ports import Observer
from ultra.limits import LimitPolicy
from ultra.system import System

_BY_ADDRESS = "sign-in-address"


class Throttle:
    """Slows guessing down without letting anybody lock anybody else out; `LimitPolicy.sign_in` says how."""

    def __init__(self, *, limiter: Limiter, policy: LimitPolicy, observer: Observer, system: System) -> None:
        self._limiter = limiter
        self._policy = policy
        self._observer = observer
        self._system = system

    @asynccontextmanager
    async def attempt(
        self, username: str | None, address: str | None, *, device: str | None = None
    ) -> AsyncIterator[None]:
        """Count an attempt; raises `RateLimited` without looking at it when there were too many failures.

        `username` None is an attempt with something that names nobody, a link or a refresh token: it counts against
        its address alone, or a stranger's failures would keep everybody out. `device` is one the account knows.
        """
        charges = self._policy.sign_in(username or "", address=address, device=device)
        if username is None:
            charges = tuple(charge for charge in charges if charge.limit.name == _BY_ADDRESS)
        decision = await self._limiter.charge(charges)
        if not decision.allowed:
            self._observer.notice(SignInFailed(self._system.now(), "throttled"))
            raise RateLimited(
                "Too many failed attempts.",
                retry_after=decision.retry_after_s,
                hint="Wait, or sign in from where you did before.",
            )
        yield
        await self._give_back(charges)

    async def _give_back(self, charges: Sequence[Charge]) -> None:
        for charge in charges:
            await self._limiter.correct(charge, 0)
