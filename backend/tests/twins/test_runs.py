"""`Runs`, kept by every twin alike."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.twins.shelf import DELETION, VERDICT, Shelf, finish, keep
from ultra.domain.analysis import Document, NewEvent, Question, Run, RunOptions
from ultra.domain.chat import Image, Message, Text
from ultra.domain.errors import Conflict, InvalidRequest
from ultra.domain.ports import LeaseLost


async def test_a_run_comes_back_as_it_was_created(shelf: Shelf) -> None:
    """Every part of the question and the options survives, bytes, decimals and strange characters included."""
    run = Run(
        id="run_1",
        owner="ada",
        question=Question(
            prompt="Is this\x00 true? \ud800 😀",
            context=(Document("a.txt", "text"),),
            images=(Image(data=b"\x00\xff", media_type="image/png"),),
            history=(Message("user", (Text("before"),)),),
        ),
        options=RunOptions(pattern="fact-check", models=("a", "b"), budget_usd=Decimal("0.050"), deadline_s=12.5),
        panel=("mock/a", "mock/b"),
        status="queued",
        created_at=shelf.system.now(),
        follow_up_to="run_0",
        request_id="req_1",
    )
    await shelf.runs.create(run)
    assert await shelf.runs.get("run_1", owner="ada") == run


async def test_an_id_is_taken_once(shelf: Shelf) -> None:
    """A second run with the same id is a conflict, and the first stays."""
    run = await keep(shelf)
    with pytest.raises(Conflict):
        await shelf.runs.create(replace(run, owner="eve"))
    assert await shelf.runs.get(run.id, owner="ada") == run


async def test_runs_of_others_do_not_exist(shelf: Shelf) -> None:
    """Neither reading nor listing, cancelling or deleting reaches another owner's run; a worker sees all."""
    run = await keep(shelf, owner="ada")
    assert await shelf.runs.get(run.id, owner="eve") is None
    assert (await shelf.runs.page(owner="eve", limit=10, cursor=None, status=None, search=None)).runs == ()
    assert not await shelf.runs.request_cancel(run.id, owner="eve")
    assert not await shelf.runs.delete(run.id, DELETION, owner="eve")
    assert await shelf.runs.get(run.id, owner=None) == run


async def test_pages_walk_the_history_newest_first(shelf: Shelf) -> None:
    """Following the cursor shows each run once, even when some were created at the same moment."""
    made = [await keep(shelf, prompt=f"{number}") for number in range(4)]
    moment = shelf.later(60)
    for number in range(3):
        twin = replace(made[0], id=f"run_same_{number}", created_at=moment)
        await shelf.runs.create(twin)
        made.append(twin)
    seen: list[str] = []
    cursor = None
    for _ in range(4):
        page = await shelf.runs.page(owner="ada", limit=2, cursor=cursor, status=None, search=None)
        seen += [run.id for run in page.runs]
        cursor = page.next
    assert cursor is None
    assert seen == [run.id for run in sorted(made, key=lambda run: (run.created_at, run.id), reverse=True)]


async def test_a_full_last_page_has_no_next(shelf: Shelf) -> None:
    """When the page ends with the oldest run there is nothing to follow."""
    for _ in range(2):
        await keep(shelf)
    assert (await shelf.runs.page(owner="ada", limit=2, cursor=None, status=None, search=None)).next is None


@pytest.mark.parametrize(
    ("term", "found"),
    [
        ("CAPITAL", ["a"]),
        ("ÜBER", ["b"]),
        ("100%", ["c"]),
        ("%", ["c"]),
        ("_", []),
        ("nothing", []),
        ("", ["c", "b", "a"]),
    ],
)
async def test_search_looks_into_the_prompt(shelf: Shelf, term: str, found: list[str]) -> None:
    """Case does not matter in any alphabet, and wildcards are ordinary characters."""
    names = {}
    for name, prompt in (("a", "The capital of France?"), ("b", "Etwas über Bären"), ("c", "Is 100% enough?")):
        names[(await keep(shelf, prompt=prompt)).id] = name
        shelf.turn(1)
    page = await shelf.runs.page(owner="ada", limit=10, cursor=None, status=None, search=term)
    assert [names[run.id] for run in page.runs] == found


async def test_status_filters_the_history(shelf: Shelf) -> None:
    """Only runs of that status are listed."""
    run, _ = await keep(shelf), await keep(shelf)
    await shelf.runs.claim(run.id, worker="w1", until=shelf.later(30))
    page = await shelf.runs.page(owner="ada", limit=10, cursor=None, status="running", search=None)
    assert [each.id for each in page.runs] == [run.id]


@pytest.mark.parametrize("cursor", ["", "nonsense", "4pyT", "MjAyNiBy", "....", "\ud800"])
async def test_an_invented_cursor_is_refused(shelf: Shelf, cursor: str) -> None:
    """A cursor that was not given out is bad input, not a crash and not an empty page."""
    with pytest.raises(InvalidRequest):
        await shelf.runs.page(owner="ada", limit=10, cursor=cursor, status=None, search=None)


async def test_the_first_claim_sets_the_times(shelf: Shelf) -> None:
    """A claim makes the run running, begun now, with its deadline counted from now."""
    run = await keep(shelf, deadline_s=90)
    shelf.turn(1000)
    before = shelf.system.now()
    claimed = await shelf.runs.claim(run.id, worker="w1", until=shelf.later(30))
    assert claimed is not None
    assert claimed.started_at is not None
    assert before <= claimed.started_at <= shelf.system.now()
    assert claimed == replace(
        run,
        status="running",
        started_at=claimed.started_at,
        deadline_at=claimed.started_at + timedelta(seconds=90),
    )
    assert await shelf.runs.get(run.id, owner="ada") == claimed


async def test_a_resumption_keeps_the_times(shelf: Shelf) -> None:
    """The deadline is absolute: a second claim does not move it."""
    run = await keep(shelf)
    first = await shelf.runs.claim(run.id, worker="w1", until=shelf.later(30))
    shelf.turn(31)
    assert await shelf.runs.claim(run.id, worker="w2", until=shelf.later(30)) == first


async def test_a_live_lease_is_not_taken(shelf: Shelf) -> None:
    """Neither by name nor by asking for any work; one that ran out is."""
    run = await keep(shelf)
    assert await shelf.runs.claim(run.id, worker="w1", until=shelf.later(30))
    assert await shelf.runs.claim(run.id, worker="w2", until=shelf.later(30)) is None
    assert await shelf.runs.claim(None, worker="w2", until=shelf.later(30)) is None
    shelf.turn(31)
    assert await shelf.runs.claim(None, worker="w2", until=shelf.later(30))


async def test_any_work_is_the_oldest_first(shelf: Shelf) -> None:
    """Claims without a name take unfinished runs in the order of their creation, until none is left."""
    made = []
    for _ in range(3):
        made.append((await keep(shelf)).id)
        shelf.turn(1)
    claims = [await shelf.runs.claim(None, worker=f"w{number}", until=shelf.later(30)) for number in range(4)]
    assert [run and run.id for run in claims] == [*made, None]


async def test_a_finished_or_unknown_run_cannot_be_claimed(shelf: Shelf) -> None:
    """There is nothing to do about them."""
    run = await keep(shelf)
    await shelf.runs.claim(run.id, worker="w1", until=shelf.later(30))
    await finish(shelf, run.id)
    shelf.turn(60)
    assert await shelf.runs.claim(run.id, worker="w2", until=shelf.later(30)) is None
    assert await shelf.runs.claim("run_unknown", worker="w2", until=shelf.later(30)) is None


@pytest.mark.parametrize("by_name", [True, False])
async def test_one_of_many_claimants_wins(shelf: Shelf, by_name: bool) -> None:
    """Twenty claims at once, and exactly one gets the run."""
    run = await keep(shelf)
    wanted = run.id if by_name else None
    claims = (shelf.runs.claim(wanted, worker=f"w{number}", until=shelf.later(30)) for number in range(20))
    assert sum(claimed is not None for claimed in await asyncio.gather(*claims)) == 1


async def test_many_claimants_share_the_work(shelf: Shelf) -> None:
    """As many runs as claimants: nobody goes away empty, nobody gets what another has."""
    made = {(await keep(shelf)).id for _ in range(8)}
    claims = (shelf.runs.claim(None, worker=f"w{number}", until=shelf.later(30)) for number in range(8))
    assert {run.id for run in await asyncio.gather(*claims) if run} == made


async def test_a_renewed_lease_lives_on(shelf: Shelf) -> None:
    """Renewal moves the end of the lease; only its holder can do it."""
    run = await keep(shelf)
    await shelf.runs.claim(run.id, worker="w1", until=shelf.later(30))
    shelf.turn(20)
    assert await shelf.runs.renew(run.id, worker="w1", until=shelf.later(30))
    assert not await shelf.runs.renew(run.id, worker="w2", until=shelf.later(300))
    shelf.turn(20)
    assert await shelf.runs.claim(run.id, worker="w2", until=shelf.later(30)) is None


async def test_who_lost_the_lease_learns_it(shelf: Shelf) -> None:
    """After another worker's claim, the first can neither renew, release, nor finish."""
    run = await keep(shelf)
    await shelf.runs.claim(run.id, worker="w1", until=shelf.later(30))
    shelf.turn(31)
    await shelf.runs.claim(run.id, worker="w2", until=shelf.later(30))
    assert not await shelf.runs.renew(run.id, worker="w1", until=shelf.later(30))
    await shelf.runs.release(run.id, worker="w1")
    assert await shelf.runs.renew(run.id, worker="w2", until=shelf.later(30))
    with pytest.raises(LeaseLost):
        await finish(shelf, run.id, worker="w1")
    after = await shelf.runs.get(run.id, owner=None)
    assert after is not None
    assert (after.status, after.verdict) == ("running", None)


async def test_a_released_run_is_taken_at_once(shelf: Shelf) -> None:
    """Giving the lease back makes room for the next worker without waiting for its end."""
    run = await keep(shelf)
    await shelf.runs.claim(run.id, worker="w1", until=shelf.later(3000))
    await shelf.runs.release(run.id, worker="w1")
    assert await shelf.runs.claim(None, worker="w2", until=shelf.later(30))


async def test_finishing_keeps_verdict_and_last_event(shelf: Shelf) -> None:
    """Status, verdict, cost to the last digit and the last event are there together."""
    run = await keep(shelf)
    await shelf.runs.claim(run.id, worker="w1", until=shelf.later(30))
    await shelf.journal.append(run.id, [NewEvent("run.started", {})], worker="w1")
    await finish(shelf, run.id)
    ended = await shelf.runs.get(run.id, owner="ada")
    assert ended is not None
    assert (ended.status, ended.verdict, ended.cost_usd) == ("complete", VERDICT, Decimal("0.000000123456789"))
    assert ended.finished_at is not None
    assert ended.started_at is not None
    assert ended.started_at <= ended.finished_at <= shelf.system.now()
    assert [(event.seq, event.type) for event in await shelf.journal.read(run.id)] == [
        (1, "run.started"),
        (2, "run.done"),
    ]


async def test_a_failure_says_why(shelf: Shelf) -> None:
    """The kind of error and its sentence are kept, without a verdict and without an invented cost."""
    run = await keep(shelf)
    await shelf.runs.claim(run.id, worker="w1", until=shelf.later(30))
    await shelf.runs.finish(
        run.id,
        worker="w1",
        status="failed",
        verdict=None,
        cost_usd=None,
        error_kind="all_failed",
        error="Nobody answered.",
        event=NewEvent("run.failed", {}),
    )
    ended = await shelf.runs.get(run.id, owner="ada")
    assert ended is not None
    assert (ended.status, ended.verdict, ended.cost_usd) == ("failed", None, None)
    assert (ended.error_kind, ended.error) == ("all_failed", "Nobody answered.")


async def test_a_run_ends_once(shelf: Shelf) -> None:
    """A second end is refused even to the worker that wrote the first."""
    run = await keep(shelf)
    await shelf.runs.claim(run.id, worker="w1", until=shelf.later(30))
    await finish(shelf, run.id)
    with pytest.raises(LeaseLost):
        await finish(shelf, run.id)
    assert len(await shelf.journal.read(run.id)) == 1


async def test_asking_for_the_end_is_seen(shelf: Shelf) -> None:
    """The wish is visible to the worker and on the run."""
    run = await keep(shelf)
    assert not await shelf.runs.is_cancelled(run.id)
    assert await shelf.runs.request_cancel(run.id, owner="ada")
    assert await shelf.runs.is_cancelled(run.id)
    after = await shelf.runs.get(run.id, owner="ada")
    assert after is not None
    assert after.cancel_requested
    assert not await shelf.runs.is_cancelled("run_unknown")


async def test_what_has_ended_cannot_be_cancelled(shelf: Shelf) -> None:
    """Asking too late says so, and leaves the run as it ended."""
    run = await keep(shelf)
    await shelf.runs.claim(run.id, worker="w1", until=shelf.later(30))
    await finish(shelf, run.id)
    assert not await shelf.runs.request_cancel(run.id, owner="ada")
    assert not await shelf.runs.is_cancelled(run.id)


async def test_deleting_removes_a_finished_run_with_its_events(shelf: Shelf) -> None:
    """Afterwards neither exists; the second time there is nothing to delete."""
    run = await keep(shelf)
    await shelf.runs.claim(run.id, worker="w1", until=shelf.later(30))
    await finish(shelf, run.id)
    assert await shelf.runs.delete(run.id, DELETION, owner="ada")
    assert await shelf.runs.get(run.id, owner=None) is None
    assert await shelf.journal.read(run.id) == ()
    assert not await shelf.runs.delete(run.id, DELETION, owner="ada")
    (row,) = await shelf.audit.page(limit=10, before=None, action=None, actor=None)
    assert row.entry == DELETION


async def test_deleting_a_running_run_is_a_conflict(shelf: Shelf) -> None:
    """It stays."""
    run = await keep(shelf)
    await shelf.runs.claim(run.id, worker="w1", until=shelf.later(30))
    with pytest.raises(Conflict):
        await shelf.runs.delete(run.id, DELETION, owner="ada")
    assert await shelf.runs.get(run.id, owner="ada")
    assert not await shelf.audit.page(limit=10, before=None, action=None, actor=None)


async def test_what_may_not_be_resumed_is_not_any_work(shelf: Shelf) -> None:
    """A claim without a name passes it over, even when its lease has run out; one by name may begin it."""
    run = await keep(shelf, resumable=False)
    assert await shelf.runs.claim(None, worker="w1", until=shelf.later(30)) is None
    assert await shelf.runs.claim(run.id, worker="w1", until=shelf.later(30))
    shelf.turn(31)
    assert await shelf.runs.claim(None, worker="w2", until=shelf.later(30)) is None


async def test_sweeping_ends_what_lost_its_worker_and_may_not_be_resumed(shelf: Shelf) -> None:
    """It fails as interrupted, with a last event; the late worker has lost its lease."""
    run = await keep(shelf, resumable=False)
    await shelf.runs.claim(run.id, worker="w1", until=shelf.later(30))
    await shelf.journal.append(run.id, [NewEvent("run.started", {})], worker="w1")
    assert await shelf.runs.sweep(queued_before=shelf.later(60)) == ()
    shelf.turn(31)
    assert await shelf.runs.sweep(queued_before=shelf.later(-60)) == (run.id,)
    ended = await shelf.runs.get(run.id, owner="ada")
    assert ended is not None
    assert (ended.status, ended.error_kind) == ("failed", "interrupted")
    assert ended.finished_at is not None
    assert [event.type for event in await shelf.journal.read(run.id)] == ["run.started", "run.failed"]
    with pytest.raises(LeaseLost):
        await finish(shelf, run.id)
    assert await shelf.runs.sweep(queued_before=shelf.later(60)) == ()


async def test_sweeping_ends_what_nobody_ever_began(shelf: Shelf) -> None:
    """Only if it may not be resumed and is old enough."""
    old = await keep(shelf, resumable=False)
    resumable = await keep(shelf)
    shelf.turn(700)
    young = await keep(shelf, resumable=False)
    assert await shelf.runs.sweep(queued_before=shelf.later(-600)) == (old.id,)
    for run in (resumable, young):
        kept = await shelf.runs.get(run.id, owner=None)
        assert kept is not None
        assert kept.status == "queued"


async def test_sweeping_leaves_runs_that_may_be_resumed(shelf: Shelf) -> None:
    """Their expired lease is for the next worker to take."""
    run = await keep(shelf)
    await shelf.runs.claim(run.id, worker="w1", until=shelf.later(30))
    shelf.turn(31)
    assert await shelf.runs.sweep(queued_before=shelf.later(60)) == ()
    assert await shelf.runs.claim(None, worker="w2", until=shelf.later(30))
