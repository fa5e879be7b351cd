"""How many runs have not ended, on both databases."""

from datetime import timedelta

from sqlalchemy import insert

from tests.twins.shelf import ShiftedSystem
from ultra.store.backlog import Backlog, read_backlog
from ultra.store.database import Database
from ultra.store.tables import RUNS


async def test_unfinished_runs_are_counted(database: Database, system: ShiftedSystem) -> None:
    """Queued and running ones, the oldest that waits, and those whose lease ran out; ended ones are not looked at."""
    now = system.now()
    minute = timedelta(minutes=1)
    await _keep(database, "a", status="queued", created_at=now - 2 * minute)
    await _keep(database, "b", status="queued", created_at=now - minute)
    await _keep(database, "c", status="running", lease_until=now + minute)
    await _keep(database, "d", status="running", lease_until=now - 3 * minute)
    await _keep(database, "e", status="complete", created_at=now - 9 * minute, finished_at=now)
    counted = await read_backlog(database, abandoned_before=now - 2 * minute)
    assert counted == Backlog(queued=2, running=2, oldest_queued_at=now - 2 * minute, abandoned=1)


async def test_no_runs_are_no_backlog(database: Database, system: ShiftedSystem) -> None:
    """Zeroes, and nothing that waits."""
    assert await read_backlog(database, abandoned_before=system.now()) == Backlog(0, 0, None, 0)


async def _keep(database: Database, name: str, **fields: object) -> None:
    row = {
        "id": name,
        "owner": "ada",
        "question": {},
        "searchable": "",
        "options": {},
        "panel": [],
        "resumable": True,
        "cancel_requested": False,
        "last_seq": 0,
        "created_at": ShiftedSystem().now(),
    }
    statement = insert(RUNS).values(row | fields)
    await database.write(lambda connection: connection.execute(statement))
