"""`Journal`, kept by every twin alike."""

import asyncio
import time

import pytest

from tests.twins.shelf import Shelf, finish, keep
from ultra.domain.analysis import NewEvent
from ultra.domain.ports import LeaseLost

STARTED = NewEvent("run.started", {})


async def claimed(shelf: Shelf, worker: str = "w1") -> str:
    """Create a run and claim it; returns its id."""
    run = await keep(shelf)
    await shelf.runs.claim(run.id, worker=worker, until=shelf.later(30))
    return run.id


async def test_events_are_numbered_without_gaps(shelf: Shelf) -> None:
    """Numbers begin at 1 and go on over calls; what append returns is what read returns."""
    run_id = await claimed(shelf)
    before = shelf.system.now()
    first = await shelf.journal.append(run_id, [STARTED, NewEvent("stage.started", {"stage": "ask"})], worker="w1")
    second = await shelf.journal.append(run_id, [NewEvent("answer.delta", {"text": "a"})], worker="w1")
    read = await shelf.journal.read(run_id)
    assert read == first + second
    assert [event.seq for event in read] == [1, 2, 3]
    assert all(before <= event.at <= shelf.system.now() for event in read)


async def test_data_comes_back_as_it_went_in(shelf: Shelf) -> None:
    """Whatever a model writes survives: NUL, lone surrogates, other alphabets; the order of members too."""
    run_id = await claimed(shelf)
    data = {"z": "\x00 \ud800 é 😀", "a": [1, 2.5, None, True, {"deep": []}], "empty": ""}
    await shelf.journal.append(run_id, [NewEvent("answer.delta", data)], worker="w1")
    (event,) = await shelf.journal.read(run_id)
    assert event.data == data
    assert list(event.data) == list(data)


async def test_reading_goes_on_after_a_number(shelf: Shelf) -> None:
    """`after` and `limit` cut the journal into pages."""
    run_id = await claimed(shelf)
    await shelf.journal.append(run_id, [NewEvent("answer.delta", {"n": n}) for n in range(10)], worker="w1")
    assert [event.seq for event in await shelf.journal.read(run_id, after=3, limit=4)] == [4, 5, 6, 7]
    assert await shelf.journal.read(run_id, after=10) == ()
    assert await shelf.journal.read("run_unknown") == ()


async def test_nothing_is_appended_when_there_is_nothing(shelf: Shelf) -> None:
    """An empty append writes no row and takes no number."""
    run_id = await claimed(shelf)
    assert await shelf.journal.append(run_id, [], worker="w1") == ()
    (event,) = await shelf.journal.append(run_id, [STARTED], worker="w1")
    assert event.seq == 1


@pytest.mark.parametrize("worker", ["w2", ""])
async def test_only_the_holder_of_the_lease_appends(shelf: Shelf, worker: str) -> None:
    """Anybody else has lost it, and nothing is written."""
    run_id = await claimed(shelf)
    with pytest.raises(LeaseLost):
        await shelf.journal.append(run_id, [STARTED], worker=worker)
    assert await shelf.journal.read(run_id) == ()


async def test_nobody_appends_to_what_nobody_claimed_or_what_has_ended(shelf: Shelf) -> None:
    """A queued, a released, a finished and an unknown run take no events."""
    queued = (await keep(shelf)).id
    released, ended = await claimed(shelf), await claimed(shelf)
    await shelf.runs.release(released, worker="w1")
    await finish(shelf, ended)
    for run_id in (queued, released, ended, "run_unknown"):
        with pytest.raises(LeaseLost):
            await shelf.journal.append(run_id, [STARTED], worker="w1")


async def test_many_appenders_leave_no_gap(shelf: Shelf) -> None:
    """Ten at once under one lease: each batch stays together and the numbers are gapless."""
    run_id = await claimed(shelf)
    batches = [[NewEvent("answer.delta", {"by": by, "n": n}) for n in range(3)] for by in range(10)]
    await asyncio.gather(*(shelf.journal.append(run_id, batch, worker="w1") for batch in batches))
    events = await shelf.journal.read(run_id)
    assert [event.seq for event in events] == list(range(1, 31))
    written = [[event.data for event in events[at : at + 3]] for at in range(0, 30, 3)]
    assert sorted(written, key=lambda batch: batch[0]["by"]) == [[event.data for event in batch] for batch in batches]


async def test_a_late_worker_is_fenced_amid_its_appends(shelf: Shelf) -> None:
    """When another claims the run, the first one's further appends fail and the second one's numbers go on."""
    run_id = await claimed(shelf)
    await shelf.journal.append(run_id, [STARTED], worker="w1")
    shelf.turn(31)
    await shelf.runs.claim(run_id, worker="w2", until=shelf.later(30))
    attempts = [
        shelf.journal.append(run_id, [NewEvent("answer.delta", {"by": worker})], worker=worker)
        for worker in ("w1", "w2") * 5
    ]
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    assert [isinstance(outcome, LeaseLost) for outcome in outcomes] == [True, False] * 5
    events = await shelf.journal.read(run_id)
    assert [event.seq for event in events] == list(range(1, 7))
    assert all(event.data["by"] == "w2" for event in events[1:])


async def test_waiting_ends_at_once_when_something_is_there(shelf: Shelf) -> None:
    """Events that are newer than asked for need no waiting."""
    run_id = await claimed(shelf)
    await shelf.journal.append(run_id, [STARTED], worker="w1")
    async with asyncio.timeout(10):
        await shelf.journal.wait(run_id, after=0, patience=60)


async def test_an_append_wakes_all_who_wait(shelf: Shelf) -> None:
    """Everybody who waits for that run goes on, after an append and after the end."""
    run_id = await claimed(shelf)
    waiting = [asyncio.create_task(shelf.journal.wait(run_id, after=0, patience=60)) for _ in range(3)]
    await asyncio.sleep(0.02)
    await shelf.journal.append(run_id, [STARTED], worker="w1")
    async with asyncio.timeout(10):
        await asyncio.gather(*waiting)
    patient = asyncio.create_task(shelf.journal.wait(run_id, after=1, patience=60))
    await asyncio.sleep(0.02)
    await finish(shelf, run_id)
    async with asyncio.timeout(10):
        await patient


async def test_patience_ends(shelf: Shelf) -> None:
    """When nothing comes, waiting returns after its time."""
    run_id = await claimed(shelf)
    began = time.monotonic()
    async with asyncio.timeout(10):
        await shelf.journal.wait(run_id, after=0, patience=0.05)
    assert time.monotonic() - began >= 0.04


async def test_a_follower_sees_every_event_once(shelf: Shelf) -> None:
    """Reading and waiting in turn yields the whole journal in order while it is being written."""
    run_id = await claimed(shelf)
    seen: list[int] = []

    async def follow() -> None:
        while len(seen) < 21:
            seen.extend([event.seq for event in await shelf.journal.read(run_id, after=len(seen))])
            await shelf.journal.wait(run_id, after=len(seen), patience=0.05)

    following = asyncio.create_task(follow())
    for number in range(20):
        await shelf.journal.append(run_id, [NewEvent("answer.delta", {"n": number})], worker="w1")
    await finish(shelf, run_id)
    async with asyncio.timeout(20):
        await following
    assert seen == list(range(1, 22))
