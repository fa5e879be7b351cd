"""Tokens a minute: the most a completion may use is counted before it, and what it did use stays counted after it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from ultra.domain.chat import Usage
from ultra.domain.errors import RateLimited
from ultra.domain.identity import Principal
from ultra.domain.limits import Limiter
from ultra.limits import LimitPolicy


class TokenLimit:
    """Holds callers to their tokens a minute."""

    def __init__(self, *, limiter: Limiter, policy: LimitPolicy) -> None:
        self._limiter = limiter
        self._policy = policy

    @asynccontextmanager
    async def counted(
        self, principal: Principal, expected: int, used: Callable[[], Usage | None]
    ) -> AsyncIterator[None]:
        """Count `expected` tokens, and put right what is counted by `used()` afterwards; raises `RateLimited`."""
        charges = self._policy.tokens(principal, expected)
        if not charges:
            yield
            return
        decision = await self._limiter.charge(charges)
        if not decision.allowed:
            raise RateLimited(
                "Too many tokens a minute.",
                retry_after=decision.retry_after_s,
                violated=decision.violated,
                hint="Wait, send a shorter prompt, or ask for less output with max_tokens.",
            )
        try:
            yield
        finally:
            usage = used()
            actual = 0 if usage is None else usage.input_total + usage.output_total
            for charge in charges:
                await self._limiter.correct(charge, actual)
