"""The journal in memory, over the rows of `FakeRuns`."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace

from tests.fakes.runs import FakeRuns, append
from ultra.domain.analysis import JournalEvent, NewEvent
from ultra.system import System


class FakeJournal:
    """Appends under the lease only. Data goes through JSON, so what a database would refuse fails here too.

    `appends` counts transactions. When it reaches `die_before` or `die_after`, the writing task is cancelled there, as
    if the process had been killed before or after the commit.
    """

    def __init__(self, *, runs: FakeRuns, system: System) -> None:
        self.appends = 0
        self.die_before: int | None = None
        self.die_after: int | None = None
        self._runs = runs
        self._system = system

    async def append(self, run_id: str, events: Sequence[NewEvent], *, worker: str) -> tuple[JournalEvent, ...]:
        """Write events in one transaction."""
        self.appends += 1
        if self.appends == self.die_before:
            await _die()
        row = self._runs.held(run_id, worker)
        plain = [replace(each, data=json.loads(json.dumps(each.data, allow_nan=False))) for each in events]
        made = append(row, plain, self._system.now())
        if self.appends == self.die_after:
            await _die()
        return made

    async def read(self, run_id: str, *, after: int = 0, limit: int = 1000) -> tuple[JournalEvent, ...]:
        """Return events with `seq > after`."""
        row = self._runs.rows.get(run_id)
        return () if row is None else tuple(row.events[after : after + limit])

    async def wait(self, run_id: str, *, after: int, patience: float) -> None:
        """Return when something newer may be there, or after `patience` seconds."""
        if await self.read(run_id, after=after, limit=1):
            return
        row = self._runs.rows.get(run_id)
        news = asyncio.Event() if row is None else row.news
        waits = [asyncio.ensure_future(news.wait()), asyncio.ensure_future(self._system.sleep(patience))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


async def _die() -> None:
    """Stop this task where it stands."""
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.Event().wait()
