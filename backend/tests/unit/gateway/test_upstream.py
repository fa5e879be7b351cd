"""One upstream call: closed at once in every case, settled the moment it ends, never passing half for whole."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from ultra.domain.chat import Delta, Finished, PartEnded, PartStarted, Started
from ultra.domain.completion import gather
from ultra.domain.errors import Overloaded, TimedOut, Truncated

BEGUN = Started("id-1", "a", "one")
SLOW = 50.0


class _Careless:
    """A provider that knows no deadline and streams from an async generator."""

    name = "a"

    def __init__(self, *lines) -> None:
        self.lines = lines
        self.left: list[str] = []
        self.given = 0
        self.streams: list[object] = []
        """Kept, so that nothing is closed for being forgotten."""

    @asynccontextmanager
    async def open(self, request, *, deadline):
        await self._wait("entering")
        try:
            self.streams.append(self._events())
            yield self.streams[-1]
        finally:
            self.left.append("stream")

    async def _events(self):
        try:
            for line in self.lines:
                if line == "hang":
                    await asyncio.get_running_loop().create_future()
                elif isinstance(line, Exception):
                    raise line
                else:
                    self.given += 1
                    yield line
        finally:
            self.left.append("events")

    async def _wait(self, where: str) -> None:
        if where in self.lines:
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                self.left.append(where)

    async def list_models(self):
        return ()


def _with(bench, *lines) -> _Careless:
    provider = _Careless(*lines)
    bench.providers["a"] = provider
    return provider


@pytest.mark.parametrize(
    ("lines", "left"),
    [
        (("entering",), ["entering"]),
        (("hang",), ["events", "stream"]),
        ((BEGUN, PartStarted(0, "text"), Delta(0, "half"), "hang"), ["events", "stream"]),
    ],
)
async def test_the_deadline_holds_where_the_provider_knows_none(bench, lines, left) -> None:
    """Connecting, silence and streaming end at the deadline, and what was open is closed then."""
    provider = _with(bench, *lines)
    with pytest.raises(TimedOut) as caught:
        await bench.ask("a/one", call=bench.call(10))
    assert bench.system.monotonic() == 1010
    assert provider.left == left
    assert (caught.value.provider, caught.value.model) == ("a", "a/one")
    assert bench.outcomes == [("a/one", "failed", "timed_out")]


async def test_a_slow_reader_is_held_to_the_deadline_too(bench) -> None:
    """Back-pressure does not buy time: the next wait after the deadline raises."""
    _with(bench, BEGUN, PartStarted(0, "text"), Delta(0, "a"), Delta(0, "b"), Finished("stop"))
    async with bench.gateway.open(bench.request("a/one"), bench.call(10)) as stream:
        await anext(stream)
        await bench.system.sleep(60)
        with pytest.raises(TimedOut):
            await anext(stream)


async def _leave(bench, *, stream: bool) -> None:
    """Start asking, let it come to rest, cancel it, and wait until it is gone."""
    task = asyncio.create_task(bench.ask("a/one", stream=stream))
    await bench.system.tick(1)
    assert (bench.a.opened, bench.a.closed) == (1, 0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    "lines",
    [[SLOW, BEGUN], [BEGUN, SLOW], [BEGUN, PartStarted(0, "text"), Delta(0, "half"), SLOW]],
    ids=["before it accepts", "before the first token", "mid-stream"],
)
async def test_a_caller_who_leaves_closes_the_vendors_stream(bench, lines, stream) -> None:
    """At once, without any time passing, whether the caller reads on or only waits for the whole."""
    bench.system.jumps = False
    before = asyncio.all_tasks()
    bench.plan("a/one", [*lines, Finished("stop")])
    await _leave(bench, stream=stream)
    assert bench.a.closed == 1
    assert bench.system.monotonic() == 1001
    assert bench.outcomes == [("a/one", "cancelled", None)]
    assert bench.gateway.breakers.state("a/one").state == "closed"
    await bench.system.settled()
    assert asyncio.all_tasks() == before


async def test_a_caller_who_stops_reading_has_cancelled(bench) -> None:
    """Leaving the body early without any error closes and settles as well."""
    async with bench.gateway.open(bench.request("a/one"), bench.call()) as stream:
        assert isinstance(await anext(stream), Started)
        assert bench.ledger.open_rows
    assert (bench.a.closed, bench.outcomes) == (1, [("a/one", "cancelled", None)])


async def test_a_generator_is_closed_before_its_stream(bench) -> None:
    """A provider's iterator that can be closed is, there and then, not when somebody collects the garbage."""
    provider = _with(bench, BEGUN, PartStarted(0, "text"), Delta(0, "half"))
    async with bench.gateway.open(bench.request("a/one"), bench.call()) as stream:
        await anext(stream)
    assert provider.left == ["events", "stream"]


async def test_a_callers_own_error_is_not_the_vendors(bench) -> None:
    """An error raised in the body passes through, and the call counts as left."""
    with pytest.raises(Overloaded):
        async with bench.gateway.open(bench.request("a/one"), bench.call()):
            raise Overloaded("the caller's own")
    assert bench.outcomes == [("a/one", "cancelled", None)]


async def test_a_call_is_settled_when_it_ends_not_when_it_is_left(bench) -> None:
    """At `Finished` the cost is known, before the caller lets go."""
    async with bench.gateway.open(bench.request("a/one"), bench.call()) as stream:
        async for event in stream:
            assert bool(bench.outcomes) == isinstance(event, Finished)
        assert bench.outcomes == [("a/one", "ok", None)]
        assert bench.a.closed == 0
    assert bench.a.closed == 1


async def test_an_end_without_announcement_is_truncation(bench) -> None:
    """A stream that just stops raises, again and again, and never looks complete."""
    _with(bench, BEGUN, PartStarted(0, "text"), Delta(0, "half"))
    async with bench.gateway.open(bench.request("a/one"), bench.call()) as stream:
        with pytest.raises(Truncated):
            await gather(stream)
        with pytest.raises(Truncated):
            await anext(stream)
    assert bench.outcomes == [("a/one", "failed", "truncated")]


async def test_an_error_mid_stream_stays(bench) -> None:
    """Whoever reads on after an error gets the same error, not an end."""
    own = Overloaded("x")
    _with(bench, BEGUN, own)
    async with bench.gateway.open(bench.request("a/one"), bench.call()) as stream:
        for _ in range(2):
            with pytest.raises(Overloaded) as caught:
                await gather(stream)
            assert caught.value is own


async def test_nothing_at_all_is_truncation_too(bench) -> None:
    """An empty stream fails on entering, where it is still worth another try."""
    _with(bench)
    with pytest.raises(Truncated):
        async with bench.gateway.open(bench.request("a/one"), bench.call()):
            pytest.fail("nobody accepted")
    assert bench.outcomes == [("a/one", "failed", "truncated")] * 3


async def test_a_finished_answer_is_not_thrown_away(bench) -> None:
    """What goes wrong after `Finished` no longer matters."""
    _with(bench, BEGUN, PartStarted(0, "text"), Delta(0, "whole"), Finished("stop"), Truncated("late"))
    assert (await bench.ask("a/one")).text == "whole"
    assert bench.outcomes == [("a/one", "ok", None)]


async def test_the_vendors_stream_is_read_to_its_end(bench) -> None:
    """After `Finished` the vendor's stream is drained, so that its connection can serve again."""
    provider = _with(bench, BEGUN, Finished("stop"))
    async with bench.gateway.open(bench.request("a/one"), bench.call()) as stream:
        await gather(stream)
        assert provider.left == ["events"]


async def test_events_are_taken_one_at_a_time(bench) -> None:
    """Nothing is read ahead of the caller but the first event."""
    provider = _with(bench, BEGUN, PartStarted(0, "text"), Delta(0, "a"), Finished("stop"))
    async with bench.gateway.open(bench.request("a/one"), bench.call()) as stream:
        assert provider.given == 1
        for expected in (1, 2, 3):
            await anext(stream)
            await bench.system.settled()
            assert provider.given == expected


async def test_started_tells_the_vendors_model_and_our_provider(bench) -> None:
    """`model` stays what the vendor said; `provider` is the name it has here."""
    completion = await bench.ask("a/one")
    assert (completion.provider, completion.model, completion.id) == ("a", "as-the-vendor-says", "id-1")


async def test_a_mistake_in_a_provider_is_written_down(bench) -> None:
    """An exception that is none of ours passes as it is, settles the row, and does not speak against the vendor."""
    provider = _with(bench, ValueError("a mistake"))
    for _ in range(6):
        with pytest.raises(ValueError, match="a mistake"):
            await bench.ask("a/one")
    assert bench.outcomes == [("a/one", "failed", "internal")] * 6
    assert provider.left == ["events", "stream"] * 6
    assert bench.gateway.breakers.state("a/one").state == "closed"


class _Bursting:
    """A provider whose whole answer came in one piece."""

    name = "a"

    def __init__(self, *events) -> None:
        self.events = list(events)

    @asynccontextmanager
    async def open(self, request, *, deadline):
        yield self

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self.events:
            raise StopAsyncIteration
        return self.events.pop(0)

    def ready(self):
        return self.events.pop(0) if self.events else None

    async def list_models(self):
        return ()


async def test_what_came_together_need_not_be_awaited(bench) -> None:
    """Events that are there are given without a wait, counted and settled like all others, and none is given twice."""
    told = [PartStarted(0, "text"), Delta(0, "Hel"), Delta(0, "lo"), PartEnded(0), Finished("stop")]
    bench.providers["a"] = _Bursting(BEGUN, *told)
    async with bench.gateway.open(bench.request("a/one"), bench.call(10)) as stream:
        assert stream.ready() is None, "the first one was taken by entering and is given by iterating"
        assert await anext(stream) == BEGUN
        assert [stream.ready() for _ in told] == told
        assert stream.ready() is None
        assert stream.receipt.usage.output_total == 2
        assert [outcome for _, outcome, _ in bench.outcomes] == ["ok"]
        with pytest.raises(StopAsyncIteration):
            await anext(stream)


async def test_a_stream_that_offers_nothing_at_once_is_awaited(bench) -> None:
    """A provider that knows no `ready` is asked event by event."""
    _with(bench, BEGUN, Finished("stop"))
    async with bench.gateway.open(bench.request("a/one"), bench.call(10)) as stream:
        assert stream.ready() is None
        assert [event async for event in stream] == [BEGUN, Finished("stop")]
