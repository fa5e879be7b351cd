"""The counter that all workers share, whatever is wrong with it, is never a failure."""

from tests.fakes.limiter import FakeLimiter
from tests.fakes.system import FakeSystem
from ultra.checks.conditions.shared_limits import SharedLimitsCondition
from ultra.limits.fallback import FallbackLimiter
from ultra.limits.memory import MemoryLimiter


class Full(FakeLimiter):
    """A server that answers and cannot count."""

    async def server(self) -> str | None:
        """Say who it is, whatever is wrong."""
        return "fake 1.0"


async def test_who_counts_alone_is_well() -> None:
    """Nothing is shared, and nothing is missing."""
    found = await SharedLimitsCondition(limiter=MemoryLimiter(system=FakeSystem())).look()
    assert (found.health, found.facts) == ("pass", {"shared": False, "server": None})


async def test_a_server_that_counts_is_named_with_its_version() -> None:
    """It is asked as every request asks it."""
    system = FakeSystem(jumps=False)
    limiter = FallbackLimiter(shared=FakeLimiter(system=system), system=system)
    found = await SharedLimitsCondition(limiter=limiter).look()
    assert (found.health, found.facts) == ("pass", {"shared": True, "server": "fake 1.0"})


async def test_a_server_that_is_away_is_a_warning() -> None:
    """With the failure's name, and with what happens meanwhile."""
    system = FakeSystem(jumps=False)
    limiter = FallbackLimiter(shared=FakeLimiter(system=system, reason="ConnectionError"), system=system)
    found = await SharedLimitsCondition(limiter=limiter).look()
    assert (found.health, found.facts) == ("warn", {"shared": False, "server": None})
    assert found.reason == (
        "The shared counter does not answer (ConnectionError): each worker counts its share by itself."
    )


async def test_a_server_that_answers_and_does_not_count_is_a_warning() -> None:
    """A full or read-only one says who it is, and that is not enough."""
    system = FakeSystem(jumps=False)
    limiter = FallbackLimiter(shared=Full(system=system, reason="ReadOnlyError"), system=system)
    found = await SharedLimitsCondition(limiter=limiter).look()
    assert (found.health, found.facts) == ("warn", {"shared": False, "server": "fake 1.0"})


async def test_looking_brings_the_limiter_back_without_any_traffic() -> None:
    """Once the server is there again, and the limiter may probe, the look is the probe."""
    system = FakeSystem(jumps=False)
    shared = FakeLimiter(system=system, reason="ConnectionError")
    limiter = FallbackLimiter(shared=shared, system=system, failures=1, open_s=5.0)
    check = SharedLimitsCondition(limiter=limiter)
    assert (await check.look()).health == "warn"
    shared.reason = None
    system.advance(5.1)
    assert (await check.look()).health == "pass"
    assert limiter.state == "closed"
