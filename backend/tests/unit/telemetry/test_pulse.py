"""How late the event loop wakes."""

import asyncio
from contextlib import suppress

from tests.fakes.system import FakeSystem
from ultra.telemetry import pulse


async def test_a_loop_that_is_held_up_is_told_so() -> None:
    """In time is nothing; a second too late is a second."""
    system, heard = FakeSystem(jumps=False), list[float]()
    task = asyncio.create_task(pulse.feel(heard.append, system=system))
    await system.tick(pulse.EVERY_S)
    system.advance(pulse.EVERY_S + 1)
    await system.settled()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert heard == [0, 1]
