"""Runs as rows: created, claimed under a lease, ended once, found again by their owner."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from ultra.domain.access import AuditEntry
from ultra.domain.analysis import NewEvent, Run, RunStatus, Verdict
from ultra.domain.errors import Conflict
from ultra.domain.ports import LeaseLost, RunPage
from ultra.domain.records import (
    options_from_json,
    options_to_json,
    question_from_json,
    question_to_json,
    verdict_from_json,
    verdict_to_json,
)
from ultra.store.audit import write_entry
from ultra.store.database import LONG_PATIENCE_S, Database
from ultra.store.interruption import INTERRUPTED, INTERRUPTION
from ultra.store.journal import write_events
from ultra.store.leases import UNFINISHED, claim, held, is_free
from ultra.store.paging import Place, checked_limit, checked_search, folded, read_cursor, write_cursor
from ultra.store.tables import RUNS
from ultra.system import System


class StoredRuns:
    """Keeps `ports.Runs` in the database."""

    def __init__(self, *, database: Database, system: System) -> None:
        self._database = database
        self._system = system

    async def create(self, run: Run) -> None:
        """Keep a new run with status `queued`; raises `Conflict` when its id is taken."""
        row = _to_row(run)
        try:
            await self._database.write(lambda connection: connection.execute(insert(RUNS).values(row)))
        except IntegrityError as error:
            raise Conflict(f"There is a run {run.id} already.") from error

    async def get(self, run_id: str, *, owner: str | None) -> Run | None:
        """Return a run; `owner` None is for workers."""
        wanted = select(RUNS).where(*_owned(run_id, owner))
        row = await self._database.read(lambda connection: connection.execute(wanted).first())
        return None if row is None else _from_row(row)

    async def page(
        self, *, owner: str, limit: int, cursor: str | None, status: RunStatus | None, search: str | None
    ) -> RunPage:
        """History, newest first; `search` looks into the prompt, case-insensitive. Raises `InvalidRequest`."""
        wanted = select(RUNS).where(RUNS.c.owner == owner)
        if cursor is not None:
            wanted = wanted.where(_older(read_cursor(cursor)))
        if status is not None:
            wanted = wanted.where(RUNS.c.status == status)
        if term := checked_search(search):
            wanted = wanted.where(RUNS.c.searchable.contains(term, autoescape=True))
        newest = wanted.order_by(RUNS.c.created_at.desc(), RUNS.c.id.desc()).limit(checked_limit(limit) + 1)
        rows = await self._database.read(lambda connection: connection.execute(newest).all())
        shown = rows[:limit]
        return RunPage(
            runs=tuple(_from_row(row) for row in shown),
            next=write_cursor(Place(shown[-1].created_at, shown[-1].id)) if len(rows) > limit else None,
        )

    async def delete(self, run_id: str, audit: AuditEntry, *, owner: str) -> bool:
        """Remove a finished run with its events, and write the entry; False when there is none.

        One that has not ended raises `Conflict`.
        """

        def remove(connection: Connection) -> bool:
            owned = _owned(run_id, owner)
            if connection.execute(delete(RUNS).where(*owned, ~UNFINISHED)).rowcount:
                write_entry(connection, audit, system=self._system)
                return True
            if connection.scalar(select(RUNS.c.id).where(*owned)) is None:
                return False
            raise Conflict("The run has not ended yet.", hint="Cancel it first.")

        return await self._database.write(remove)

    async def request_cancel(self, run_id: str, *, owner: str) -> bool:
        """Ask whoever works on it to stop; False when it does not exist or has ended."""
        return await self._change((*_owned(run_id, owner), UNFINISHED), cancel_requested=True)

    async def is_cancelled(self, run_id: str) -> bool:
        """Has somebody asked for it to stop?"""
        wanted = select(RUNS.c.cancel_requested).where(RUNS.c.id == run_id)
        return bool(await self._database.read(lambda connection: connection.scalar(wanted)))

    async def claim(self, run_id: str | None, *, worker: str, until: datetime) -> Run | None:
        """Take the lease of that run (or, with None, of the oldest unfinished, resumable one) if it is free.

        Sets status `running`, and `started_at` and `deadline_at` the first time. Exactly one of many claimants gets it.
        """
        now = self._system.now()
        row = await self._database.write(
            lambda connection: claim(connection, run_id, worker=worker, now=now, until=until)
        )
        return None if row is None else _from_row(row)

    async def renew(self, run_id: str, *, worker: str, until: datetime) -> bool:
        """Hold the lease longer; returns False when it was lost."""
        return await self._change(held(run_id, worker), lease_until=until)

    async def release(self, run_id: str, *, worker: str) -> None:
        """Give the lease back unfinished (shutdown), so that another worker resumes at once."""
        await self._change(held(run_id, worker), lease_worker=None, lease_until=None)

    async def finish(
        self,
        run_id: str,
        *,
        worker: str,
        status: RunStatus,
        verdict: Verdict | None,
        cost_usd: Decimal | None,
        error_kind: str | None,
        error: str | None,
        event: NewEvent,
    ) -> None:
        """End a run: status, verdict and the last event in one transaction. Raises `LeaseLost`."""
        ended = {
            "status": status,
            "verdict": None if verdict is None else verdict_to_json(verdict),
            "cost_usd": cost_usd,
            "error_kind": error_kind,
            "error": error,
        }
        if not await self._end(run_id, held(run_id, worker), ended, event):
            raise LeaseLost(run_id)

    async def sweep(self, *, queued_before: datetime) -> tuple[str, ...]:
        """End, as `failed` with kind `interrupted`, what nobody may resume and nobody works on any more."""
        begun = and_(RUNS.c.status == "running", is_free(self._system.now()))
        never_begun = and_(RUNS.c.status == "queued", RUNS.c.created_at < queued_before)
        lost = (UNFINISHED, ~RUNS.c.resumable, or_(begun, never_begun))
        wanted = select(RUNS.c.id).where(*lost)
        found = await self._database.read(lambda connection: connection.scalars(wanted).all())
        ended = [await self._end(each, (RUNS.c.id == each, *lost), INTERRUPTED, INTERRUPTION) for each in found]
        return tuple(run_id for run_id, is_ended in zip(found, ended, strict=True) if is_ended)

    async def _end(
        self, run_id: str, guards: tuple[ColumnElement[bool], ...], ended: dict[str, Any], event: NewEvent
    ) -> bool:
        """Write the end and the last event together, if the guards still hold."""
        now = self._system.now()
        free = {"finished_at": now, "lease_worker": None, "lease_until": None, "last_seq": RUNS.c.last_seq + 1}
        last = update(RUNS).where(*guards).values(free | ended).returning(RUNS.c.last_seq)

        def end(connection: Connection) -> int | None:
            seq: int | None = connection.scalar(last)
            if seq is not None:
                write_events(connection, run_id, (event,), last_seq=seq, at=now)
            return seq

        seq = await self._database.write(end, patience_s=LONG_PATIENCE_S)
        if seq is not None:
            self._database.arrivals.announce(run_id, seq=seq)
        return seq is not None

    async def _change(self, guards: tuple[ColumnElement[bool], ...], **values: Any) -> bool:
        changed = update(RUNS).where(*guards).values(values)
        return bool(await self._database.write(lambda connection: connection.execute(changed).rowcount))


def _owned(run_id: str, owner: str | None) -> tuple[ColumnElement[bool], ...]:
    return (RUNS.c.id == run_id,) if owner is None else (RUNS.c.id == run_id, RUNS.c.owner == owner)


def _older(place: Place) -> ColumnElement[bool]:
    same_moment = and_(RUNS.c.created_at == place.created_at, RUNS.c.id < place.run_id)
    return or_(RUNS.c.created_at < place.created_at, same_moment)


def _to_row(run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "owner": run.owner,
        "status": "queued",
        "question": question_to_json(run.question),
        "searchable": folded(run.question.prompt),
        "options": options_to_json(run.options),
        "panel": list(run.panel),
        "resumable": run.options.resumable,
        "created_at": run.created_at,
        "cancel_requested": run.cancel_requested,
        "follow_up_to": run.follow_up_to,
        "request_id": run.request_id,
        "credential_id": run.credential_id,
        "last_seq": 0,
    }


def _from_row(row: Row[Any]) -> Run:
    return Run(
        id=row.id,
        owner=row.owner,
        question=question_from_json(row.question),
        options=options_from_json(row.options),
        panel=tuple(row.panel),
        status=row.status,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        deadline_at=row.deadline_at,
        cancel_requested=row.cancel_requested,
        verdict=None if row.verdict is None else verdict_from_json(row.verdict),
        cost_usd=row.cost_usd,
        error_kind=row.error_kind,
        error=row.error,
        follow_up_to=row.follow_up_to,
        request_id=row.request_id,
        credential_id=row.credential_id,
    )
