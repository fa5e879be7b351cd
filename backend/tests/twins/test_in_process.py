"""An executor over real databases, whose process is killed."""

import asyncio
import signal
import sys
from datetime import timedelta

from tests.fakes.observer import FakeObserver
from tests.twins.shelf import ShiftedSystem
from ultra.domain.analysis import NewEvent, Run
from ultra.store.database import Database
from ultra.store.journal import StoredJournal
from ultra.store.runs import StoredRuns
from ultra.work.in_process import InProcessExecutor

_PROCESS = """
import asyncio, sys
from ultra.domain.analysis import NewEvent, Question, Run, RunOptions
from ultra.store.database import open_database
from ultra.store.journal import StoredJournal
from ultra.store.runs import StoredRuns
from ultra.system import System
from ultra.telemetry.observers import Observers
from ultra.work.in_process import InProcessExecutor

async def main(url):
    system = System()
    async with open_database(url=url, system=system) as database:
        runs, journal = StoredRuns(database=database, system=system), StoredJournal(database=database, system=system)

        async def conduct(run, worker):
            await journal.append(run.id, [NewEvent("run.started", {})], worker=worker)
            print("begun", run.id, flush=True)
            await asyncio.Event().wait()

        executor = InProcessExecutor(
            runs=runs, conduct=conduct, observer=Observers(()), system=system, worker="killed", lease_s=2.0
        )
        async with executor:
            for number, resumable in ((0, True), (1, True), (2, False)):
                await executor.submit(Run(
                    id=f"run_{number}", owner="ada", question=Question(prompt="?"),
                    options=RunOptions(resumable=resumable), panel=(), status="queued", created_at=system.now(),
                ))
            await asyncio.Event().wait()

asyncio.run(main(sys.argv[1]))
"""


async def test_runs_of_a_killed_process_are_ended_by_the_next(
    database: Database, database_url: str, system: ShiftedSystem
) -> None:
    """What it had acknowledged is taken up where the journal ends; what may not be resumed fails as interrupted."""
    runs, journal = StoredRuns(database=database, system=system), StoredJournal(database=database, system=system)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _PROCESS, database_url, stdout=asyncio.subprocess.PIPE, cwd="backend"
    )
    assert process.stdout is not None
    for _ in range(3):
        assert (await process.stdout.readline()).startswith(b"begun")
    process.send_signal(signal.SIGKILL)
    await process.communicate()

    async def conduct(run: Run, worker: str) -> None:
        seen = await journal.read(run.id)
        await journal.append(run.id, [NewEvent("stage.done", {"seen": len(seen)})], worker=worker)
        await runs.finish(
            run.id, worker=worker, status="complete", verdict=None, cost_usd=None,
            error_kind=None, error=None, event=NewEvent("run.done", {}),
        )  # fmt: skip

    system.shift += timedelta(seconds=2)
    async with (
        asyncio.timeout(60),
        InProcessExecutor(
            runs=runs, conduct=conduct, observer=FakeObserver(), system=system, worker="next", lease_s=2.0, poll_s=0.1
        ),
    ):
        for number in range(3):
            while (await journal.read(f"run_{number}"))[-1].type not in ("run.done", "run.failed"):
                await journal.wait(f"run_{number}", after=len(await journal.read(f"run_{number}")), patience=0.5)
    ended = [await runs.get(f"run_{number}", owner="ada") for number in range(3)]
    assert [(run.status, run.error_kind) for run in ended if run] == [
        ("complete", None),
        ("complete", None),
        ("failed", "interrupted"),
    ]
    assert [(event.seq, event.type) for event in await journal.read("run_0")] == [
        (1, "run.started"),
        (2, "stage.done"),
        (3, "run.done"),
    ]
    assert (await journal.read("run_0"))[1].data == {"seen": 1}
    assert [event.type for event in await journal.read("run_2")] == ["run.started", "run.failed"]
