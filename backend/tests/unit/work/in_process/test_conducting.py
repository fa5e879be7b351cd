"""Runs conducted in this process, on a virtual clock: turns, leases, resumption."""

from tests.unit.work.in_process.stage import Stage
from ultra.work.in_process import UNBEGUN_S


async def test_a_submitted_run_is_kept_and_conducted(stage: Stage) -> None:
    """At once, under a lease of its own, to its end."""
    async with stage.executor() as executor:
        await executor.submit(stage.run())
        await stage.system.settled()
        assert stage.outcome() == ("running", None)
        assert executor.working_on == ("run_0",)
        stage.may_end.set()
        await stage.system.settled()
        assert stage.outcome() == ("complete", None)
        assert executor.working_on == ()


async def test_runs_beyond_the_bound_wait_their_turn(stage: Stage) -> None:
    """Owners take turns, and each owner's runs begin in order."""
    async with stage.executor(concurrency=1) as executor:
        for number in range(3):
            await executor.submit(stage.run(number))
        await executor.submit(stage.run(3, owner="eve"))
        await stage.system.settled()
        assert stage.begun == ["run_0"]
        stage.may_end.set()
        await stage.system.settled()
        assert stage.begun == ["run_0", "run_3", "run_1", "run_2"]


async def test_a_lease_is_renewed_while_the_run_lasts(stage: Stage) -> None:
    """However long it takes, nobody else can claim it."""
    async with stage.executor() as executor:
        await executor.submit(stage.run())
        for _ in range(20):
            await stage.system.tick(10)
            assert stage.runs.rows["run_0"].is_held(stage.system.now())
        stage.may_end.set()


async def test_what_a_dead_process_left_is_resumed(stage: Stage) -> None:
    """At the start, and later as soon as a lease has run out, oldest first."""
    for number in range(3):
        await stage.runs.create(stage.run(number))
        stage.system.advance(1)
    await stage.runs.claim("run_1", worker="dead", until=stage.system.now())
    late = stage.system.now()
    async with stage.executor() as executor:
        await stage.system.settled()
        assert stage.begun == ["run_0", "run_1", "run_2"]
        await stage.runs.create(stage.run(3))
        await stage.runs.claim("run_3", worker="dead", until=late.replace(year=late.year + 1))
        stage.runs.rows["run_3"].until = late
        await stage.system.tick(1.5)
        assert stage.begun[-1] == "run_3"
        stage.may_end.set()
        await stage.system.settled()
        assert executor.working_on == ()


async def test_one_that_does_not_adopt_leaves_others_alone(stage: Stage) -> None:
    """It conducts what it was given, and nothing else."""
    await stage.runs.create(stage.run(0))
    async with stage.executor(adopts=False) as executor:
        await executor.submit(stage.run(1))
        await stage.system.tick(60)
        assert stage.begun == ["run_1"]
        stage.may_end.set()


async def test_each_claim_has_a_lease_of_its_own(stage: Stage) -> None:
    """Two runs of one worker cannot be mistaken for one another; the name of the worker stands in front."""
    async with stage.executor() as executor:
        await executor.submit(stage.run(0))
        await executor.submit(stage.run(1))
        await stage.system.settled()
        assert len(set(stage.leases)) == 2
        assert all(lease.startswith("w1/") for lease in stage.leases)
        stage.may_end.set()


async def test_a_conduct_whose_lease_was_taken_is_stopped(stage: Stage) -> None:
    """It writes nothing more, and the other worker's run goes on."""
    async with stage.executor() as executor:
        await executor.submit(stage.run())
        await stage.system.settled()
        stage.runs.rows["run_0"].worker = "thief"
        stage.runs.rows["run_0"].until = stage.system.now().replace(year=2100)
        await stage.system.tick(12)
        assert executor.working_on == ()
        assert stage.outcome() == ("running", None)
        assert stage.runs.rows["run_0"].worker == "thief"


async def test_what_a_dead_process_may_not_resume_is_ended(stage: Stage) -> None:
    """Sooner or later an executor sweeps: begun without a lease, or never begun."""
    await stage.runs.create(stage.run(0, resumable=False))
    await stage.runs.create(stage.run(1, resumable=False))
    await stage.runs.claim("run_0", worker="dead", until=stage.system.now())
    async with stage.executor():
        await stage.system.tick(1)
        assert stage.outcome(0) == ("failed", "interrupted")
        assert stage.outcome(1) == ("queued", None)
        await stage.system.tick(UNBEGUN_S + 60)
        assert stage.outcome(1) == ("failed", "interrupted")
    assert stage.begun == []
