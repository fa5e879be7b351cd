"""Runs that somebody stops, here or from another process."""

import asyncio

from tests.unit.work.in_process.stage import Stage
from ultra.domain.analysis import Run
from ultra.domain.observations import RunEnded


async def test_cancelling_stops_the_conduct_at_once(stage: Stage) -> None:
    """The run ends as cancelled with a last event, even when its conduct says nothing."""
    async with stage.executor() as executor:
        await executor.submit(stage.run())
        await stage.system.settled()
        assert not await executor.cancel("run_0", owner="eve")
        assert await executor.cancel("run_0", owner="ada")
        await stage.system.settled()
        assert stage.outcome() == ("cancelled", "cancelled")
        assert stage.events() == ["run.started", "run.cancelled"]
        assert not await executor.cancel("run_0", owner="ada")
        assert not await executor.cancel("run_1", owner="ada")


async def test_cancelling_before_the_first_step_ends_the_run_too(stage: Stage) -> None:
    """A conduct that never got to run is not forgotten."""
    async with stage.executor() as executor:
        await executor.submit(stage.run())
        while not executor.working_on:  # noqa: ASYNC110 - turn by turn, to stop at the very first
            await asyncio.sleep(0)
        assert await executor.cancel("run_0", owner="ada")
        await stage.system.settled()
        assert stage.outcome() == ("cancelled", "cancelled")
        assert executor.working_on == ()


async def test_a_conduct_that_ends_its_cancelled_run_itself_has_the_last_word(stage: Stage) -> None:
    """What it wrote when it was stopped stays."""

    async def careful(run: Run, worker: str) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await stage.end(run.id, worker)
            raise

    async with stage.executor(careful) as executor:
        await executor.submit(stage.run())
        await stage.system.settled()
        await executor.cancel("run_0", owner="ada")
        await stage.system.settled()
        assert stage.outcome() == ("complete", None)
        assert stage.events() == ["run.done"]


async def test_a_queued_run_is_cancelled_without_being_begun(stage: Stage) -> None:
    """It does not wait for a free place to end."""
    async with stage.executor(concurrency=1) as executor:
        await executor.submit(stage.run(0))
        await executor.submit(stage.run(1))
        await stage.system.settled()
        assert await executor.cancel("run_1", owner="ada")
        assert stage.outcome(1) == ("cancelled", "cancelled")
        stage.may_end.set()
        await stage.system.settled()
        assert stage.begun == ["run_0"]


async def test_a_wish_spoken_elsewhere_is_heard(stage: Stage) -> None:
    """Another process asks for the end; here the run stops within a poll."""
    async with stage.executor() as executor:
        await executor.submit(stage.run())
        await stage.system.settled()
        await stage.runs.request_cancel("run_0", owner="ada")
        await stage.system.tick(1.5)
        assert stage.outcome() == ("cancelled", "cancelled")


async def test_cancelling_what_another_process_conducts_leaves_the_end_to_it(stage: Stage) -> None:
    """Only the wish is written here."""
    await stage.runs.create(stage.run())
    await stage.runs.claim("run_0", worker="other", until=stage.system.now().replace(year=2100))
    async with stage.executor() as executor:
        assert await executor.cancel("run_0", owner="ada")
        assert stage.outcome() == ("running", None)
        assert await stage.runs.is_cancelled("run_0")


async def test_a_run_that_is_ended_here_is_told_once(stage: Stage) -> None:
    """Whether it was under way or waited; what its conduct ended itself is the conduct's to tell."""
    async with stage.executor(concurrency=1) as executor:
        await executor.submit(stage.run(0))
        await executor.submit(stage.run(1))
        await stage.system.settled()
        assert executor.load.waiting == 1
        for number in (1, 0):
            await executor.cancel(f"run_{number}", owner="ada")
        await stage.system.settled()
    ended = [each for each in stage.observer.noticed if isinstance(each, RunEnded)]
    assert [(each.status, each.answered) for each in ended] == [("cancelled", 0), ("cancelled", 0)]
