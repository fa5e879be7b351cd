"""Whoever is woken late says how late."""

import asyncio

import pytest

from tests.fakes.system import FakeSystem
from ultra.checks.conditions.event_loop import EventLoopCondition


@pytest.mark.parametrize(("lag", "health"), [(0.0, "pass"), (0.4, "pass"), (0.6, "warn"), (6.0, "fail")])
async def test_the_latest_nap_counts(lag: float, health: str) -> None:
    """One late nap among punctual ones is what everybody else had to wait."""
    system = FakeSystem(jumps=False)
    look = asyncio.ensure_future(EventLoopCondition(system=system).look())
    await system.settled()
    system.advance(0.25 + lag)
    await system.settled()
    await system.tick(3)
    found = await look
    assert (found.health, found.facts["lag_ms"]) == (health, lag * 1000)
