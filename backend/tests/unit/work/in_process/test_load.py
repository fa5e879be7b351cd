"""How much an executor has to do, and whether it does it."""

from tests.unit.work.in_process.stage import Stage
from ultra.domain.errors import Unavailable
from ultra.domain.ports import Load


async def test_runs_here_are_counted(stage: Stage) -> None:
    """Those conducted, and those that wait for room."""
    async with stage.executor(concurrency=2) as executor:
        assert executor.load == Load()
        for number in range(5):
            await executor.submit(stage.run(number))
        await stage.system.settled()
        assert executor.load == Load(running=2, waiting=3)
        stage.may_end.set()
        await stage.system.tick(3)
        assert executor.load == Load()


async def test_leases_that_cannot_be_renewed_are_overdue(stage: Stage) -> None:
    """After the span of a lease anybody may take the run."""
    async with stage.executor() as executor:
        await executor.submit(stage.run())
        await stage.system.settled()

        async def away(*_: object, **__: object) -> bool:
            raise Unavailable("The store cannot be reached.")

        there = stage.runs.renew, stage.runs.claim
        stage.runs.renew = stage.runs.claim = away  # type: ignore[method-assign, assignment]  # the store goes away
        await stage.system.tick(29)
        assert executor.load.overdue == 0
        await stage.system.tick(3)
        assert executor.load == Load(running=1, overdue=1)
        stage.runs.renew, stage.runs.claim = there  # type: ignore[method-assign]  # and is back
        await stage.system.tick(2)
        assert executor.load == Load(running=1)
        stage.may_end.set()
        await stage.system.tick(1)


async def test_leases_that_went_to_others_are_counted(stage: Stage) -> None:
    """Since the start."""
    async with stage.executor() as executor:
        await executor.submit(stage.run())
        await stage.system.settled()
        stage.runs.rows["run_0"].worker = "thief"
        await stage.system.tick(12)
        assert executor.load == Load(lost=1)


async def test_one_whose_work_broke_down_says_so(stage: Stage) -> None:
    """A mistake of ours that ends one of its tasks would otherwise be noticed by nobody; leaving is none."""
    async with stage.executor() as executor:
        executor._tasks[0].cancel()
        await stage.system.settled()
        assert not executor.load.is_working
        executor.leave()
        assert executor.is_leaving
        assert executor.load.is_working
