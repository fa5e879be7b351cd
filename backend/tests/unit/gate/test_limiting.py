"""Places are kept as long as they are needed."""

import asyncio

import pytest

from tests.fakes.system import FakeSystem
from ultra.domain.limits import Place
from ultra.gate.limiting import held
from ultra.limits.memory import MemoryLimiter

PLACE = Place("somebody", 1, 30.0)


class Counted(MemoryLimiter):
    """A limiter that counts renewals."""

    renewals = 0

    async def renew(self, lease, *, ttl_s):
        self.renewals += 1
        return await super().renew(lease, ttl_s=ttl_s)


@pytest.fixture
def system() -> FakeSystem:
    """Return a machine whose clock stands still."""
    return FakeSystem(jumps=False)


async def test_a_place_is_renewed_while_it_is_needed(system: FakeSystem) -> None:
    """Whoever works for longer than a place lasts keeps it, and gives it back at the end."""
    limiter = Counted(system=system)
    lease = await limiter.enter(PLACE.key, most=1, ttl_s=PLACE.ttl_s)
    async with held(limiter, [lease], [PLACE], system=system):
        await system.tick(95)
        assert limiter.renewals == 9
        assert await limiter.enter(PLACE.key, most=1, ttl_s=PLACE.ttl_s) is None
    assert await limiter.enter(PLACE.key, most=1, ttl_s=PLACE.ttl_s) is not None
    await system.tick(60)
    assert limiter.renewals == 9


async def test_a_short_need_renews_nothing(system: FakeSystem) -> None:
    """What ends before a third of its time was never renewed, and nothing of it stays behind."""
    limiter = Counted(system=system)
    lease = await limiter.enter(PLACE.key, most=1, ttl_s=PLACE.ttl_s)
    async with held(limiter, [lease], [PLACE], system=system):
        await system.tick(9)
    await system.tick(60)
    assert limiter.renewals == 0


async def test_a_place_is_given_back_when_its_holder_is_cancelled(system: FakeSystem) -> None:
    """A caller that leaves makes room."""
    limiter = Counted(system=system)
    lease = await limiter.enter(PLACE.key, most=1, ttl_s=PLACE.ttl_s)

    async def work() -> None:
        async with held(limiter, [lease], [PLACE], system=system):
            await system.sleep(1000)

    task = asyncio.create_task(work())
    await system.tick(15)
    task.cancel()
    await asyncio.wait({task})
    assert await limiter.enter(PLACE.key, most=1, ttl_s=PLACE.ttl_s) is not None
