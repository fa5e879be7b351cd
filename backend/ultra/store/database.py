"""One database per process, SQLite or PostgreSQL, behind two words: `reading` and `writing`.

A transaction lasts as long as one method of a store and never across a call to a model. SQLite has one writer: within
this process they queue for it, and other processes wait for it (`BEGIN IMMEDIATE` with a busy timeout), so that a
transaction never discovers halfway that somebody else wrote.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from ultra.domain.errors import InvalidRequest, Overloaded, Unavailable
from ultra.store.arrivals import Arrivals
from ultra.system import System

_FILE_TROUBLE = tuple(
    f"SQLITE_{word}" for word in ("CANTOPEN", "CORRUPT", "FULL", "IOERR", "NOTADB", "PERM", "READONLY", "NOMEM")
)

BUSY_TIMEOUT_MS = 30_000
"""How long a writer waits for another process; every transaction of ours lasts milliseconds."""

STORE_UNREACHABLE = "store_unreachable"
"""The `code` of the `Unavailable` that tells a store that is down from models that are."""


class Database:
    """An open database. `arrivals` is shared by the stores of this process that write and await events."""

    def __init__(self, *, engine: AsyncEngine, path: Path | None) -> None:
        self._engine = engine
        self._writers = asyncio.Lock() if path is not None else nullcontext()
        self.path = path
        """The file of a SQLite database; None for PostgreSQL."""
        self.arrivals = Arrivals()

    @property
    def is_sqlite(self) -> bool:
        """SQLite, not PostgreSQL."""
        return self.path is not None

    async def is_reachable(self, *, patience: float = 2.0) -> bool:
        """Whether a transaction can be opened within `patience` seconds."""
        try:
            async with asyncio.timeout(patience), self.reading() as connection:
                await connection.exec_driver_sql("SELECT 1")
        except (Unavailable, TimeoutError):
            return False
        return True

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that only reads; raises `Unavailable` when the database cannot be reached."""
        with _translated():
            async with self._engine.connect() as connection, connection.begin():
                yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that writes, committed at the end; an error inside rolls it back.

        Raises `Unavailable` when the database cannot be reached, `Overloaded` when another process held it too long.
        """
        with _translated():
            async with self._writers, self._engine.connect() as connection:
                await connection.execution_options(ultra_writes=True)
                async with connection.begin():
                    yield connection

    @asynccontextmanager
    async def rebuilding(self) -> AsyncIterator[AsyncConnection]:
        """Open a writing transaction for changes of tables.

        SQLite copies a table to change it: with foreign keys on, dropping the old one would delete what points to it.
        They are off inside, and checked before the commit.
        """
        if not self.is_sqlite:
            async with self.writing() as connection:
                yield connection
            return
        with _translated():
            async with self._writers, self._engine.connect() as connection:
                await _foreign_keys(connection, "OFF")
                try:
                    await connection.execution_options(ultra_writes=True, ultra_autocommit=False)
                    async with connection.begin():
                        yield connection
                        broken = (await connection.exec_driver_sql("PRAGMA foreign_key_check")).first()
                        if broken is not None:
                            raise RuntimeError(f"A migration leaves rows of {broken[0]!r} that point to nothing.")
                finally:
                    await _foreign_keys(connection, "ON")

    @asynccontextmanager
    async def outside_transactions(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection on which each statement stands for itself: for pragmas and maintenance."""
        with _translated():
            async with self._engine.connect() as connection:
                await connection.execution_options(ultra_autocommit=True, **self._autocommit)
                yield connection

    @property
    def _autocommit(self) -> dict[str, Any]:
        return {} if self.is_sqlite else {"isolation_level": "AUTOCOMMIT"}


@asynccontextmanager
async def open_database(*, url: str, system: System, pool_size: int = 8) -> AsyncIterator[Database]:
    """Open the database at `url`: `sqlite:///path/to/file` or `postgresql://...`; close it on leaving.

    A SQLite file is made when missing, with mode 0600, in a folder that must exist. Raises `InvalidRequest` for a URL
    that names neither, and `Unavailable` when the database cannot be reached. No error shows the URL: it may hold
    a password.
    """
    parsed = _parse(url)
    path = _file(parsed)
    engine = _engine(parsed, pool_size=pool_size, path=path)
    try:
        with _translated():
            if path is not None:
                _make_private(path)
                await _prepare_sqlite(engine, system=system)
            else:
                async with engine.connect():
                    pass
        yield Database(engine=engine, path=path)
    finally:
        await engine.dispose()


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise _unusable("is not a database URL") from None
    match parsed.drivername:
        case "sqlite" | "sqlite+aiosqlite":
            return parsed.set(drivername="sqlite+aiosqlite")
        case "postgresql" | "postgres" | "postgresql+psycopg":
            return parsed.set(drivername="postgresql+psycopg")
        case other:
            raise _unusable(f"begins with {other!r}")


def _unusable(what: str) -> InvalidRequest:
    return InvalidRequest(
        f"The database address {what}.",
        param="DATABASE_URL",
        hint="Use sqlite:///path/to/file.db or postgresql://user:password@host/name.",
    )


def _file(url: URL) -> Path | None:
    if url.drivername != "sqlite+aiosqlite":
        return None
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise _unusable("names no file")
    return Path(url.database).absolute()


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


def _engine(url: URL, *, pool_size: int, path: Path | None) -> AsyncEngine:
    if path is None:
        try:
            return create_async_engine(
                url,
                pool_size=pool_size,
                max_overflow=0,
                pool_timeout=30,
                pool_pre_ping=True,
                # no prepared statements: a pgbouncer between us would hand them to another session
                connect_args={"connect_timeout": 10, "prepare_threshold": None},
            )
        except ModuleNotFoundError as error:
            raise Unavailable(
                "PostgreSQL's driver is not installed.", hint="pip install 'ultra[postgres]'.", code=STORE_UNREACHABLE
            ) from error
    engine = create_async_engine(url, pool_size=pool_size, max_overflow=0, pool_timeout=30)
    event.listen(engine.sync_engine, "connect", _configure_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _configure_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver would begin transactions by itself, and late
    cursor = connection.cursor()
    for pragma in (f"busy_timeout = {BUSY_TIMEOUT_MS}", "foreign_keys = ON", "synchronous = NORMAL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("ultra_autocommit"):
        return
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("ultra_writes") else "BEGIN")


async def _prepare_sqlite(engine: AsyncEngine, *, system: System) -> None:
    """Switch the file to WAL, once: the mode stays with the file, and switching needs it alone."""
    async with engine.connect() as connection:
        await connection.execution_options(ultra_autocommit=True)
        for patience in (0.05, 0.1, 0.2, 0.4, 0.8, None):
            try:
                await connection.exec_driver_sql("PRAGMA journal_mode = WAL")
            except OperationalError:
                if patience is None:
                    raise
                await system.sleep(patience)
            else:
                return


async def _foreign_keys(connection: AsyncConnection, state: str) -> None:
    """Switch them; possible only outside a transaction."""
    await connection.execution_options(ultra_autocommit=True)
    await connection.exec_driver_sql(f"PRAGMA foreign_keys = {state}")
    await connection.commit()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except PoolTimeoutError as error:
        raise Overloaded("The store is busy.", code="store_busy", retry_after=1.0) from error
    except DBAPIError as error:
        meaning = _meaning(error)
        if meaning is None:
            raise
        raise meaning from error


def _meaning(error: DBAPIError) -> Unavailable | None:
    """Tell a database that is busy or away from a mistake of ours, which is None."""
    sqlite_says: str | None = getattr(error.orig, "sqlite_errorname", None)
    if sqlite_says is None:
        is_away = isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated
    elif sqlite_says.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return Overloaded("The store is busy.", code="store_busy", retry_after=1.0)
    else:
        is_away = sqlite_says.startswith(_FILE_TROUBLE)
    if not is_away:
        return None
    return Unavailable(
        "The store cannot be reached.",
        hint=f"SQLite says: {error.orig}." if sqlite_says else "Is the database server running?",
        code=STORE_UNREACHABLE,
    )
