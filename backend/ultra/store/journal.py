"""The journal as rows: appended under the lease, read in order, awaited across processes."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select, update

from ultra.domain.analysis import JournalEvent, NewEvent
from ultra.domain.errors import UltraError
from ultra.domain.ports import LeaseLost
from ultra.store.arrivals import first_of
from ultra.store.database import LONG_PATIENCE_S, Database
from ultra.store.leases import UNFINISHED
from ultra.store.tables import RUN_EVENTS, RUNS
from ultra.system import System

_LOG = logging.getLogger(__name__)

POLL_S = 0.25
"""How late an event written by another process may be noticed."""


_COUNTED = (
    update(RUNS)
    .where(RUNS.c.id == bindparam("run"), RUNS.c.lease_worker == bindparam("worker"), UNFINISHED)
    .values(last_seq=RUNS.c.last_seq + bindparam("more"))
    .returning(RUNS.c.last_seq)
)
_LATER = (
    select(RUN_EVENTS.c.seq, RUN_EVENTS.c.type, RUN_EVENTS.c.at, RUN_EVENTS.c.data)
    .where(RUN_EVENTS.c.run_id == bindparam("run"), RUN_EVENTS.c.seq > bindparam("after"))
    .order_by(RUN_EVENTS.c.seq)
    .limit(bindparam("most"))
)
_LAST_SEQS = select(RUNS.c.id, RUNS.c.last_seq).where(RUNS.c.id.in_(bindparam("runs", expanding=True)))
_ADDED = insert(RUN_EVENTS)
"""Built once: they are what a run executes most, and building them anew each time doubled the cost of an append."""


class StoredJournal:
    """Keeps `ports.Journal` in the database.

    The sequence is counted on the run's own row, in the transaction that checks the lease: whoever loses the lease can
    neither write nor leave a gap.
    """

    def __init__(self, *, database: Database, system: System) -> None:
        self._database = database
        self._system = system
        self._watch: asyncio.Task[None] | None = None

    async def append(self, run_id: str, events: Sequence[NewEvent], *, worker: str) -> tuple[JournalEvent, ...]:
        """Write events in one transaction; raises `LeaseLost` when `worker` does not hold the lease."""
        if not events:
            return ()
        at = self._system.now()
        written = await self._database.write(
            lambda connection: _append(connection, run_id, events, worker, at), patience_s=LONG_PATIENCE_S
        )
        self._database.arrivals.announce(run_id, seq=written[-1].seq)
        return written

    async def read(self, run_id: str, *, after: int = 0, limit: int = 1000) -> tuple[JournalEvent, ...]:
        """Return events with `seq > after`, in order."""
        place = {"run": run_id, "after": after, "most": limit}
        rows = await self._database.read(lambda connection: connection.execute(_LATER, place).all())
        return tuple(JournalEvent(seq=row.seq, type=row.type, at=row.at, data=row.data) for row in rows)

    async def wait(self, run_id: str, *, after: int, patience: float) -> None:
        """Return when something newer than `after` may be there, or after `patience` seconds; also across processes."""
        with self._database.arrivals.expecting(run_id, after=after) as news:
            if self._watch is None or self._watch.done():
                self._watch = asyncio.create_task(self._watch_others(), name="journal watch")
            if (await self._last_seqs((run_id,))).get(run_id, 0) <= after:
                await first_of(news, patience=patience, system=self._system)

    async def _watch_others(self) -> None:
        """Look for events of other processes, for all who wait here at once, for as long as somebody does."""
        arrivals = self._database.arrivals
        while awaited := tuple(arrivals.awaited):
            try:
                for run_id, seq in (await self._last_seqs(awaited)).items():
                    arrivals.announce(run_id, seq=seq)
            except UltraError as error:
                _LOG.warning("Events of other processes cannot be seen: %s", error.message)
            await self._system.sleep(POLL_S)

    async def _last_seqs(self, run_ids: Sequence[str]) -> dict[str, int]:
        runs = {"runs": list(run_ids)}
        rows = await self._database.read(lambda connection: connection.execute(_LAST_SEQS, runs).all())
        return {row.id: row.last_seq for row in rows}


def write_events(
    connection: Connection, run_id: str, events: Sequence[NewEvent], *, last_seq: int, at: datetime
) -> tuple[JournalEvent, ...]:
    """Insert events, the last of which is number `last_seq`, in the transaction that counted them."""
    first = last_seq - len(events) + 1
    written = tuple(
        JournalEvent(seq=seq, type=event.type, at=at, data=event.data) for seq, event in enumerate(events, start=first)
    )
    rows = [{"run_id": run_id, "seq": row.seq, "type": row.type, "at": at, "data": row.data} for row in written]
    connection.execute(_ADDED, rows)
    return written


def _append(
    connection: Connection, run_id: str, events: Sequence[NewEvent], worker: str, at: datetime
) -> tuple[JournalEvent, ...]:
    """Count and write; raises `LeaseLost`. On PostgreSQL the row stays locked, so that numbers are given in turn."""
    last_seq: int | None = connection.scalar(_COUNTED, {"run": run_id, "worker": worker, "more": len(events)})
    if last_seq is None:
        raise LeaseLost(run_id)
    return write_events(connection, run_id, events, last_seq=last_seq, at=at)
