"""Tokens a minute: counted before, put right after."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import pytest

from tests.fakes.completions import FakeCompletions, Reply
from tests.fakes.system import FakeSystem
from ultra.domain.chat import ChatRequest, Message, Text
from ultra.domain.completion import gather
from ultra.domain.errors import Overloaded, RateLimited
from ultra.domain.limits import Charge, Limit
from ultra.domain.ports import CallContext
from ultra.gateway.estimating import expected_tokens
from ultra.gateway.rationing import Rationed
from ultra.limits import MemoryLimiter

ASKED = ChatRequest("a/one", (Message("user", (Text("Why?"),)),), max_output_tokens=50)
EXPECTED = expected_tokens(ASKED)
PER_MINUTE = 100


class Kitchen:
    """Completions with a hundred tokens a minute, for a user and for a key."""

    def __init__(self, *names: str) -> None:
        self.system = FakeSystem(jumps=False)
        self.names = names or ("tokens", "key-tokens")
        self.limiter = MemoryLimiter(system=self.system)
        self.inner = FakeCompletions(system=self.system, default=Reply("Because."))
        self.rationed = Rationed(self.inner, rations=self, limiter=self.limiter)

    async def of(self, principal: str, credential_id: str | None, tokens: int) -> Sequence[Charge]:
        """Keep the promise of `Rations`."""
        assert (principal, credential_id) == ("ann", "key_1")
        return [Charge(Limit(name, PER_MINUTE, 60.0, "tokens"), "ann", tokens) for name in self.names]

    def open(self):
        """Ask as ann, with her key, for a run."""
        deadline = self.system.monotonic() + 60
        return self.rationed.open(ASKED, CallContext("ann", "req_1", deadline, run_id="run_1", credential_id="key_1"))

    async def left(self) -> list[int]:
        """Return what is left of each limit."""
        decision = await self.limiter.charge(await self.of("ann", "key_1", 0))
        return [each.remaining for each in decision.standings]


async def test_what_was_used_stays_counted() -> None:
    """While it is asked the most counts, afterwards the true number, for user and key alike."""
    kitchen = Kitchen()
    async with kitchen.open() as stream:
        assert await kitchen.left() == [PER_MINUTE - EXPECTED] * 2
        await gather(stream)
    assert await kitchen.left() == [PER_MINUTE - 15] * 2


async def test_too_much_is_refused_before_anybody_is_asked() -> None:
    """The error says which limit and until when, and nothing is counted for what does not fit."""
    kitchen = Kitchen("key-tokens")
    async with kitchen.open():
        with pytest.raises(RateLimited) as refusal:
            async with kitchen.open():
                pytest.fail("this must not begin")
        assert await kitchen.left() == [PER_MINUTE - EXPECTED]
    assert refusal.value.violated == ("key-tokens",)
    assert refusal.value.retry_after is not None
    assert len(kitchen.inner.asked) == 1


async def test_what_failed_unmetered_costs_nothing() -> None:
    """An error gives all of it back, and goes on."""
    kitchen = Kitchen()
    kitchen.inner.default = Overloaded("Full.")
    with pytest.raises(Overloaded):
        async with kitchen.open():
            pytest.fail("this must not begin")
    assert await kitchen.left() == [PER_MINUTE] * 2


async def test_whoever_leaves_has_used_what_was_used() -> None:
    """A caller that leaves while it waits leaves nothing counted that was not asked."""
    kitchen = Kitchen()
    kitchen.inner.default = Reply("Because.", delay=30.0)

    async def ask() -> None:
        async with kitchen.open() as stream:
            await gather(stream)

    task = asyncio.ensure_future(ask())
    await kitchen.system.settled()
    assert (await kitchen.left())[0] < PER_MINUTE
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert await kitchen.left() == [PER_MINUTE] * 2


async def test_who_is_not_bounded_is_not_counted() -> None:
    """Without charges nobody is asked."""
    kitchen = Kitchen()
    kitchen.names = ()
    async with kitchen.open() as stream:
        await gather(stream)
    assert len(kitchen.inner.asked) == 1
