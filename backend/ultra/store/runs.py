"""Runs as rows: created, claimed under a lease, ended once, found again by their owner."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from ultra.domain.analysis import FINAL, NewEvent, Run, RunStatus, Verdict
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
from ultra.store.database import Database
from ultra.store.interruption import INTERRUPTED, INTERRUPTION
from ultra.store.journal import write_events
from ultra.store.paging import Place, checked_limit, checked_search, folded, read_cursor, write_cursor
from ultra.store.tables import RUNS
from ultra.system import System

_UNFINISHED = RUNS.c.status.not_in(FINAL)


class StoredRuns:
    """Keeps `ports.Runs` in the database.

    A lease is the pair of columns `lease_worker` and `lease_until`. Taking it is guarded by the time; writing under it
    is guarded by the worker's name alone, so a worker that was late but not replaced may go on.
    """

    def __init__(self, *, database: Database, system: System) -> None:
        self._database = database
        self._system = system

    async def create(self, run: Run) -> None:
        """Keep a new run with status `queued`; raises `Conflict` when its id is taken."""
        try:
            async with self._database.writing() as connection:
                await connection.execute(insert(RUNS).values(_to_row(run)))
        except IntegrityError as error:
            raise Conflict(f"There is a run {run.id} already.") from error

    async def get(self, run_id: str, *, owner: str | None) -> Run | None:
        """Return a run; `owner` None is for workers."""
        async with self._database.reading() as connection:
            row = (await connection.execute(select(RUNS).where(*_owned(run_id, owner)))).first()
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
        newest_first = wanted.order_by(RUNS.c.created_at.desc(), RUNS.c.id.desc())
        async with self._database.reading() as connection:
            rows = (await connection.execute(newest_first.limit(checked_limit(limit) + 1))).all()
        shown = rows[:limit]
        more = len(rows) > limit
        return RunPage(
            runs=tuple(_from_row(row) for row in shown),
            next=write_cursor(Place(shown[-1].created_at, shown[-1].id)) if more else None,
        )

    async def delete(self, run_id: str, *, owner: str) -> bool:
        """Remove a finished run with its events; False when there is none. One that has not ended raises `Conflict`."""
        async with self._database.writing() as connection:
            gone = await connection.execute(delete(RUNS).where(*_owned(run_id, owner), ~_UNFINISHED))
            if gone.rowcount:
                return True
            if await connection.scalar(select(RUNS.c.id).where(*_owned(run_id, owner))) is None:
                return False
        raise Conflict("The run has not ended yet.", hint="Cancel it first.")

    async def request_cancel(self, run_id: str, *, owner: str) -> bool:
        """Ask whoever works on it to stop; False when it does not exist or has ended."""
        async with self._database.writing() as connection:
            asked = update(RUNS).where(*_owned(run_id, owner), _UNFINISHED).values(cancel_requested=True)
            return bool((await connection.execute(asked)).rowcount)

    async def is_cancelled(self, run_id: str) -> bool:
        """Has somebody asked for it to stop?"""
        async with self._database.reading() as connection:
            return bool(await connection.scalar(select(RUNS.c.cancel_requested).where(RUNS.c.id == run_id)))

    async def claim(self, run_id: str | None, *, worker: str, until: datetime) -> Run | None:
        """Take the lease of that run (or, with None, of the oldest unfinished, resumable one) if it is free.

        Sets status `running`, and `started_at` and `deadline_at` the first time. Exactly one of many claimants gets it.
        """
        now = self._system.now()
        free = select(RUNS).where(_UNFINISHED, _is_free(now))
        if run_id is not None:
            free = free.where(RUNS.c.id == run_id).with_for_update()
        else:
            oldest = free.where(RUNS.c.resumable).order_by(RUNS.c.created_at, RUNS.c.id).limit(1)
            free = oldest.with_for_update(skip_locked=True)
        async with self._database.writing() as connection:
            row = (await connection.execute(free)).first()
            if row is None:
                return None
            started_at = row.started_at or now
            deadline_at = row.deadline_at or now + timedelta(seconds=options_from_json(row.options).deadline_s)
            taken = (
                update(RUNS)
                .where(RUNS.c.id == row.id)
                .values(
                    status="running",
                    started_at=started_at,
                    deadline_at=deadline_at,
                    lease_worker=worker,
                    lease_until=until,
                )
            )
            return _from_row((await connection.execute(taken.returning(*RUNS.c))).one())

    async def renew(self, run_id: str, *, worker: str, until: datetime) -> bool:
        """Hold the lease longer; returns False when it was lost."""
        return await self._under_lease(run_id, worker, lease_until=until)

    async def release(self, run_id: str, *, worker: str) -> None:
        """Give the lease back unfinished (shutdown), so that another worker resumes at once."""
        await self._under_lease(run_id, worker, lease_worker=None, lease_until=None)

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
        async with self._database.writing() as connection:
            seq = await self._end(connection, (*_held(run_id, worker),), run_id, ended, event)
        if seq is None:
            raise LeaseLost(run_id)
        self._database.arrivals.announce(run_id, seq=seq)

    async def sweep(self, *, queued_before: datetime) -> tuple[str, ...]:
        """End, as `failed` with kind `interrupted`, what nobody may resume and nobody works on any more."""
        now = self._system.now()
        begun = and_(RUNS.c.status == "running", _is_free(now))
        never_begun = and_(RUNS.c.status == "queued", RUNS.c.created_at < queued_before)
        lost = (_UNFINISHED, ~RUNS.c.resumable, or_(begun, never_begun))
        async with self._database.reading() as connection:
            found = (await connection.scalars(select(RUNS.c.id).where(*lost))).all()
        return tuple([run_id for run_id in found if await self._interrupt(run_id, lost)])

    async def _interrupt(self, run_id: str, lost: tuple[ColumnElement[bool], ...]) -> bool:
        async with self._database.writing() as connection:
            guards = (RUNS.c.id == run_id, *lost)
            seq = await self._end(connection, guards, run_id, INTERRUPTED, INTERRUPTION)
        if seq is not None:
            self._database.arrivals.announce(run_id, seq=seq)
        return seq is not None

    async def _end(
        self,
        connection: AsyncConnection,
        guards: tuple[ColumnElement[bool], ...],
        run_id: str,
        ended: dict[str, Any],
        event: NewEvent,
    ) -> int | None:
        now = self._system.now()
        values = {"finished_at": now, "lease_worker": None, "lease_until": None, "last_seq": RUNS.c.last_seq + 1}
        last = update(RUNS).where(*guards).values(values | ended).returning(RUNS.c.last_seq)
        seq: int | None = await connection.scalar(last)
        if seq is not None:
            await write_events(connection, run_id, (event,), last_seq=seq, at=now)
        return seq

    async def _under_lease(self, run_id: str, worker: str, **values: Any) -> bool:
        async with self._database.writing() as connection:
            changed = await connection.execute(update(RUNS).where(*_held(run_id, worker)).values(values))
            return bool(changed.rowcount)


def _owned(run_id: str, owner: str | None) -> tuple[ColumnElement[bool], ...]:
    return (RUNS.c.id == run_id,) if owner is None else (RUNS.c.id == run_id, RUNS.c.owner == owner)


def _held(run_id: str, worker: str) -> tuple[ColumnElement[bool], ...]:
    return (RUNS.c.id == run_id, RUNS.c.lease_worker == worker, _UNFINISHED)


def _is_free(now: datetime) -> ColumnElement[bool]:
    return or_(RUNS.c.lease_until.is_(None), RUNS.c.lease_until <= now)


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
    )
