"""What happens to runs when their process ends."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.unit.work.in_process.stage import Stage
from ultra.domain.errors import Unavailable
from ultra.work.in_process import InProcessExecutor


async def test_leaving_lets_runs_end(stage: Stage) -> None:
    """Within the grace they finish; nothing new is taken meanwhile."""
    executor = stage.executor()
    await executor.__aenter__()
    await executor.submit(stage.run(0))
    await stage.system.settled()
    leaving = asyncio.create_task(executor.__aexit__(None, None, None))
    await asyncio.sleep(0.01)
    with pytest.raises(Unavailable) as refused:
        await executor.submit(stage.run(1))
    assert refused.value.code == "shutting_down"
    assert "run_1" not in stage.runs.rows
    stage.may_end.set()
    async with asyncio.timeout(10):
        await leaving
    assert stage.outcome(0) == ("complete", None)


async def left(stage: Stage, *, when: Callable[[InProcessExecutor], Awaitable[None]]) -> None:
    """Open an executor with one place and no grace, do something, and leave it."""
    async with asyncio.timeout(10), stage.executor(concurrency=1, grace_s=0.0) as executor:
        await when(executor)
        await stage.system.settled()


async def test_leaving_hands_unfinished_runs_on(stage: Stage) -> None:
    """What may be resumed is free for the next process at once; what waited still waits."""

    async def submit(executor: InProcessExecutor) -> None:
        await executor.submit(stage.run(0))
        await executor.submit(stage.run(1))

    await left(stage, when=submit)
    assert [stage.outcome(number)[0] for number in (0, 1)] == ["running", "queued"]
    assert not stage.runs.rows["run_0"].is_held(stage.system.now())
    stage.may_end.set()
    async with stage.executor(worker="w2"):
        await stage.system.settled()
    assert [stage.outcome(number)[0] for number in (0, 1)] == ["complete", "complete"]
    assert stage.events(0) == ["run.started", "run.started", "run.done"]


async def test_leaving_ends_what_may_not_be_resumed(stage: Stage) -> None:
    """Begun or waiting, it fails as interrupted, with a last event."""

    async def submit(executor: InProcessExecutor) -> None:
        await executor.submit(stage.run(0, resumable=False))
        await executor.submit(stage.run(1, resumable=False))

    await left(stage, when=submit)
    assert [stage.outcome(number) for number in (0, 1)] == [("failed", "interrupted")] * 2
    assert (stage.events(0), stage.events(1)) == (["run.started", "run.failed"], ["run.failed"])
