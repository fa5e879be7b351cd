"""Several processes on one SQLite file."""

import asyncio
import json
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ultra.domain.analysis import NewEvent, Question, Run, RunOptions
from ultra.store import migrating
from ultra.store.database import open_database
from ultra.store.journal import StoredJournal
from ultra.store.runs import StoredRuns
from ultra.system import System

_WORKER = """
import asyncio, sys
from datetime import timedelta
from ultra.domain.analysis import NewEvent
from ultra.store.database import open_database
from ultra.store.journal import StoredJournal
from ultra.store.runs import StoredRuns
from ultra.system import System

async def main(url, worker, run_id, rounds):
    system = System()
    async with open_database(url=url, system=system) as database:
        runs, journal = StoredRuns(database=database, system=system), StoredJournal(database=database, system=system)
        print("ready", flush=True)
        sys.stdin.readline()
        claimed = []
        while run := await runs.claim(run_id or None, worker=worker, until=system.now() + timedelta(seconds=60)):
            claimed.append(run.id)
            for number in range(int(rounds)):
                await journal.append(run.id, [NewEvent("answer.delta", {"n": number})] * 3, worker=worker)
            print(run.id, flush=True)
        print("end", flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


@asynccontextmanager
async def worker(url: str, name: str, run_id: str, rounds: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """Start a process that claims and appends once it is told to go."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _WORKER, url, name, run_id, str(rounds),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd="backend",
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def go(process: asyncio.subprocess.Process) -> None:
    """Let it begin."""
    assert process.stdin is not None
    process.stdin.write(b"go\n")


@asynccontextmanager
async def stores(url: str, *, count: int) -> AsyncIterator[tuple[StoredRuns, StoredJournal]]:
    """Open the file here and keep so many runs in it, `run_0` first."""
    system = System()
    async with open_database(url=url, system=system) as database:
        await migrating.upgrade(database)
        runs = StoredRuns(database=database, system=system)
        for number in range(count):
            await runs.create(
                Run(
                    id=f"run_{number}",
                    owner="ada",
                    question=Question(prompt="?"),
                    options=RunOptions(),
                    panel=(),
                    status="queued",
                    created_at=system.now(),
                )
            )
        yield runs, StoredJournal(database=database, system=system)


async def test_a_killed_writer_leaves_a_whole_file(tmp_path: Path) -> None:
    """After kill -9 amid appends the file is intact, the journal gapless, every transaction all there or not at all."""
    path = tmp_path / "a.db"
    url = f"sqlite:///{path}"
    async with stores(url, count=1) as (_, journal), worker(url, "w1", "run_0", 1_000_000) as process:
        go(process)
        async with asyncio.timeout(60):
            while len(await journal.read("run_0", limit=100)) < 100:
                await journal.wait("run_0", after=99, patience=0.1)
        process.send_signal(signal.SIGKILL)
        await process.wait()
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = connection.execute("SELECT seq, data FROM run_events ORDER BY seq").fetchall()
        (last_seq,) = connection.execute("SELECT last_seq FROM runs").fetchone()
    connection.close()
    assert [seq for seq, _ in rows] == list(range(1, last_seq + 1))
    assert [json.loads(data)["n"] for _, data in rows] == [number // 3 for number in range(last_seq)]


async def test_two_processes_share_the_work(tmp_path: Path) -> None:
    """Each run is claimed by exactly one of them, and neither ever finds the file locked."""
    url = f"sqlite:///{tmp_path}/a.db"
    async with stores(url, count=20) as (_, journal):
        async with worker(url, "w1", "", 3) as one, worker(url, "w2", "", 3) as other:
            go(one)
            go(other)
            outputs = await asyncio.gather(one.communicate(), other.communicate())
        told = [line for out, _ in outputs for line in out.decode().split()]
        assert sorted(told) == sorted(["end", "end", *(f"run_{number}" for number in range(20))])
        for number in range(20):
            assert [event.seq for event in await journal.read(f"run_{number}")] == list(range(1, 10))


async def test_an_event_of_another_process_is_noticed(tmp_path: Path) -> None:
    """Waiting ends soon after another process wrote, long before patience does."""
    url = f"sqlite:///{tmp_path}/a.db"
    async with stores(url, count=1) as (_, journal), worker(url, "w1", "run_0", 1) as process:
        waiting = asyncio.create_task(journal.wait("run_0", after=0, patience=600))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        go(process)
        async with asyncio.timeout(60):
            await waiting
        assert (await journal.read("run_0"))[0].data == NewEvent("answer.delta", {"n": 0}).data
