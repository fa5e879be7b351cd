"""A real Valkey that is away, hangs, only reads, is full or forgets: nobody gets an error, and limits hold."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager

import pytest

from tests.fakes.system import FakeSystem
from tests.twins.valkeys import Valkey, free_port
from ultra.domain.limits import Charge, Lease, Limit, Limiter, Place
from ultra.limits import open_limiter
from ultra.limits.fallback import FallbackLimiter
from ultra.limits.memory import MemoryLimiter
from ultra.limits.redis import RedisLimiter

TEN = Limit("ten", 10, 3600.0)
ONE = Charge(TEN, "k")
FAULTS: dict[str, Callable[[Valkey], AbstractContextManager[None]]] = {
    "paused": Valkey.paused,
    "frozen": Valkey.frozen,
    "read-only": Valkey.read_only,
    "full": Valkey.full,
}
REASONS = {"paused": "TimeoutError", "frozen": "TimeoutError", "read-only": "ReadOnlyError", "full": "OutOfMemoryError"}


@asynccontextmanager
async def _worker(url: str, system: FakeSystem, *, timeout_s: float = 0.2) -> AsyncIterator[FallbackLimiter]:
    shared = RedisLimiter(url=url, system=system, timeout_s=timeout_s)
    try:
        yield FallbackLimiter(shared=shared, system=system, workers=2)
    finally:
        await shared.aclose()


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_sick_server_costs_no_answer_and_is_used_again_when_well(valkey: Valkey, fault: str) -> None:
    """Under load: every question is answered, at this worker's share; after the fault the server decides again."""
    system = FakeSystem(jumps=False)
    async with _worker(valkey.url, system) as worker:
        with FAULTS[fault](valkey):
            decisions = await asyncio.gather(*[worker.charge([ONE], places=[Place("p", 9, 30.0)]) for _ in range(50)])
            assert all(each.degraded for each in decisions)
            assert sum(each.allowed for each in decisions) == 4  # half of nine places is less than half of ten
            assert worker.state == "open"
            asked = worker.counts.failures
            decisions = [await worker.charge([ONE]) for _ in range(200)]
            assert all(each.degraded for each in decisions)
            assert worker.counts.failures == asked
        system.advance(5.1)
        await _recovered(worker, system)
        assert not (await worker.charge([ONE])).degraded
        assert worker.counts.openings == 1


async def _recovered(worker: FallbackLimiter, system: FakeSystem) -> None:
    """Probe until the server answers: one that was stopped needs a moment, and so does a busy machine."""
    until = time.monotonic() + 20
    while (await worker.charge([Charge(TEN, "k", 0)])).degraded:
        assert time.monotonic() < until
        await asyncio.sleep(0.02)
        system.advance(5.1)


@pytest.mark.parametrize("fault", FAULTS)
async def test_the_reason_is_named(valkey: Valkey, fault: str) -> None:
    """What was wrong with the server is what operators are told."""
    system = FakeSystem(jumps=False)
    heard: list[str | None] = []
    shared = RedisLimiter(url=valkey.url, system=system)
    worker = FallbackLimiter(shared=shared, system=system, failures=2, noticed=lambda moved: heard.append(moved.reason))
    with FAULTS[fault](valkey):
        for _ in range(2):
            await worker.charge([ONE])
    await shared.aclose()
    assert heard == [REASONS[fault]]


async def test_both_workers_hold_the_bound_while_the_server_comes_and_goes(valkey: Valkey) -> None:
    """Two workers, the server lost and back three times: twice the limit passes and no more."""
    system = FakeSystem(jumps=False)
    passed = 0
    async with _worker(valkey.url, system) as one, _worker(valkey.url, system) as other:
        for _ in range(3):
            for worker in (one, other):
                passed += sum([(await worker.charge([ONE])).allowed for _ in range(10)])
            with valkey.paused():
                decisions = await asyncio.gather(*[worker.charge([ONE]) for worker in (one, other) for _ in range(20)])
            passed += sum(each.allowed for each in decisions)
            system.advance(5.1)
            for worker in (one, other):
                await _recovered(worker, system)
    assert passed == 20


async def test_a_server_that_only_reads_still_refuses(valkey: Valkey) -> None:
    """A limit that is used up there needs no writing: it stays used up, and no worker's share is added."""
    system = FakeSystem(jumps=False)
    async with _worker(valkey.url, system, timeout_s=20.0) as worker:
        await worker.charge([Charge(TEN, "k", 10)])
        with valkey.read_only():
            decision = await worker.charge([ONE])
    assert (decision.allowed, decision.degraded) == (False, False)


async def test_a_server_that_forgets_everything_costs_no_error(valkey: Valkey) -> None:
    """FLUSHALL under steady load: no failure is counted, nothing is degraded, counting begins anew."""
    system = FakeSystem(jumps=False)
    async with _worker(valkey.url, system, timeout_s=20.0) as worker:
        for _ in range(4):
            decisions = await asyncio.gather(*[worker.charge([ONE]) for _ in range(30)])
            assert sum(each.allowed for each in decisions) == 10
            assert not any(each.degraded for each in decisions)
            valkey.clear()
    assert worker.counts.failures == 0


async def test_a_server_that_is_not_there_at_the_start_is_no_reason_not_to_start() -> None:
    """Opening connects to nothing; questions are answered here; it says that it does not share."""
    async with open_limiter(
        url=f"redis://127.0.0.1:{free_port()}", system=FakeSystem(jumps=False), workers=2
    ) as limiter:
        decisions = [await limiter.charge([ONE]) for _ in range(10)]
        assert [each.allowed for each in decisions] == [True] * 5 + [False] * 5
        assert all(each.degraded for each in decisions)
        assert not await limiter.is_shared()


async def test_places_survive_a_server_that_pauses(valkey: Valkey) -> None:
    """A lease of the server is kept and given back without error while it hangs, and ends there by itself."""
    system = FakeSystem(jumps=False)
    async with _worker(valkey.url, system) as worker:
        lease = await worker.enter("p", most=1, ttl_s=30)
        assert isinstance(lease, Lease)
        with valkey.paused():
            assert await worker.renew(lease, ttl_s=30)
            await worker.leave(lease)
            await worker.correct(ONE, 0)
        valkey.pass_time(31)
        await _recovered(worker, system)
        assert await worker.enter("p", most=1, ttl_s=30) is not None


async def test_nothing_piles_up_while_the_server_hangs(valkey: Valkey) -> None:
    """Fifty callers for a thousand questions against a hanging server: no connection and no task is left behind."""
    system = FakeSystem(jumps=False)
    async with _worker(valkey.url, system) as worker:
        tasks = len(asyncio.all_tasks())

        async def call() -> None:
            for _ in range(20):
                await worker.charge([ONE])
                system.advance(0.01)

        with valkey.paused():
            await asyncio.gather(*[call() for _ in range(50)])
            assert len(asyncio.all_tasks()) == tasks
            assert worker._shared._connections._idle == []  # type: ignore[attr-defined]  # a RedisLimiter's
    assert valkey.client.info("clients")["connected_clients"] <= 5


async def test_without_an_address_there_is_nothing_to_share() -> None:
    """One process counts for itself, each of several its share."""
    async with open_limiter(url=None, system=FakeSystem(jumps=False), workers=2) as limiter:
        kept: Limiter = limiter
        assert isinstance(kept, MemoryLimiter)
        assert [(await limiter.charge([ONE])).allowed for _ in range(6)] == [True] * 5 + [False]


async def test_with_an_address_it_is_shared(valkey: Valkey) -> None:
    """The limiter of a process with a server says so."""
    async with open_limiter(url=valkey.url, system=FakeSystem(jumps=False), workers=2) as limiter:
        assert await limiter.is_shared()
