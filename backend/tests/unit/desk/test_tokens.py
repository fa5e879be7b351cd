"""Tokens a minute: counted before, put right after."""

import pytest

from tests.fakes.system import FakeSystem
from ultra.desk.tokens import TokenLimit
from ultra.domain.chat import Usage
from ultra.domain.errors import RateLimited
from ultra.domain.identity import LOCAL_OPERATOR, Principal
from ultra.limits import LimitPolicy, MemoryLimiter, Rates

ANN = Principal(id="user_ann", kind="user", credential="token")


class Meter:
    """A limit of a hundred tokens a minute, and how many of them are left."""

    def __init__(self) -> None:
        self.limiter = MemoryLimiter(system=FakeSystem(jumps=False))
        self.policy = LimitPolicy(rates=Rates(tokens=100))
        self.tokens = TokenLimit(limiter=self.limiter, policy=self.policy)

    async def left(self) -> int:
        """Return what is left."""
        return (await self.limiter.charge(self.policy.tokens(ANN, 0))).standings[0].remaining


async def test_what_was_used_stays_counted() -> None:
    """While it is asked the most counts, afterwards the true number."""
    meter = Meter()
    async with meter.tokens.counted(ANN, 60, lambda: Usage(input_total=10, output_total=5)):
        assert await meter.left() == 40
    assert await meter.left() == 85


async def test_too_much_is_refused_before_it_begins() -> None:
    """Nothing is asked and nothing counted for what does not fit."""
    meter = Meter()
    async with meter.tokens.counted(ANN, 60, lambda: Usage(input_total=60, output_total=0)):
        with pytest.raises(RateLimited) as refusal:
            async with meter.tokens.counted(ANN, 60, lambda: None):
                pytest.fail("this must not begin")
    assert refusal.value.retry_after is not None
    assert await meter.left() == 40


async def test_what_failed_unmetered_costs_nothing() -> None:
    """An error gives all of it back, and goes on."""
    meter = Meter()
    with pytest.raises(OSError, match="gone"):
        async with meter.tokens.counted(ANN, 60, lambda: None):
            raise OSError("gone")
    assert await meter.left() == 100


async def test_this_machines_operator_is_not_counted() -> None:
    """The command line may ask what it likes."""
    meter = Meter()
    async with meter.tokens.counted(LOCAL_OPERATOR, 10_000, lambda: None):
        assert await meter.left() == 100
