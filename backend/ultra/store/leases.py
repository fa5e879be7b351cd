"""Who works on a run: the pair of columns `lease_worker` and `lease_until`, and nothing else.

Taking a lease is guarded by the time; writing under it is guarded by the worker's name alone, so a worker that was late
but not replaced may go on.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, or_, select, update

from ultra.domain.records import options_from_json
from ultra.store.tables import RUNS

UNFINISHED: ColumnElement[bool] = RUNS.c.finished_at.is_(None)


def held(run_id: str, worker: str) -> tuple[ColumnElement[bool], ...]:
    """Match the run if that worker holds its lease."""
    return (RUNS.c.id == run_id, RUNS.c.lease_worker == worker, UNFINISHED)


def is_free(now: datetime) -> ColumnElement[bool]:
    """Match runs that nobody holds."""
    return or_(RUNS.c.lease_until.is_(None), RUNS.c.lease_until <= now)


def claim(
    connection: Connection, run_id: str | None, *, worker: str, now: datetime, until: datetime
) -> Row[Any] | None:
    """Take the lease of that run, or of the oldest that may be resumed, and return its row; None when it is not free.

    Exactly one of many claimants gets it: SQLite has one writer, and PostgreSQL locks the row, which claimants of
    any work pass over and claimants of this run wait for, to look again.
    """
    free = select(RUNS).where(UNFINISHED, is_free(now))
    if run_id is not None:
        free = free.where(RUNS.c.id == run_id).with_for_update()
    else:
        oldest = free.where(RUNS.c.resumable).order_by(RUNS.c.created_at, RUNS.c.id).limit(1)
        free = oldest.with_for_update(skip_locked=True)
    row = connection.execute(free).first()
    if row is None:
        return None
    taken = (
        update(RUNS)
        .where(RUNS.c.id == row.id)
        .values(
            status="running",
            started_at=row.started_at or now,
            deadline_at=row.deadline_at or now + timedelta(seconds=options_from_json(row.options).deadline_s),
            lease_worker=worker,
            lease_until=until,
        )
    )
    return connection.execute(taken.returning(*RUNS.c)).one()
