"""How much, how fast, how many at once: one promise (`ultra.domain.limits.Limiter`) and its keepers.

`open_limiter` gives the one that fits: counted in this process, or on Valkey or Redis with this process behind it.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from ultra.domain.limits import Limiter
from ultra.limits.fallback import FallbackLimiter, Moved
from ultra.limits.memory import MemoryLimiter
from ultra.limits.policy import LimitPolicy, Rates, RouteClass
from ultra.system import System

__all__ = ["FallbackLimiter", "LimitPolicy", "MemoryLimiter", "Moved", "Rates", "RouteClass", "open_limiter"]


@asynccontextmanager
async def open_limiter(
    *,
    url: str | None,
    system: System,
    workers: int = 1,
    prefix: str = "ultra:",
    noticed: Callable[[Moved], None] | None = None,
) -> AsyncIterator[Limiter]:
    """Give the limiter of a process that is one of `workers`; connects when first asked, never here.

    Without a `url` there is nothing to share: each worker allows its share of every limit, at least 1.
    """
    if url is None:
        yield MemoryLimiter(system=system, share=workers)
        return
    from ultra.limits.redis import RedisLimiter  # noqa: PLC0415 - who has no server need not load its client

    shared = RedisLimiter(url=url, system=system, prefix=prefix)
    try:
        yield FallbackLimiter(shared=shared, system=system, workers=workers, noticed=noticed)
    finally:
        await shared.aclose()
