"""An interrupted run is carried on by another worker, without paying twice for what is known."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.fakes.catalogue import model
from tests.fakes.completions import Reply, Said
from tests.unit.analysis.conftest import PRICE, World, build
from ultra.domain.analysis import Run
from ultra.domain.errors import NetworkFailed
from ultra.domain.ports import LeaseLost


def scripted(world: World, flow: str) -> None:
    """Answer differently by model and stage, at different speeds, one member failing."""

    def script(request: object, call: object) -> Said:
        stage, name = call.stage, request.model
        if name == "b/two" and stage == "answer":
            return NetworkFailed("Reset.")
        return Reply(f"Words of {name} at {stage}.", delay=0.2 + 0.1 * len(name), pace=0.05)

    world.completions.default = script


async def undisturbed(flow: str) -> tuple[Run, int, int]:
    """Conduct a run to its end; return it with the numbers of calls and of journal transactions."""
    world = build(models=MODELS_FOR_RESUMPTION)
    scripted(world, flow)
    run = await world.done(flow=flow)
    return run, len(world.completions.asked), world.journal.appends


MODELS_FOR_RESUMPTION = ("a/one", "b/two", "c/three", "d/fourth")


@pytest.mark.parametrize("after_commit", [False, True])
@pytest.mark.parametrize("flow", ["adaptive", "full"])
async def test_a_run_killed_anywhere_resumes_to_the_same_verdict(flow: str, after_commit: bool) -> None:
    """Killed at any transaction and conducted by another worker, a run ends the same and repeats no finished call."""
    whole, calls, appends = await undisturbed(flow)
    assert whole.verdict is not None
    for point in range(1, appends + 1):
        world = build(models=MODELS_FOR_RESUMPTION)
        scripted(world, flow)
        run = await world.begin(flow=flow)
        if after_commit:
            world.journal.die_after = point
        else:
            world.journal.die_before = point
        with pytest.raises(asyncio.CancelledError):
            await asyncio.ensure_future(world.conduct(run, "worker-1"))
        finished = {event.data["call_key"] for event in world.events(run, "answer.done", "answer.failed")}
        begun = {event.data["call_key"] for event in world.events(run, "call.started")}
        left_open = begun - finished
        asked_before = len(world.completions.asked)
        world.system.advance(3601)
        world.runs.rows[run.id].run = moved(world.runs.rows[run.id].run, 3601)
        kept = await world.conduct(run, "worker-2")
        assert kept.verdict is not None
        assert kept.status == whole.status, point
        assert without_warnings(kept) == without_warnings(whole), point
        starts = world.events(run, "call.started")
        again = [event.data for event in starts if event.data["attempt"] > 1]
        assert {data["call_key"] for data in again} == left_open, point
        assert all(data["possible_double_charge"] for data in again)
        assert len(starts) == calls + len(left_open), point
        flagged = [asked for asked in world.completions.asked[asked_before:] if asked.call.possible_double_charge]
        assert len(flagged) == len(left_open), point
        last = world.events(run)[-1]
        assert last.data["possible_double_charge"] == len(left_open)
        told = sum("paid twice" in warning for warning in kept.verdict.warnings)
        assert told == len(left_open), point
        assert [event.seq for event in world.events(run)] == list(range(1, last.seq + 1))
        for kind in ("run.started", "run.done", "synthesis.done", "provisional", "agreement"):
            assert len(world.events(run, kind)) == 1, (point, kind)


def moved(run: Run, seconds: float) -> Run:
    """Give a run that waited for its new worker the time back."""
    assert run.deadline_at is not None
    return replace(run, deadline_at=run.deadline_at + timedelta(seconds=seconds))


def without_warnings(run: Run) -> object:
    """Return the verdict but for what only an interruption explains."""
    assert run.verdict is not None
    return replace(run.verdict, warnings=())


async def test_a_resumed_run_keeps_its_panel_and_deadline(world: World) -> None:
    """What the catalogue says by then does not change who is asked; a deadline that passed ends the waiting."""
    world.completions.default = lambda request, call: Reply("Words.", delay=1.0 if request.model != "c/three" else 50.0)
    run = await world.begin(deadline_s=100, flow="adaptive")
    world.journal.die_after = 6
    with pytest.raises(asyncio.CancelledError):
        await asyncio.ensure_future(world.conduct(run))
    world.catalogue.put(model("z/new", price=PRICE, strength=99))
    finished = len(world.events(run, "answer.done"))
    assert finished >= 1
    world.system.advance(4000)
    kept = await world.conduct(run, "worker-2")
    assert kept.status in ("single", "unsynthesised")
    assert not world.completions.asked_of("z/new")
    assert len(world.events(run, "answer.done")) == finished


async def test_a_run_that_only_had_to_end_asks_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed just before its end, a run is finished from the journal alone."""
    run = await world.begin()
    finish = world.runs.finish

    async def killed(*args: object, **named: object) -> None:
        raise LeaseLost

    monkeypatch.setattr(world.runs, "finish", killed)
    await world.conduct(run)
    calls = len(world.completions.asked)
    monkeypatch.setattr(world.runs, "finish", finish)
    await world.runs.release(run.id, worker="worker-1")
    kept = await world.conduct(run, "worker-2")
    assert kept.status == "complete"
    assert len(world.completions.asked) == calls
