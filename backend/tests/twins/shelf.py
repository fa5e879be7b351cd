"""A store of runs with its journal, whichever twin it is, and what tests do with one again and again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from ultra.domain.access import Audit, AuditEntry
from ultra.domain.analysis import Agreement, Claim, NewEvent, Question, Run, RunOptions, Verdict
from ultra.domain.ports import Journal, Runs
from ultra.store.audit import StoredAudit
from ultra.store.database import Database
from ultra.store.journal import StoredJournal
from ultra.store.runs import StoredRuns
from ultra.system import System

DELETION = AuditEntry("run.delete", "done", actor="ada", target="run_1", request_id="req_1")
DONE = NewEvent(type="run.done", data={"status": "complete"})
VERDICT = Verdict(
    status="complete",
    text="Forty-two.",
    decided="42",
    agreement=Agreement(value=2 / 3, supporters=2, answered=3, method="exact:number"),
    claims=(Claim(id="c1", text="It is 42.", kind="number", state="majority", supporters=("member-1", "member-2")),),
    answered=3,
    asked=3,
    warnings=("One model was slow.",),
)


class ShiftedSystem(System):
    """The real machine, whose calendar a test may turn on."""

    def __init__(self) -> None:
        self.shift = timedelta()

    def now(self) -> datetime:
        """Return the time, as far ahead as the test has turned it."""
        return super().now() + self.shift


@dataclass(frozen=True)
class Shelf:
    """A store of runs with its journal, whichever twin it is."""

    runs: Runs
    journal: Journal
    audit: Audit
    system: ShiftedSystem

    def later(self, seconds: float) -> datetime:
        """Return the moment so many seconds from now."""
        return self.system.now() + timedelta(seconds=seconds)

    def turn(self, seconds: float) -> None:
        """Turn the calendar on."""
        self.system.shift += timedelta(seconds=seconds)


def stored_shelf(database: Database, system: ShiftedSystem) -> Shelf:
    """Open the stores over a database."""
    return Shelf(
        StoredRuns(database=database, system=system),
        StoredJournal(database=database, system=system),
        StoredAudit(database=database, system=system),
        system,
    )


async def keep(shelf: Shelf, *, owner: str = "ada", prompt: str = "What is 6 x 7?", **options: Any) -> Run:
    """Create a run."""
    run = Run(
        id=shelf.system.new_id("run"),
        owner=owner,
        question=Question(prompt=prompt),
        options=RunOptions(**options),
        panel=("mock/a", "mock/b"),
        status="queued",
        created_at=shelf.system.now(),
    )
    await shelf.runs.create(run)
    return run


async def finish(shelf: Shelf, run_id: str, worker: str = "w1", verdict: Verdict | None = VERDICT) -> None:
    """End a run under the lease of `worker`."""
    await shelf.runs.finish(
        run_id,
        worker=worker,
        status="complete",
        verdict=verdict,
        cost_usd=Decimal("0.000000123456789"),
        error_kind=None,
        error=None,
        event=DONE,
    )
