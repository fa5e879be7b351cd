"""Money, written in batches: whoever makes a call never waits for the disk.

Rows wait in memory (at most `capacity`) until a background task writes them, about ten times a second. While the
database is away they are kept and tried again. With a `folder` each row is in a file there before the call goes on
(`ultra.store.spool`): what a killed process had not written, the next to start writes, and what does not fit into
memory is read from there. Without one, that is lost, counted in `lost` and logged.
"""

import asyncio
import logging
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias

from sqlalchemy import Connection, bindparam, func, select, update
from sqlalchemy.exc import SQLAlchemyError

from ultra.domain.errors import InvalidRequest, UltraError
from ultra.domain.ports import LedgerEntry, Settlement
from ultra.domain.records import usage_to_json
from ultra.store.database import Database
from ultra.store.inserting import inserting
from ultra.store.ledger_lines import batches, to_line
from ultra.store.spool import Spool, left_behind
from ultra.store.tables import LEDGER
from ultra.system import System

_LOG = logging.getLogger(__name__)

BATCH = 500
"""Rows per transaction: one in a batch costs 5 microseconds, alone 193 (measured with SQLite and aiosqlite)."""

PAUSE_S = 0.1
"""How long rows gather before they are written."""

LONGEST_RETRY_S = 5.0
"""Between attempts while the database is away."""

_Row: TypeAlias = dict[str, Any]
_SETTLED = (
    "settled_at", "outcome", "error_kind", "upstream_request_id", "usage", "cost_usd", "first_token_s", "total_s",
)  # fmt: skip


class StoredLedger:
    """Keeps `ports.Ledger`; open it with `async with`, which writes everything left on the way out."""

    def __init__(
        self, *, database: Database, system: System, folder: Path | None = None, capacity: int = 50_000
    ) -> None:
        self._database = database
        self._system = system
        self._folder = folder
        self._spool: Spool | None = None
        self._has_spilled = False
        self._capacity = capacity
        self.name = system.new_id("spool")
        """Whose this ledger is: no other process has the name."""
        self.gone: tuple[str, ...] = ()
        """The names of processes that died, and whose rows were taken up at the start."""
        self._waiting: dict[str, _Row] = {}
        self._news = asyncio.Event()
        self._turn = asyncio.Lock()
        self._writer: asyncio.Task[None] | None = None
        self.lost = 0
        """Rows that could not be kept since the start; anything but 0 is an alarm."""

    @property
    def waiting(self) -> int:
        """Rows that are not in the database yet."""
        return len(self._waiting)

    @property
    def capacity(self) -> int:
        """Rows that may wait."""
        return self._capacity

    async def __aenter__(self) -> Self:
        """Take up what the dead have left, and begin to write; raises `Unavailable`."""
        if self._folder is not None:
            self._spool = Spool(self._folder, system=self._system)
            self.name = self._spool.name
            await self._take_up(self._folder)
        self._writer = asyncio.create_task(self._write_on(), name="ledger")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop the background task and write what is left; if that fails, say how much is lost."""
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)
        try:
            await self.flush()
            await self.flush()  # what a failed attempt before had left in the other file of the spool
        except (UltraError, SQLAlchemyError, OSError) as trouble:
            if self._spool is None:
                self._lose(self._waiting, because=type(trouble).__name__)
            else:
                _LOG.warning("%d ledger rows stay in files for the next start: %s", len(self._waiting), trouble)
            self._waiting.clear()
        if self._spool is not None:
            self._spool.close()

    def reserve(self, entry: LedgerEntry) -> None:
        """Write down that a call is about to be made."""
        self._put(_reserved(entry))

    def settle(self, settlement: Settlement) -> None:
        """Write down how it ended."""
        self._put(_settled(settlement))

    async def flush(self) -> None:
        """Return when everything put down before is in the database; raises `Unavailable` when that cannot be."""
        async with self._turn:
            left = len(self._waiting)
            if self._spool is not None:
                self._spool.turn()
            while left > 0:
                left -= await self._write_batch(min(left, BATCH))
            if self._spool is not None:
                await self._clear(self._spool)

    def _put(self, row: _Row) -> None:
        """Join a settlement to its reservation if that still waits; otherwise they are written one after the other."""
        if self._spool is not None:
            self._spool.put(to_line(row))
        waiting = self._waiting.get(row["id"])
        if waiting is not None:
            waiting.update(row)
        elif len(self._waiting) < self._capacity:
            self._waiting[row["id"]] = row
        elif self._spool is not None:
            self._has_spilled = True
        else:
            self._lose([row["id"]], because="too many rows wait for the database")
        self._news.set()

    async def _write_on(self) -> None:
        retry_s = PAUSE_S
        while True:
            await self._news.wait()
            await self._system.sleep(retry_s)
            self._news.clear()
            try:
                await self.flush()
                retry_s = PAUSE_S
            except (UltraError, SQLAlchemyError, OSError) as error:
                self._news.set()
                retry_s = min(retry_s * 2, LONGEST_RETRY_S)
                _LOG.warning("%d ledger rows wait for the database: %s", len(self._waiting), error)

    async def _clear(self, spool: Spool) -> None:
        """Forget what rests in the spool, which is written; rows that memory had no room for are written from it."""
        if not self._has_spilled:
            spool.forget()
            return
        await self._write_lines(spool.resting())
        spool.forget()
        self._has_spilled = False
        spool.turn()
        await self._write_lines(spool.resting())
        spool.forget()

    async def _take_up(self, folder: Path) -> None:
        """Write what processes that are gone had not; what cannot be written stays for the next start."""
        with left_behind(folder) as found:
            for remains in found:
                try:
                    await self._write_lines(remains.lines(), settled=False)
                    await self._write_lines(remains.lines(), settled=True)
                except UltraError as error:
                    _LOG.warning("Ledger rows of a dead process cannot be written now: %s", error)
                    continue
                remains.remove()
                self.gone = (*self.gone, remains.name)

    async def _write_lines(self, lines: Iterable[bytes], *, settled: bool | None = None) -> None:
        for batch in batches(lines, size=BATCH, settled=settled):
            try:
                await self._write(batch.values())
            except (SQLAlchemyError, InvalidRequest):
                await self._write_one_by_one(batch)

    async def _write_batch(self, size: int) -> int:
        """Write the oldest rows, return how many; on failure, also by cancellation, they wait again, first of all."""
        ids = [row_id for row_id, _ in zip(self._waiting, range(size), strict=False)]
        batch = {each: self._waiting.pop(each) for each in ids}
        try:
            await self._write(batch.values())
        except (SQLAlchemyError, InvalidRequest):
            await self._write_one_by_one(batch)
        except BaseException:
            self._wait_again(batch)
            raise
        return len(ids)

    async def _write_one_by_one(self, batch: dict[str, _Row]) -> None:
        """Find the row that the database refuses, drop it aloud, and keep the others."""
        while batch:
            row_id, row = next(iter(batch.items()))
            try:
                await self._write((row,))
            except (SQLAlchemyError, InvalidRequest) as error:
                _LOG.exception("The database refuses a ledger row.")
                self._lose([row_id], because=type(error).__name__)
            except BaseException:
                self._wait_again(batch)
                raise
            del batch[row_id]

    def _wait_again(self, batch: dict[str, _Row]) -> None:
        for row_id, later in self._waiting.items():
            batch[row_id] = batch.get(row_id, {}) | later
        self._waiting = batch

    async def _write(self, rows: Iterable[_Row]) -> None:
        whole = [dict.fromkeys(_SETTLED) | row for row in rows if "at" in row]
        endings = [{f"set_{name}": value for name, value in row.items()} for row in rows if "at" not in row]
        statement = _insert_once(is_sqlite=self._database.is_sqlite)

        def write(connection: Connection) -> list[str]:
            if whole:
                connection.execute(statement, whole)
            return _settle(connection, endings)

        unmatched = await self._database.write(write)
        if unmatched and not self._has_spilled:  # else it is in the spool, and is written from there
            self._lose(unmatched, because="their reservation was never written")

    def _lose(self, rows: Iterable[str], *, because: str) -> None:
        lost = list(rows)
        self.lost += len(lost)
        _LOG.error("%d ledger rows are lost, because %s: %s", len(lost), because, ", ".join(lost[:20]))


@cache
def _insert_once(*, is_sqlite: bool) -> Any:
    """Insert, or complete the row that is there already: an attempt that seemed to fail, or a dead process, wrote it.

    What it says is never taken away. Built once, like its neighbour: building takes longer than writing a few rows.
    """
    statement = inserting(LEDGER, is_sqlite=is_sqlite)
    return statement.on_conflict_do_update(
        index_elements=[LEDGER.c.id],
        set_={name: func.coalesce(statement.excluded[name], LEDGER.c[name]) for name in _SETTLED},
    )


@cache
def _complete() -> Any:
    completed = update(LEDGER).where(LEDGER.c.id == bindparam("set_id"))
    return completed.values({name: bindparam(f"set_{name}") for name in _SETTLED})


def _settle(connection: Connection, endings: list[_Row]) -> list[str]:
    """Complete rows written earlier; return the ids of those that are not there."""
    if not endings:
        return []
    if connection.execute(_complete(), endings).rowcount == len(endings):
        return []
    ids = [row["set_id"] for row in endings]
    present = set(connection.scalars(select(LEDGER.c.id).where(LEDGER.c.id.in_(ids))))
    return [each for each in ids if each not in present]


def _reserved(entry: LedgerEntry) -> _Row:
    return {
        "id": entry.id,
        "at": entry.at,
        "principal": entry.principal,
        "request_id": entry.request_id,
        "run_id": entry.run_id,
        "stage": entry.stage,
        "provider": entry.provider,
        "model": entry.model,
        "attempt": entry.attempt,
        "reserved_usd": entry.reserved_usd,
        "possible_double_charge": entry.possible_double_charge,
        "credential_id": entry.credential_id,
    }


def _settled(settlement: Settlement) -> _Row:
    return {
        "id": settlement.entry_id,
        "settled_at": settlement.at,
        "outcome": settlement.outcome,
        "error_kind": settlement.error_kind,
        "upstream_request_id": settlement.upstream_request_id,
        "usage": usage_to_json(settlement.usage),
        "cost_usd": settlement.cost_usd,
        "first_token_s": settlement.first_token_s,
        "total_s": settlement.total_s,
    }
