"""What is special about counting on a server: one call, its clock, its forgetting, and what it holds."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.limiter import FakeLimiter
from tests.fakes.system import FakeSystem
from tests.twins.limits.conftest import PATIENT_S
from tests.twins.valkeys import Valkey
from ultra.domain.limits import Charge, Limit, Place
from ultra.limits.redis import RedisLimiter
from ultra.system import System

HOUR = 3600.0
TEN = Limit("ten", 10, HOUR)
SIX = Limit("six", 6, 6 * HOUR)


@asynccontextmanager
async def _limiter(valkey: Valkey, system: System | None = None) -> AsyncIterator[RedisLimiter]:
    limiter = RedisLimiter(url=valkey.url, system=system or System(), timeout_s=PATIENT_S)
    try:
        yield limiter
    finally:
        await limiter.aclose()


async def test_a_question_is_one_call(valkey: Valkey) -> None:
    """Four charges and two places cost one round trip; only a server that does not know the script is told it."""
    async with _limiter(valkey) as limiter:
        charges = [Charge(Limit(name, 100, HOUR), "k") for name in ("a", "b", "c", "d")]
        for _ in range(5):
            await limiter.charge(charges, places=[Place("p", 10, 30.0), Place("q", 10, 30.0)])
        assert (valkey.calls("evalsha"), valkey.calls("eval")) == (5, 1)
        assert valkey.calls("script|load", "hello", "client|setinfo", "ping", "select") == 0


async def test_a_restart_of_the_workers_forgets_nothing(valkey: Valkey) -> None:
    """What one limiter counted, the next one finds."""
    for number in range(5):
        async with _limiter(valkey) as limiter:
            assert (await limiter.charge([Charge(TEN, "k", 2)])).standings[0].remaining == 8 - 2 * number


class _Skewed(System):
    """A machine whose clocks are wrong."""

    def __init__(self, hours: float) -> None:
        self._hours = hours

    def now(self) -> datetime:
        return super().now() + timedelta(hours=self._hours)

    def monotonic(self) -> float:
        return super().monotonic() + self._hours * HOUR


async def test_clocks_of_workers_do_not_matter(valkey: Valkey) -> None:
    """One worker an hour ahead, one an hour behind: together they pass what one would."""
    shifts = [_Skewed(hours) for hours in (-1, 0, 1)]
    async with AsyncExitStack() as stack:
        workers = [await stack.enter_async_context(_limiter(valkey, system)) for system in shifts]
        decisions = await asyncio.gather(*[each.charge([Charge(TEN, "k")]) for each in workers * 10])
        assert sum(each.allowed for each in decisions) == 10
        leases = await asyncio.gather(*[each.enter("p", most=4, ttl_s=60) for each in workers * 4])
        assert sum(each is not None for each in leases) == 4


async def test_a_server_that_forgot_everything_is_no_error(valkey: Valkey) -> None:
    """After FLUSHALL and SCRIPT FLUSH counting begins anew, corrections and leases of before are harmless."""
    async with _limiter(valkey) as limiter:
        await limiter.charge([Charge(TEN, "k", 10)])
        lease = await limiter.enter("p", most=1, ttl_s=60)
        assert lease is not None
        valkey.clear()
        await limiter.correct(Charge(TEN, "k", 10), 0)
        assert (await limiter.charge([Charge(TEN, "k", 0)])).standings[0].remaining == 10
        assert not await limiter.renew(lease, ttl_s=60)
        await limiter.leave(lease)
        assert await limiter.enter("p", most=1, ttl_s=60) is not None


async def test_keys_live_as_long_as_they_mean_something(valkey: Valkey) -> None:
    """A counter ends when it is paid off, a place when its last lease does; nothing is kept for ever."""
    async with _limiter(valkey) as limiter:
        await limiter.charge([Charge(TEN, "k", 5)], places=[Place("p", 5, 10.0)])
        await limiter.enter("p", most=5, ttl_s=100)
        await limiter.enter("p", most=5, ttl_s=20)
        left = {key.decode(): valkey.client.pttl(key) / 1000 for key in valkey.client.scan_iter()}
        assert left == {
            "ultra:limit:ten:k": pytest.approx(HOUR / 2, abs=30),
            "ultra:place:p": pytest.approx(100, abs=30),
        }
        await limiter.correct(Charge(TEN, "k", 5), 0)
        assert not valkey.client.exists("ultra:limit:ten:k")


async def test_looking_and_being_refused_write_nothing(valkey: Valkey) -> None:
    """Whoever storms a limit costs the server no write."""
    async with _limiter(valkey) as limiter:
        await limiter.charge([Charge(TEN, "k", 10)])
        before = valkey.calls("set", "del", "zadd")
        for _ in range(10):
            await limiter.charge([Charge(TEN, "k")], places=[Place("p", 1, 10.0)])
            await limiter.charge([Charge(TEN, "k", 0), Charge(TEN, "unused", 0)])
        assert valkey.calls("set", "del", "zadd") == before


async def test_a_foreign_value_under_a_counter_is_written_over(valkey: Valkey) -> None:
    """Garbage that somebody put there counts as nothing."""
    valkey.client.set("ultra:limit:ten:k", "garbage")
    async with _limiter(valkey) as limiter:
        assert (await limiter.charge([Charge(TEN, "k")])).standings[0].remaining == 9


async def test_limits_in_microseconds_survive_the_servers_arithmetic(valkey: Valkey) -> None:
    """Windows from a millisecond to a month, amounts up to a billion: whole numbers arrive as they left."""
    async with _limiter(valkey) as limiter:
        month = Limit("month", 1_000_000_000, 31 * 24 * HOUR, "tokens")
        assert (await limiter.charge([Charge(month, "k", 999_999_999)])).allowed
        assert (await limiter.charge([Charge(month, "k", 0)])).standings[0].remaining == pytest.approx(1, abs=100_000)
        assert (await limiter.charge([Charge(Limit("blink", 3, 0.001), "k", 3)])).allowed


steps = st.lists(
    st.tuples(
        st.sampled_from(["charge", "correct", "enter", "wait"]),
        st.sampled_from("ab"),
        st.integers(0, 14),
        st.booleans(),
    ),
    max_size=25,
)


@given(steps=steps)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_it_decides_as_the_fake_does(valkey: Valkey, steps: list[tuple[str, str, int, bool]]) -> None:
    """Any history of charges, corrections, places and time gives the decisions of exact fractions."""
    valkey.client.flushall()
    system = FakeSystem(jumps=False)
    model = FakeLimiter(system=system)
    async with _limiter(valkey, system) as limiter:
        for step in steps:
            await _take(step, model=model, limiter=limiter, valkey=valkey, system=system)


async def _take(
    step: tuple[str, str, int, bool], *, model: FakeLimiter, limiter: RedisLimiter, valkey: Valkey, system: FakeSystem
) -> None:
    action, key, number, both = step
    charges = [Charge(TEN, key, number), *([Charge(SIX, key, number // 2)] if both else [])]
    places = [Place(key, 2, 1000.0)] if action == "enter" else []
    if action == "wait":
        valkey.pass_time(360 * number)
        system.advance(360 * number)
    elif action == "correct":
        await model.correct(charges[0], 7)
        await limiter.correct(charges[0], 7)
    else:
        expected, found = [await each.charge(charges, places=places) for each in (model, limiter)]
        assert (found.allowed, found.violated) == (expected.allowed, expected.violated)
        assert found.retry_after_s == pytest.approx(expected.retry_after_s, abs=60)
        for mine, wanted in zip(found.standings, expected.standings, strict=True):
            assert mine.remaining == wanted.remaining
            assert mine.reset_s == pytest.approx(wanted.reset_s, abs=60)
