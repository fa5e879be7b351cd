"""How many runs have not ended, in the eyes of the whole house."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select

from ultra.store.database import Database
from ultra.store.leases import UNFINISHED
from ultra.store.tables import RUNS


@dataclass(frozen=True, slots=True)
class Backlog:
    """Unfinished runs of all workers. `abandoned` ones had begun, and nobody has renewed their lease."""

    queued: int
    running: int
    oldest_queued_at: datetime | None
    abandoned: int


async def read_backlog(database: Database, *, abandoned_before: datetime) -> Backlog:
    """Count; a lease that ran out before `abandoned_before` is nobody's any more. Raises `Unavailable`."""
    is_queued = RUNS.c.status == "queued"
    is_abandoned = (RUNS.c.status == "running") & (RUNS.c.lease_until < abandoned_before)
    wanted = select(
        func.count(case((is_queued, 1))),
        func.count(case((~is_queued, 1))),
        func.min(case((is_queued, RUNS.c.created_at))),
        func.count(case((is_abandoned, 1))),
    ).where(UNFINISHED)
    row = await database.read(lambda connection: connection.execute(wanted).one())
    return Backlog(row[0], row[1], row[2], row[3])
