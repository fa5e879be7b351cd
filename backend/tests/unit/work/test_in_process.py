"""Runs conducted in this process, on a virtual clock."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.fakes.journal import FakeJournal
from tests.fakes.runs import FakeRuns
from tests.fakes.system import FakeSystem
from ultra.domain.analysis import NewEvent, Question, Run, RunOptions
from ultra.domain.errors import Overloaded, Unavailable
from ultra.domain.ports import Conduct
from ultra.work.in_process import UNBEGUN_S, InProcessExecutor


class Stage:
    """A store, a clock that a test turns, and a conduct that does as told."""

    def __init__(self) -> None:
        self.system = FakeSystem(jumps=False)
        self.runs = FakeRuns(system=self.system)
        self.journal = FakeJournal(runs=self.runs, system=self.system)
        self.begun: list[str] = []
        self.leases: list[str] = []
        self.may_end = asyncio.Event()

    def executor(self, conduct: Conduct | None = None, **changes: Any) -> InProcessExecutor:
        """Make an executor that is not open yet."""
        settings: dict[str, Any] = {"worker": "w1", "lease_s": 30.0, "poll_s": 1.0, "grace_s": 5.0, "concurrency": 8}
        return InProcessExecutor(
            runs=self.runs, conduct=conduct or self.conduct, system=self.system, **settings | changes
        )

    async def conduct(self, run: Run, worker: str) -> None:
        """Begin, wait until the test says so, and end the run."""
        self.begun.append(run.id)
        self.leases.append(worker)
        await self.journal.append(run.id, [NewEvent("run.started", {})], worker=worker)
        await self.may_end.wait()
        await self.end(run.id, worker)

    async def end(self, run_id: str, worker: str) -> None:
        """End it well."""
        await self.runs.finish(
            run_id,
            worker=worker,
            status="complete",
            verdict=None,
            cost_usd=None,
            error_kind=None,
            error=None,
            event=NewEvent("run.done", {}),
        )

    def run(self, number: int = 0, *, owner: str = "ada", **options: Any) -> Run:
        """Describe a run."""
        return Run(
            id=f"run_{number}",
            owner=owner,
            question=Question(prompt="?"),
            options=RunOptions(**options),
            panel=(),
            status="queued",
            created_at=self.system.now(),
        )

    def outcome(self, number: int = 0) -> tuple[str, str | None]:
        """Return a run's status and the kind of its error."""
        run = self.runs.rows[f"run_{number}"].run
        return run.status, run.error_kind

    def events(self, number: int = 0) -> list[str]:
        """Return the types in its journal."""
        return [event.type for event in self.runs.rows[f"run_{number}"].events]


@pytest.fixture
def stage() -> Stage:
    """Set the stage."""
    return Stage()


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


async def test_an_unexpected_error_ends_the_run_as_failed(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """With the kind `internal`, and the traceback in the log but not in the run."""

    async def broken(_run: Run, _worker: str) -> None:
        raise ZeroDivisionError("secret detail")

    async with stage.executor(broken) as executor:
        await executor.submit(stage.run())
        await stage.system.settled()
        assert stage.outcome() == ("failed", "internal")
        assert stage.events() == ["run.failed"]
        assert "secret detail" not in str(stage.runs.rows["run_0"])
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError


async def test_a_conduct_that_forgets_to_end_its_run_is_a_mistake(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """The run fails as internal instead of being begun again and again."""

    async def forgetful(_run: Run, _worker: str) -> None:
        return

    async with stage.executor(forgetful) as executor:
        await executor.submit(stage.run())
        await stage.system.settled()
        assert stage.outcome() == ("failed", "internal")
    assert "without ending it" in caplog.text


async def test_a_conduct_that_lost_its_lease_and_returns_is_none(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is written about somebody else's run, and nothing is complained of."""

    async def silent(run: Run, _worker: str) -> None:
        stage.runs.rows[run.id].worker = "thief"

    async with stage.executor(silent) as executor:
        await executor.submit(stage.run())
        await stage.system.settled()
        assert stage.outcome() == ("running", None)
    assert not caplog.records


@pytest.mark.parametrize("wrapped", [False, True])
async def test_a_run_whose_store_was_away_is_resumed(stage: Stage, wrapped: bool) -> None:
    """It does not fail: when its lease has run out it is conducted again."""
    attempts = 0

    async def unlucky(run: Run, worker: str) -> None:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            away = Unavailable("The store cannot be reached.", code="store_unreachable")
            if wrapped:
                raise RuntimeError("The journal could not be written.") from away
            raise away
        await stage.end(run.id, worker)

    async with stage.executor(unlucky) as executor:
        await executor.submit(stage.run())
        await stage.system.settled()
        assert stage.outcome() == ("running", None)
        await stage.system.tick(35)
        assert (stage.outcome(), attempts) == (("complete", None), 2)


async def test_trouble_with_claims_delays_and_loses_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """While the store is busy a queued run stays queued; afterwards it is conducted."""

    async def busy(*_: object, **__: object) -> Run | None:
        raise Overloaded("The store is busy.", code="store_busy")

    async with stage.executor() as executor:
        await stage.system.settled()
        monkeypatch.setattr(stage.runs, "claim", busy)
        await executor.submit(stage.run())
        await stage.system.tick(3)
        assert stage.begun == []
        monkeypatch.undo()
        await stage.system.tick(1.5)
        assert stage.begun == ["run_0"]
        stage.may_end.set()
    assert "The store is busy." in caplog.text


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
