"""Runs that leave no trace: `store: false` keeps content in this process's memory only, and only for a while.

The same promise as `StoredRuns` and `StoredJournal`, except that nothing outlives the process.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from ultra.domain.access import Audit, AuditEntry
from ultra.domain.analysis import FINAL, JournalEvent, NewEvent, Run, RunStatus, Verdict
from ultra.domain.errors import Conflict, Overloaded
from ultra.domain.ports import LeaseLost, RunPage
from ultra.store.arrivals import Arrivals, first_of
from ultra.store.interruption import INTERRUPTED, INTERRUPTION
from ultra.store.paging import Place, checked_limit, checked_search, folded, read_cursor, write_cursor
from ultra.system import System


@dataclass(slots=True)
class _Kept:
    run: Run
    worker: str | None = None
    until: datetime | None = None
    events: list[JournalEvent] = field(default_factory=list)

    @property
    def has_ended(self) -> bool:
        return self.run.status in FINAL

    def is_free(self, now: datetime) -> bool:
        return self.until is None or self.until <= now


class RunsInMemory:
    """Keeps `ports.Runs` for at most `capacity` runs: the longest finished gives way to a new one.

    Of them nothing is written anywhere but in `audit`: who removed one.
    """

    def __init__(self, *, audit: Audit, system: System, capacity: int = 1000) -> None:
        self._audit = audit
        self._system = system
        self._capacity = capacity
        self._kept: dict[str, _Kept] = {}
        self.arrivals = Arrivals()

    def __contains__(self, run_id: str) -> bool:
        return run_id in self._kept

    async def create(self, run: Run) -> None:
        """Keep a new run with status `queued`; raises `Conflict` when its id is taken, `Overloaded` when all work."""
        if run.id in self._kept:
            raise Conflict(f"There is a run {run.id} already.")
        if len(self._kept) >= self._capacity:
            self._make_room()
        self._kept[run.id] = _Kept(replace(run, status="queued"))

    async def get(self, run_id: str, *, owner: str | None) -> Run | None:
        """Return a run; `owner` None is for workers."""
        kept = self._owned(run_id, owner)
        return None if kept is None else kept.run

    async def page(
        self, *, owner: str, limit: int, cursor: str | None, status: RunStatus | None, search: str | None
    ) -> RunPage:
        """History, newest first; `search` looks into the prompt, case-insensitive. Raises `InvalidRequest`."""
        term, place = checked_search(search), None if cursor is None else read_cursor(cursor)
        wanted = [
            kept.run
            for kept in self._kept.values()
            if kept.run.owner == owner
            and status in (None, kept.run.status)
            and (term is None or term in folded(kept.run.question.prompt))
            and (place is None or _place(kept.run) < place)
        ]
        wanted.sort(key=_place, reverse=True)
        shown = tuple(wanted[: checked_limit(limit)])
        return RunPage(runs=shown, next=write_cursor(_place(shown[-1])) if len(wanted) > limit else None)

    async def delete(self, run_id: str, audit: AuditEntry, *, owner: str) -> bool:
        """Remove a finished run with its events, and write the entry; False when there is none.

        One that has not ended raises `Conflict`.
        """
        kept = self._owned(run_id, owner)
        if kept is None:
            return False
        if not kept.has_ended:
            raise Conflict("The run has not ended yet.", hint="Cancel it first.")
        del self._kept[run_id]
        await self._audit.write(audit)
        return True

    async def request_cancel(self, run_id: str, *, owner: str) -> bool:
        """Ask whoever works on it to stop; False when it does not exist or has ended."""
        kept = self._owned(run_id, owner)
        if kept is None or kept.has_ended:
            return False
        kept.run = replace(kept.run, cancel_requested=True)
        return True

    async def is_cancelled(self, run_id: str) -> bool:
        """Has somebody asked for it to stop?"""
        kept = self._kept.get(run_id)
        return kept is not None and kept.run.cancel_requested

    async def claim(self, run_id: str | None, *, worker: str, until: datetime) -> Run | None:
        """Take the lease of that run (or, with None, of the oldest unfinished, resumable one) if it is free."""
        now = self._system.now()
        if run_id is None:
            candidates = sorted(
                (kept for kept in self._kept.values() if kept.run.options.resumable), key=lambda kept: _place(kept.run)
            )
        else:
            candidates = [self._kept[run_id]] if run_id in self._kept else []
        for kept in candidates:
            if kept.is_free(now) and not kept.has_ended:
                kept.worker, kept.until = worker, until
                kept.run = _begun(kept.run, now)
                return kept.run
        return None

    async def renew(self, run_id: str, *, worker: str, until: datetime) -> bool:
        """Hold the lease longer; returns False when it was lost."""
        kept = self._held(run_id, worker)
        if kept is None:
            return False
        kept.until = until
        return True

    async def release(self, run_id: str, *, worker: str) -> None:
        """Give the lease back unfinished, so that another worker resumes at once."""
        kept = self._held(run_id, worker)
        if kept is not None:
            kept.worker = kept.until = None

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
        """End a run: status, verdict and the last event at once. Raises `LeaseLost`."""
        kept = self._held(run_id, worker)
        if kept is None:
            raise LeaseLost(run_id)
        ended = {"verdict": verdict, "cost_usd": cost_usd, "error_kind": error_kind, "error": error}
        self._end(kept, {"status": status} | ended, event)

    async def sweep(self, *, queued_before: datetime) -> tuple[str, ...]:
        """End, as `failed` with kind `interrupted`, what nobody may resume and nobody works on any more."""
        now = self._system.now()
        lost = [
            kept
            for kept in self._kept.values()
            if not kept.has_ended
            and not kept.run.options.resumable
            and (kept.is_free(now) if kept.run.status == "running" else kept.run.created_at < queued_before)
        ]
        for kept in lost:
            self._end(kept, INTERRUPTED, INTERRUPTION)
        return tuple(kept.run.id for kept in lost)

    def write(self, run_id: str, events: Sequence[NewEvent], *, worker: str) -> tuple[JournalEvent, ...]:
        """Append events under the lease; raises `LeaseLost`."""
        kept = self._held(run_id, worker)
        if kept is None:
            raise LeaseLost(run_id)
        return self._write(kept, events)

    def events(self, run_id: str) -> Sequence[JournalEvent]:
        """Return the journal of a run; empty when there is none."""
        kept = self._kept.get(run_id)
        return () if kept is None else kept.events

    def _owned(self, run_id: str, owner: str | None) -> _Kept | None:
        kept = self._kept.get(run_id)
        return kept if kept is not None and owner in (None, kept.run.owner) else None

    def _held(self, run_id: str, worker: str) -> _Kept | None:
        kept = self._kept.get(run_id)
        return kept if kept is not None and kept.worker == worker and not kept.has_ended else None

    def _write(self, kept: _Kept, events: Sequence[NewEvent]) -> tuple[JournalEvent, ...]:
        now, first = self._system.now(), len(kept.events) + 1
        written = tuple(
            JournalEvent(seq=seq, type=event.type, at=now, data=event.data)
            for seq, event in enumerate(events, start=first)
        )
        kept.events.extend(written)
        self.arrivals.announce(kept.run.id, seq=len(kept.events))
        return written

    def _end(self, kept: _Kept, ended: dict[str, Any], event: NewEvent) -> None:
        kept.run = replace(kept.run, finished_at=self._system.now(), **ended)
        kept.worker = kept.until = None
        self._write(kept, (event,))

    def _make_room(self) -> None:
        ended = [kept.run for kept in self._kept.values() if kept.has_ended]
        if not ended:
            raise Overloaded("Too many runs are kept in memory at the moment.", retry_after=5.0)
        del self._kept[min(ended, key=_finished_at).id]


class JournalInMemory:
    """Keeps `ports.Journal` for the runs of a `RunsInMemory`."""

    def __init__(self, *, runs: RunsInMemory, system: System) -> None:
        self._runs = runs
        self._system = system

    async def append(self, run_id: str, events: Sequence[NewEvent], *, worker: str) -> tuple[JournalEvent, ...]:
        """Write events; raises `LeaseLost` when `worker` does not hold the lease."""
        return self._runs.write(run_id, events, worker=worker) if events else ()

    async def read(self, run_id: str, *, after: int = 0, limit: int = 1000) -> tuple[JournalEvent, ...]:
        """Return events with `seq > after`, in order."""
        return tuple(self._runs.events(run_id)[after : after + limit])

    async def wait(self, run_id: str, *, after: int, patience: float) -> None:
        """Return when something newer than `after` is there, or after `patience` seconds."""
        with self._runs.arrivals.expecting(run_id, after=after) as news:
            if len(self._runs.events(run_id)) <= after:
                await first_of(news, patience=patience, system=self._system)


def _begun(run: Run, now: datetime) -> Run:
    started_at = run.started_at or now
    deadline_at = run.deadline_at or now + timedelta(seconds=run.options.deadline_s)
    return replace(run, status="running", started_at=started_at, deadline_at=deadline_at)


def _place(run: Run) -> Place:
    return Place(run.created_at, run.id)


def _finished_at(run: Run) -> datetime:
    return run.finished_at or run.created_at
