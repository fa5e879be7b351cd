"""The audit for those who must not wait for it: refusals are written a moment later."""

import asyncio
import logging
from types import TracebackType
from typing import Final, Self

from ultra.domain.access import Audit, AuditEntry, AuditRow
from ultra.domain.errors import Unavailable
from ultra.system import System

_log = logging.getLogger("ultra.auth")

_AGAIN_S: Final = 1.0


class Witness:
    """Keeps the promise of `Audit`, but takes entries at once and writes them one by one; open it with `async with`.

    For what changed nothing: a change and its entry are one transaction, and that is the stores' business.

    While the store is away or busy they wait, and the one that was being written is tried again. At most `most` entries
    wait: what comes beyond, and what the writer fails on, is counted in `lost` and logged. Leaving gives what waits
    `patience` seconds to be written.
    """

    def __init__(self, *, audit: Audit, system: System, most: int = 1000, patience: float = 5.0) -> None:
        self._audit = audit
        self._system = system
        self._patience = patience
        self._waiting: asyncio.Queue[AuditEntry] = asyncio.Queue(most)
        self._writing: asyncio.Task[None] | None = None
        self.lost = 0
        """How many entries could not be written."""

    @property
    def waiting(self) -> int:
        """Entries that are not written yet."""
        return self._waiting.qsize()

    @property
    def capacity(self) -> int:
        """Entries that may wait."""
        return self._waiting.maxsize

    async def __aenter__(self) -> Self:
        self._writing = asyncio.ensure_future(self._write_all())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writing is None:
            return
        try:
            async with asyncio.timeout(self._patience):
                await self._waiting.join()
        except TimeoutError:
            self._lose(self._waiting.qsize(), "the audit did not take them in time")
        self._writing.cancel()
        await asyncio.wait({self._writing})

    async def write(self, entry: AuditEntry) -> None:
        """Have an entry written; returns at once and never raises."""
        try:
            self._waiting.put_nowait(entry)
        except asyncio.QueueFull:
            self._lose(1, "too many are waiting")

    async def page(
        self, *, limit: int, before: int | None, action: str | None, actor: str | None
    ) -> tuple[AuditRow, ...]:
        """Return what is written; what still waits is not."""
        return await self._audit.page(limit=limit, before=before, action=action, actor=actor)

    async def verify(self) -> int | None:
        """Check what is written."""
        return await self._audit.verify()

    async def _write_all(self) -> None:
        while True:
            entry = await self._waiting.get()
            try:
                await self._insist(entry)
            except asyncio.CancelledError:
                self._lose(1, "it ends while the store is away")
                raise
            except Exception as error:  # noqa: BLE001 - whatever the store says, the next entry has its turn
                self._lose(1, type(error).__name__)
            finally:
                self._waiting.task_done()

    async def _insist(self, entry: AuditEntry) -> None:
        while True:
            try:
                return await self._audit.write(entry)
            except Unavailable as error:
                _log.info("an audit entry waits for the store: %s", error.code)
                await self._system.sleep(_AGAIN_S)

    def _lose(self, count: int, why: str) -> None:
        self.lost += count
        _log.error("%d audit entries of refusals are lost: %s", count, why)
