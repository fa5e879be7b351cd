"""The scripted provider keeps the promise that the real ones keep."""

import pytest

from tests.fakes.providers import FakeProvider
from ultra.domain.chat import ChatRequest, Delta, Finished, PartEnded, PartStarted, Started
from ultra.domain.completion import gather
from ultra.domain.errors import RateLimited, TimedOut, Truncated
from ultra.domain.ports import Provider
from ultra.system import System

REQUEST = ChatRequest("m", ())
HELLO = (
    Started("1", "fake", "m"),
    PartStarted(0, "text"),
    Delta(0, "hello"),
    PartEnded(0),
    Finished("stop"),
)


class _Clock(System):
    """A clock that moves only by sleeping."""

    def __init__(self) -> None:
        self.time = 0.0

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds


async def test_plays_its_script() -> None:
    """Events come in the script's order, and the call is recorded, opened and closed."""
    fake = FakeProvider("fake", lambda _: HELLO)
    provider: Provider = fake
    async with provider.open(REQUEST, deadline=9.0) as events:
        assert (await gather(events)).text == "hello"
    assert (fake.requests, fake.deadlines) == ([REQUEST], [9.0])
    assert (fake.opened, fake.closed, fake.finished) == (1, 1, 1)


async def test_raises_a_leading_error_on_entering() -> None:
    """An error before the first event comes from entering, and nothing stays open."""
    fake = FakeProvider("fake", lambda _: [0.0, RateLimited("slow down")])
    with pytest.raises(RateLimited):
        async with fake.open(REQUEST, deadline=9.0):
            pytest.fail("entered")
    assert (fake.opened, fake.closed) == (1, 1)


async def test_raises_a_later_error_on_iterating() -> None:
    """An error after the first event comes from iterating."""
    fake = FakeProvider("fake", lambda _: [HELLO[0], RateLimited("slow down")])
    async with fake.open(REQUEST, deadline=9.0) as events:
        assert await anext(events) == HELLO[0]
        with pytest.raises(RateLimited):
            await anext(events)


async def test_calls_a_script_without_an_end_truncated() -> None:
    """A script that never finishes is a truncated answer."""
    fake = FakeProvider("fake", lambda _: HELLO[:-1])
    async with fake.open(REQUEST, deadline=9.0) as events:
        with pytest.raises(Truncated):
            await gather(events)


async def test_waits_on_its_clock_until_the_deadline() -> None:
    """Waiting goes through the system given, and past the deadline the call has timed out."""
    clock = _Clock()
    fake = FakeProvider("fake", lambda _: [2.0, HELLO[0], 20.0, *HELLO[1:]], system=clock)
    async with fake.open(REQUEST, deadline=9.0) as events:
        assert clock.time == 2.0
        await anext(events)
        with pytest.raises(TimedOut):
            await anext(events)
    assert clock.time == 9.0
