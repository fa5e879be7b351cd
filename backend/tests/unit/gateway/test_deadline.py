"""One deadline over many waits."""

import asyncio
from contextlib import suppress

import pytest

from tests.fakes.system import FakeSystem
from ultra.domain.errors import TimedOut, UpstreamFailed
from ultra.gateway.deadline import Deadline


@pytest.fixture
def system() -> FakeSystem:
    """Return a clock that jumps."""
    return FakeSystem()


@pytest.fixture
async def deadline(system: FakeSystem):
    """Return a watched deadline ten seconds away."""
    watched = Deadline(system.monotonic() + 10, system)
    watched.start()
    yield watched
    watched.stop()


async def test_a_wait_is_cut(deadline: Deadline, system: FakeSystem) -> None:
    """Whoever waits for ever gets `TimedOut` at the deadline, and his task is not left cancelled."""
    with pytest.raises(TimedOut), deadline:
        await asyncio.get_running_loop().create_future()
    assert system.monotonic() == 1010
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    await asyncio.sleep(0)


async def test_short_waits_pass(deadline: Deadline, system: FakeSystem) -> None:
    """Waits that end in time are not disturbed, whatever they raise."""
    with deadline:
        await system.sleep(4)
    with pytest.raises(UpstreamFailed), deadline:
        raise UpstreamFailed("x")
    with deadline:
        await system.sleep(4)


async def test_between_waits_nobody_is_disturbed(deadline: Deadline, system: FakeSystem) -> None:
    """A slow reader is not cancelled in his own work, but his next wait raises."""
    with deadline:
        await system.sleep(1)
    await system.sleep(60)
    with pytest.raises(TimedOut), deadline:
        pytest.fail("the wait began")


async def test_a_cancellation_from_outside_stays_one(system: FakeSystem) -> None:
    """The caller's own cancellation is not taken for the deadline, even at the same moment."""
    system.jumps = False
    deadline = Deadline(system.monotonic() + 10, system)

    async def wait() -> None:
        deadline.start()
        with deadline:
            await asyncio.get_running_loop().create_future()

    alone = asyncio.create_task(wait())
    await system.settled()
    alone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await alone
    deadline.stop()

    deadline = Deadline(system.monotonic() + 10, system)
    together = asyncio.create_task(wait())
    await system.settled()
    system.advance(10)
    await asyncio.sleep(0)
    together.cancel()
    with pytest.raises(asyncio.CancelledError):
        await together


async def test_a_wait_that_swallows_the_cut_is_over_all_the_same(deadline: Deadline) -> None:
    """Code inside that turns cancellation into a normal end does not get around the deadline."""
    with pytest.raises(TimedOut), deadline, suppress(asyncio.CancelledError):
        await asyncio.get_running_loop().create_future()


async def test_an_error_inside_the_cut_is_kept(deadline: Deadline) -> None:
    """What the code inside raises while being cut is more telling than the deadline."""

    async def stubborn() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            raise UpstreamFailed("x") from None

    with pytest.raises(UpstreamFailed), deadline:
        await stubborn()


async def test_a_stopped_watch_leaves_no_task(system: FakeSystem) -> None:
    """After `stop` nothing of it lives on."""
    before = asyncio.all_tasks()
    deadline = Deadline(system.monotonic() + 10, system)
    deadline.start()
    assert len(asyncio.all_tasks()) == len(before) + 1
    deadline.stop()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
    assert system.monotonic() == 1000
