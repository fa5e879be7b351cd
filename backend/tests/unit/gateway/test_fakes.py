"""The fakes that stand in for the machine and for the gateway itself."""

import asyncio
from decimal import Decimal

import pytest

from tests.fakes.catalogue import FakeCatalogue
from tests.fakes.completions import FakeCompletions, Reply
from tests.fakes.ledger import FakeLedger
from tests.fakes.observer import FakeObserver
from tests.fakes.system import FakeSystem
from ultra.domain.chat import ChatRequest, Delta
from ultra.domain.completion import gather
from ultra.domain.errors import NotFound, Overloaded, TimedOut, Truncated
from ultra.domain.ports import CallContext, Catalogue, Completions, Ledger, Observer


def _call(system: FakeSystem, seconds: float = 60.0) -> CallContext:
    return CallContext("somebody", "req", system.monotonic() + seconds)


async def test_jumping_time_wakes_sleepers_in_order() -> None:
    """Time goes to the earliest sleeper whenever everybody waits."""
    system = FakeSystem()
    woken: list[tuple[float, float]] = []

    async def sleeper(seconds: float) -> None:
        await system.sleep(seconds)
        woken.append((seconds, system.monotonic() - 1000))

    await asyncio.gather(sleeper(50), sleeper(3600), sleeper(2))
    assert woken == [(2, 2), (50, 50), (3600, 3600)]


async def test_standing_time_waits_for_a_tick() -> None:
    """Without jumps nobody wakes before the test says so, and each wakes at its own time."""
    system = FakeSystem(jumps=False)
    woken: list[float] = []

    async def sleeper() -> None:
        await system.sleep(3)
        woken.append(system.monotonic() - 1000)
        await system.sleep(3)
        woken.append(system.monotonic() - 1000)

    task = asyncio.create_task(sleeper())
    await system.tick(2.9)
    assert woken == []
    await system.tick(100)
    assert woken == [3, 6]
    assert (system.now() - FakeSystem().now()).total_seconds() == pytest.approx(102.9)
    await task


async def test_settling_lets_others_run_but_no_time_pass() -> None:
    """After settling, everybody who could run without waiting has."""
    system = FakeSystem()
    done: list[str] = []

    async def worker() -> None:
        for _ in range(5):
            await asyncio.sleep(0)
        done.append("ran")
        await system.sleep(5)
        done.append("slept")

    task = asyncio.create_task(worker())
    await system.settled()
    assert (done, system.monotonic()) == (["ran"], 1000)
    await task
    assert (done, system.monotonic()) == (["ran", "slept"], 1005)


async def test_completions_answer_by_script_and_clock() -> None:
    """A reply takes its delay and its pace, and the stream carries a receipt."""
    system = FakeSystem()
    fake = FakeCompletions(system=system, scripts={"a/b": Reply("one two", delay=10, pace=3)})
    promise: Completions = fake
    async with promise.open(ChatRequest("a/b", ()), _call(system)) as stream:
        completion = await gather(stream)
        receipt = stream.receipt
    assert (completion.text, system.monotonic() - 1000) == ("one two", 16)
    assert (receipt.model, receipt.cost_usd) == ("a/b", Decimal("0.001"))
    assert [each.outcome for each in fake.asked_of("a/b")] == ["ok"]
    assert fake.open_now == 0


async def test_completions_fail_as_told() -> None:
    """A scripted error comes from entering, a break from iterating, an unknown model is not found."""
    system = FakeSystem()
    fake = FakeCompletions(
        system=system, scripts={"a/down": Overloaded("full"), "a/cut": Reply("half", breaks=Truncated("cut"))}
    )
    with pytest.raises(Overloaded):
        await fake.open(ChatRequest("a/down", ()), _call(system)).__aenter__()
    with pytest.raises(NotFound):
        await fake.open(ChatRequest("a/none", ()), _call(system)).__aenter__()
    with pytest.raises(Truncated):
        async with fake.open(ChatRequest("a/cut", ()), _call(system)) as stream:
            await gather(stream)
    assert [each.outcome for each in fake.asked] == ["failed"] * 3


async def test_completions_keep_the_deadline_and_notice_leaving() -> None:
    """A slow model is cut at the deadline; a caller who leaves early has cancelled."""
    system = FakeSystem()
    fake = FakeCompletions(system=system, default=Reply("one two three", delay=5, pace=10))
    with pytest.raises(TimedOut):
        async with fake.open(ChatRequest("a/b", ()), _call(system, 20)) as stream:
            await gather(stream)
    assert system.monotonic() == 1020
    async with fake.open(ChatRequest("a/b", ()), _call(system)) as stream:
        async for event in stream:
            if isinstance(event, Delta):
                break
    assert [each.outcome for each in fake.asked] == ["failed", "cancelled"]


def test_the_fakes_keep_their_promises() -> None:
    """Each fake can stand where its promise is asked for."""
    catalogue: Catalogue = FakeCatalogue("a/one", "b/two", lists={"best": ("b/two", "a/one")})
    others: tuple[Ledger, Observer] = (FakeLedger(), FakeObserver())
    assert len(others) == 2
    assert [each.id for each in catalogue.candidates("best")] == ["b/two", "a/one"]
    with pytest.raises(NotFound):
        catalogue.candidates("a/on")
