"""Runs in memory, with leases."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from tests.fakes.audit import FakeAudit
from ultra.domain.access import AuditEntry
from ultra.domain.analysis import FINAL, JournalEvent, NewEvent, Run, RunStatus, Verdict
from ultra.domain.errors import Conflict, InvalidRequest
from ultra.domain.ports import LeaseLost, RunPage
from ultra.system import System


@dataclass(slots=True)
class Row:
    """A run as kept: who works on it until when, and its events."""

    run: Run
    worker: str | None = None
    until: datetime | None = None
    events: list[JournalEvent] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    """Set and replaced at every append."""

    def is_held(self, now: datetime) -> bool:
        """Say whether somebody holds a live lease."""
        return self.worker is not None and self.until is not None and self.until > now


class FakeRuns:
    """Keeps the promise of `Runs` in a dictionary; `rows` is shared with `FakeJournal`, as one database would be."""

    def __init__(self, *, system: System) -> None:
        self.audit = FakeAudit(system=system)
        self.rows: dict[str, Row] = {}
        self._system = system

    async def create(self, run: Run) -> None:
        """Keep a new run."""
        if run.id in self.rows:
            raise Conflict(f"There is a run {run.id} already.")
        self.rows[run.id] = Row(run)

    async def get(self, run_id: str, *, owner: str | None) -> Run | None:
        """Return a run of that owner."""
        row = self.rows.get(run_id)
        return row.run if row is not None and owner in (None, row.run.owner) else None

    async def page(
        self, *, owner: str, limit: int, cursor: str | None, status: RunStatus | None, search: str | None
    ) -> RunPage:
        """Return history, newest first; the cursor is the last id shown."""
        found = [
            row.run
            for row in self.rows.values()
            if row.run.owner == owner
            and (status is None or row.run.status == status)
            and (search is None or search.casefold() in row.run.question.prompt.casefold())
        ]
        found.sort(key=lambda run: (run.created_at, run.id), reverse=True)
        if cursor is not None:
            ids = [run.id for run in found]
            if cursor not in ids:
                raise InvalidRequest("The cursor is not one that was given out.", param="cursor")
            found = found[ids.index(cursor) + 1 :]
        shown = tuple(found[:limit])
        return RunPage(shown, shown[-1].id if len(found) > limit else None)

    async def delete(self, run_id: str, audit: AuditEntry, *, owner: str) -> bool:
        """Remove a finished run with its events."""
        run = await self.get(run_id, owner=owner)
        if run is None:
            return False
        if run.status not in FINAL:
            raise Conflict("The run is still going on.")
        del self.rows[run_id]
        self.audit.note(audit)
        return True

    async def request_cancel(self, run_id: str, *, owner: str) -> bool:
        """Note the wish to stop."""
        run = await self.get(run_id, owner=owner)
        if run is None or run.status in FINAL:
            return False
        self.rows[run_id].run = replace(run, cancel_requested=True)
        return True

    async def claim(self, run_id: str | None, *, worker: str, until: datetime) -> Run | None:
        """Take the lease of that run, or of the oldest unfinished one nobody holds."""
        now = self._system.now()
        free = [row for row in self.rows.values() if row.run.status not in FINAL and not row.is_held(now)]
        if run_id is not None:
            free = [row for row in free if row.run.id == run_id]
        else:
            free = [row for row in free if row.run.options.resumable]
        if not free:
            return None
        row = min(free, key=lambda each: (each.run.created_at, each.run.id))
        row.worker, row.until = worker, until
        if row.run.started_at is None:
            deadline = now + timedelta(seconds=row.run.options.deadline_s)
            row.run = replace(row.run, started_at=now, deadline_at=deadline)
        row.run = replace(row.run, status="running")
        return row.run

    async def renew(self, run_id: str, *, worker: str, until: datetime) -> bool:
        """Hold the lease longer."""
        row = self.rows.get(run_id)
        if row is None or row.worker != worker or row.run.status in FINAL:
            return False
        row.until = until
        return True

    async def is_cancelled(self, run_id: str) -> bool:
        """Has somebody asked for it to stop?"""
        row = self.rows.get(run_id)
        return row is not None and row.run.cancel_requested

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
        """End a run and write its last event."""
        row = self.held(run_id, worker)
        append(row, [event], self._system.now())
        row.run = replace(
            row.run,
            status=status,
            verdict=verdict,
            cost_usd=cost_usd,
            error_kind=error_kind,
            error=error,
            finished_at=self._system.now(),
        )
        row.worker = row.until = None

    async def release(self, run_id: str, *, worker: str) -> None:
        """Give the lease back unfinished."""
        row = self.rows.get(run_id)
        if row is not None and row.worker == worker:
            row.worker = row.until = None

    async def sweep(self, *, queued_before: datetime) -> tuple[str, ...]:
        """End what nobody may resume and nobody works on any more."""
        now = self._system.now()
        ended = {"status": "failed", "error_kind": "interrupted", "error": "Its process ended first."}
        swept = []
        for row in self.rows.values():
            run = row.run
            is_lost = not row.is_held(now) if run.status == "running" else run.created_at < queued_before
            if run.status not in FINAL and not run.options.resumable and is_lost:
                append(row, [NewEvent("run.failed", ended)], now)
                row.run = replace(run, **ended, finished_at=now)
                row.worker = row.until = None
                swept.append(run.id)
        return tuple(swept)

    def held(self, run_id: str, worker: str) -> Row:
        """Return the row if this worker holds its lease; raises `LeaseLost`."""
        row = self.rows.get(run_id)
        if row is None or row.worker != worker or row.run.status in FINAL:
            raise LeaseLost
        return row


def append(row: Row, events: list[NewEvent], now: datetime) -> tuple[JournalEvent, ...]:
    """Write events behind the others of a run."""
    first = len(row.events) + 1
    made = tuple(JournalEvent(first + index, each.type, now, each.data) for index, each in enumerate(events))
    row.events.extend(made)
    row.news.set()
    row.news = asyncio.Event()
    return made
