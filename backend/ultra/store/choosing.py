"""Puts each run where its option `store` says: into the database, or into memory only.

History and resumption know the kept ones alone; everything that names a run finds it in either place.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from ultra.domain.analysis import JournalEvent, NewEvent, Run, RunStatus, Verdict
from ultra.domain.ports import Journal, RunPage, Runs
from ultra.store.memory import RunsInMemory


class ChosenRuns:
    """Keeps `ports.Runs` in two places."""

    def __init__(self, *, kept: Runs, passing: RunsInMemory) -> None:
        self._kept = kept
        self._passing = passing

    def _home(self, run_id: str) -> Runs:
        return self._passing if run_id in self._passing else self._kept

    async def create(self, run: Run) -> None:
        """Keep a new run with status `queued`."""
        await (self._kept if run.options.store else self._passing).create(run)

    async def get(self, run_id: str, *, owner: str | None) -> Run | None:
        """Return a run; `owner` None is for workers."""
        return await self._home(run_id).get(run_id, owner=owner)

    async def page(
        self, *, owner: str, limit: int, cursor: str | None, status: RunStatus | None, search: str | None
    ) -> RunPage:
        """History, newest first: of the kept runs only."""
        return await self._kept.page(owner=owner, limit=limit, cursor=cursor, status=status, search=search)

    async def delete(self, run_id: str, *, owner: str) -> bool:
        """Remove a finished run with its events; False when there is none."""
        return await self._home(run_id).delete(run_id, owner=owner)

    async def request_cancel(self, run_id: str, *, owner: str) -> bool:
        """Ask whoever works on it to stop; False when it does not exist or has ended."""
        return await self._home(run_id).request_cancel(run_id, owner=owner)

    async def claim(self, run_id: str | None, *, worker: str, until: datetime) -> Run | None:
        """Take a free lease; with None, of a kept run only: the others end with this process."""
        home = self._kept if run_id is None else self._home(run_id)
        return await home.claim(run_id, worker=worker, until=until)

    async def renew(self, run_id: str, *, worker: str, until: datetime) -> bool:
        """Hold the lease longer; returns False when it was lost."""
        return await self._home(run_id).renew(run_id, worker=worker, until=until)

    async def is_cancelled(self, run_id: str) -> bool:
        """Has somebody asked for it to stop?"""
        return await self._home(run_id).is_cancelled(run_id)

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
        """End a run. Raises `LeaseLost`."""
        await self._home(run_id).finish(
            run_id,
            worker=worker,
            status=status,
            verdict=verdict,
            cost_usd=cost_usd,
            error_kind=error_kind,
            error=error,
            event=event,
        )

    async def release(self, run_id: str, *, worker: str) -> None:
        """Give the lease back unfinished."""
        await self._home(run_id).release(run_id, worker=worker)

    async def sweep(self, *, queued_before: datetime) -> tuple[str, ...]:
        """End what nobody may resume and nobody works on any more, in both places."""
        passing = await self._passing.sweep(queued_before=queued_before)
        return passing + await self._kept.sweep(queued_before=queued_before)


class ChosenJournal:
    """Keeps `ports.Journal` in two places."""

    def __init__(self, *, kept: Journal, passing: Journal, runs: RunsInMemory) -> None:
        self._kept = kept
        self._passing = passing
        self._runs = runs

    def _home(self, run_id: str) -> Journal:
        return self._passing if run_id in self._runs else self._kept

    async def append(self, run_id: str, events: Sequence[NewEvent], *, worker: str) -> tuple[JournalEvent, ...]:
        """Write events in one transaction; raises `LeaseLost` when `worker` does not hold the lease."""
        return await self._home(run_id).append(run_id, events, worker=worker)

    async def read(self, run_id: str, *, after: int = 0, limit: int = 1000) -> tuple[JournalEvent, ...]:
        """Return events with `seq > after`, in order."""
        return await self._home(run_id).read(run_id, after=after, limit=limit)

    async def wait(self, run_id: str, *, after: int, patience: float) -> None:
        """Return when something newer than `after` may be there, or after `patience` seconds."""
        await self._home(run_id).wait(run_id, after=after, patience=patience)
