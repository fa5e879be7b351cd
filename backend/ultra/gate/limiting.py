"""Asks whoever counts whether a request may pass, and tells the caller how it stands, whatever the answer."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from starlette.types import Scope

from ultra.domain.errors import RateLimited
from ultra.domain.limits import Decision, Lease, Limiter, Place, whole
from ultra.limits.headers import limit_headers, openai_headers
from ultra.system import System

_RENEWALS = 3
"""How often a place is renewed within its time to live: one renewal may fail."""


def settled(decision: Decision, scope: Scope) -> Decision:
    """Raise `RateLimited` for a refusal. The answer's headers and the log line learn how the limits stand, anyway."""
    _note(decision, scope)
    if not decision.allowed:
        raise RateLimited(
            f"Too much at once: {', '.join(decision.violated)}.",
            hint="Wait as long as Retry-After says.",
            retry_after=decision.retry_after_s,
            violated=decision.violated,
        )
    return decision


def _note(decision: Decision, scope: Scope) -> None:
    """Leave the headers for the answer and the facts for the log."""
    found = {name.lower(): value for name, value in limit_headers(decision).items()}
    if scope["path"].startswith("/v1/"):
        found |= openai_headers(decision)
    scope["ultra.headers"].update(found)
    if decision.degraded:
        scope["ultra.facts"]["limits_degraded"] = True


@asynccontextmanager
async def held(
    limiter: Limiter, leases: Sequence[Lease], places: Sequence[Place], *, system: System
) -> AsyncIterator[None]:
    """Keep places as long as the block lasts, and give them back when it is left; short blocks renew nothing."""
    if not leases:
        yield
        return
    every = min(place.ttl_s for place in places) / _RENEWALS
    renewing: asyncio.Future[None] | None = None

    def begin() -> None:
        nonlocal renewing
        renewing = asyncio.ensure_future(_renew(limiter, leases, every, system))

    alarm = system.call_later(every, begin)
    try:
        yield
    finally:
        alarm.cancel()
        if renewing is not None:
            renewing.cancel()
            await asyncio.wait({renewing})
        await whole(leave(limiter, leases), by=limiter)


async def _renew(limiter: Limiter, leases: Sequence[Lease], every: float, system: System) -> None:
    while True:
        for lease in leases:
            await limiter.renew(lease, ttl_s=every * _RENEWALS)
        await system.sleep(every)


async def leave(limiter: Limiter, leases: Sequence[Lease]) -> None:
    """Give places back."""
    for lease in leases:
        await limiter.leave(lease)
