"""A store, a clock and a conduct among which an executor works."""

import asyncio
from typing import Any

from tests.fakes.journal import FakeJournal
from tests.fakes.observer import FakeObserver
from tests.fakes.runs import FakeRuns
from tests.fakes.system import FakeSystem
from ultra.domain.analysis import NewEvent, Question, Run, RunOptions
from ultra.domain.ports import Conduct
from ultra.work.in_process import InProcessExecutor


class Stage:
    """A store, a clock that a test turns, and a conduct that does as told."""

    def __init__(self) -> None:
        self.system = FakeSystem(jumps=False)
        self.runs = FakeRuns(system=self.system)
        self.journal = FakeJournal(runs=self.runs, system=self.system)
        self.observer = FakeObserver()
        self.begun: list[str] = []
        self.leases: list[str] = []
        self.may_end = asyncio.Event()

    def executor(self, conduct: Conduct | None = None, **changes: Any) -> InProcessExecutor:
        """Make an executor that is not open yet."""
        settings: dict[str, Any] = {"worker": "w1", "lease_s": 30.0, "poll_s": 1.0, "grace_s": 5.0, "concurrency": 8}
        return InProcessExecutor(
            runs=self.runs,
            conduct=conduct or self.conduct,
            observer=self.observer,
            system=self.system,
            **settings | changes,
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
