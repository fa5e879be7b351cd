"""Writes a run's journal under one worker's lease, and remembers what it wrote."""

from collections.abc import Sequence

from ultra.analysis.recollection import Recollection
from ultra.domain.analysis import NewEvent
from ultra.domain.ports import Journal, LeaseLost

_PAGE = 1000


class RecordFailed(Exception):
    """The store could not be written or read; the run stays unfinished and is resumed by whoever claims it next."""


class Scribe:
    """The only writer of a run while it holds the lease; `memory` is what the journal says, kept up to date."""

    def __init__(self, *, journal: Journal, run_id: str, worker: str) -> None:
        self.run_id = run_id
        self.worker = worker
        self.memory = Recollection()
        self._journal = journal

    async def recall(self) -> None:
        """Read what was written before. Raises `RecordFailed`."""
        after = 0
        while True:
            try:
                page = await self._journal.read(self.run_id, after=after, limit=_PAGE)
            except Exception as error:
                raise RecordFailed(f"The journal of {self.run_id} could not be read.") from error
            for event in page:
                self.memory.take(event)
            if len(page) < _PAGE:
                return
            after = page[-1].seq

    async def write(self, *events: NewEvent) -> None:
        """Append events in one transaction. Raises `LeaseLost`, or `RecordFailed`."""
        if not events:
            return
        await self._append(events)
        for event in events:
            self.memory.take(event)

    async def _append(self, events: Sequence[NewEvent]) -> None:
        try:
            await self._journal.append(self.run_id, events, worker=self.worker)
        except LeaseLost:
            raise
        except Exception as error:
            raise RecordFailed(f"The journal of {self.run_id} could not be written.") from error
