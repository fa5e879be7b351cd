"""A SQLite file: many readers, one writer.

Writers of this process queue for one thread; writers of other processes are waited for (`BEGIN IMMEDIATE` with a busy
timeout), so that no transaction discovers halfway that somebody else wrote. Both waits together are what a caller's
patience is for.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event

from ultra.domain.errors import Overloaded, Unavailable
from ultra.store.moved import take_moved
from ultra.store.transactions import (
    LONG_PATIENCE_S,
    PATIENCE_S,
    STORE_UNREACHABLE,
    Database,
    Result,
    Work,
    busy,
    mark_of,
    refuse_unkeepable,
    translated,
)
from ultra.store.turns import Turns
from ultra.system import System

READERS = 4
"""Threads that read at the same time."""


class SQLiteFile(Database):
    """Keeps `Database` in one file, made with mode 0600 when missing, in a folder that must exist."""

    path: Path

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.mark = mark_of(path)
        self._engine = _engine(path)
        self._writing = self._engine.execution_options(ultra_begin="BEGIN IMMEDIATE")
        self._outside = self._engine.execution_options(ultra_begin=None)
        self._writer = Turns(1, name="store-writer")
        self._readers = Turns(READERS, name="store-reader")
        self._eye: sqlite3.Connection | None = None

    async def prepare(self, *, system: System) -> None:
        """Make the file and switch it to WAL, once: the mode stays with the file, and switching needs it alone."""
        _make_private(self.path)
        for patience in (0.05, 0.1, 0.2, 0.4, 0.8, None):
            try:
                await self.maintain(_write_ahead)
            except Overloaded:
                if patience is None:
                    raise
                await system.sleep(patience)
            else:
                return

    async def close(self) -> None:
        """Let transactions end, then close every connection."""
        for turns in (self._writer, self._readers):
            await turns.close()
        if self._eye is not None:
            self._eye.close()
        self._engine.dispose()

    async def read(self, work: Work[Result], *, patience_s: float = PATIENCE_S) -> Result:
        """Run `work` on a snapshot; a writer neither waits for it nor makes it wait."""
        return await _timely(self._readers, partial(_in_transaction, self._engine, work), patience_s)

    async def snapshot(self, work: Work[Result]) -> Result:
        """Run `work` as any reading: here each sees one state."""
        return await _timely(self._readers, partial(_in_transaction, self._engine, work), LONG_PATIENCE_S)

    def glance(self, statement: str, *values: str) -> tuple[Any, ...] | None:
        """Look a row up on the caller's own thread, by a connection that only reads and never waits.

        A look-up by key takes some microseconds, a way through a thread and back more than a thousand. With a
        write-ahead log no writer keeps a reader out; where one ever does, the answer is None.
        """
        try:
            if self._eye is None:
                self._eye = _open_eye(self.path)
            rows: list[tuple[Any, ...]] = self._eye.execute(statement, values).fetchall()  # all: none stays open
        except sqlite3.Error:
            return None
        return rows[0] if rows else ()

    async def write(self, work: Work[Result], *, patience_s: float = PATIENCE_S) -> Result:
        """Run `work` as the one writer."""
        return await _timely(self._writer, partial(_in_transaction, self._writing, work), patience_s)

    async def rebuild(self, work: Work[Result]) -> Result:
        """Run `work` as the one writer, without foreign keys until the end, where they are checked.

        SQLite copies a table to change it: with foreign keys on, dropping the old one would delete what points to it.
        """
        return await _timely(self._writer, partial(_rebuild, self._engine, work), LONG_PATIENCE_S)

    async def maintain(self, work: Work[Result]) -> Result:
        """Run `work` in the writer's place, each statement for itself."""
        return await _timely(self._writer, partial(_at_once, self._outside, work), LONG_PATIENCE_S)


async def _timely(turns: Turns, call: Callable[[float], Result], patience_s: float) -> Result:
    """Make the call when its turn comes; a queue that is too long is a database that is busy."""
    with translated():
        try:
            return await turns.take(call, patience_s=patience_s)
        except TimeoutError as error:
            raise busy() from error


def _in_transaction(engine: Engine, work: Work[Result], left_s: float) -> Result:
    with _patient(engine, left_s) as connection, connection.begin():
        try:
            return work(connection)
        finally:
            take_moved(connection)  # nobody needs to be told: every process looks into the file


def _at_once(engine: Engine, work: Work[Result], left_s: float) -> Result:
    with _patient(engine, left_s) as connection:
        return work(connection)


@contextmanager
def _patient(engine: Engine, left_s: float) -> Iterator[Connection]:
    """Lend a connection that waits so long for other processes; told to the driver itself, each time: it costs 2 us."""
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        driver.execute(f"PRAGMA busy_timeout = {left_s * 1000:.0f}")
        yield connection


def _rebuild(engine: Engine, work: Work[Result], left_s: float) -> Result:
    with _patient(engine, left_s) as connection:
        _set_foreign_keys(connection, "OFF")
        try:
            connection.execution_options(ultra_begin="BEGIN IMMEDIATE")
            with connection.begin():
                result = work(connection)
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
                if broken is not None:
                    raise RuntimeError(f"A migration leaves rows of {broken[0]!r} that point to nothing.")
                return result
        finally:
            _set_foreign_keys(connection, "ON")


def _set_foreign_keys(connection: Connection, state: str) -> None:
    """Switch them; possible only outside a transaction."""
    connection.execution_options(ultra_begin=None)
    connection.exec_driver_sql(f"PRAGMA foreign_keys = {state}")
    connection.commit()


def _open_eye(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=0.0, isolation_level=None)


def _write_ahead(connection: Connection) -> None:
    connection.exec_driver_sql("PRAGMA journal_mode = WAL")


def _make_private(path: Path) -> None:
    """Make the file ourselves, since SQLite would give it the mode that the umask leaves."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise Unavailable(
            f"The database file cannot be opened: {error.strerror}.",
            hint=f"Check {path} and its folder.",
            code=STORE_UNREACHABLE,
        ) from error


def _engine(path: Path) -> Engine:
    address = URL.create("sqlite", database=str(path))
    # an error shows its statement, never what was to be kept: hashes, prompts
    engine = create_engine(address, pool_size=READERS + 1, max_overflow=0, hide_parameters=True)
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    event.listen(engine, "before_cursor_execute", refuse_unkeepable)
    return engine


def _configure(connection: Any, _record: Any) -> None:
    """Set what a connection has to be told each time. `secure_delete`: what is deleted is gone from the file, too."""
    connection.isolation_level = None  # the driver would begin transactions by itself, and late
    for pragma in ("foreign_keys = ON", "synchronous = NORMAL", "secure_delete = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    statement = connection.get_execution_options().get("ultra_begin", "BEGIN")
    if statement is not None:
        connection.exec_driver_sql(statement)
