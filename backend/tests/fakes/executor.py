"""An executor that carries out what a test has written down."""

from collections.abc import Sequence
from datetime import timedelta

from tests.fakes.journal import FakeJournal
from tests.fakes.runs import FakeRuns
from ultra.domain.analysis import FINAL, NewEvent, Run, RunStatus, Verdict
from ultra.domain.errors import Unavailable
from ultra.domain.ports import Load
from ultra.system import System

WORKER = "fake"


class FakeExecutor:
    """Keeps the promise of `Executor` over `FakeRuns` and `FakeJournal`.

    A run that is submitted is begun, gets the events of `script`, and ends with `status` and `verdict`; with `status`
    None it stays under way until `end` or `cancel`. `submitted` has every run that came.
    """

    def __init__(self, *, runs: FakeRuns, journal: FakeJournal, system: System) -> None:
        self.script: Sequence[NewEvent] = ()
        self.status: RunStatus | None = "complete"
        self.verdict: Verdict | None = Verdict(status="complete", text="It is so.", answered=1, asked=1)
        self.submitted: list[Run] = []
        self.is_leaving = False
        self._runs = runs
        self._journal = journal
        self._system = system

    @property
    def load(self) -> Load:
        """Nothing ever waits here."""
        return Load()

    async def submit(self, run: Run) -> None:
        """Keep the run and carry out the script; raises `Unavailable` after `leave`."""
        if self.is_leaving:
            raise Unavailable("Ultra is shutting down.", code="shutting_down", retry_after=1.0)
        self.submitted.append(run)
        await self._runs.create(run)
        await self._runs.claim(run.id, worker=WORKER, until=self._system.now() + timedelta(hours=1))
        await self._journal.append(run.id, self.script, worker=WORKER)
        if self.status is not None:
            await self.end(run.id, self.status, self.verdict)

    async def end(self, run_id: str, status: RunStatus, verdict: Verdict | None, *, kind: str | None = None) -> None:
        """End a run that is under way; `kind` is that of its error."""
        last = NewEvent("run.cancelled" if status == "cancelled" else "run.failed" if kind else "run.done", {})
        await self._runs.finish(
            run_id,
            worker=WORKER,
            status=status,
            verdict=verdict,
            cost_usd=None,
            error_kind=kind,
            error=None if kind is None else f"It went wrong: {kind}.",
            event=last,
        )

    async def cancel(self, run_id: str, *, owner: str) -> bool:
        """Stop a run; False when it does not exist or has ended."""
        run = await self._runs.get(run_id, owner=owner)
        if run is None or run.status in FINAL:
            return False
        await self.end(run_id, "cancelled", None, kind="cancelled")
        return True

    def leave(self) -> None:
        """Note that the process is about to end."""
        self.is_leaving = True
