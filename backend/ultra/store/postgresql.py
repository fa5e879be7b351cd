"""A PostgreSQL server, by psycopg."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from typing import Any

from sqlalchemy import URL, Connection, event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from ultra.domain.errors import Unavailable
from ultra.store.moved import take_moved
from ultra.store.transactions import (
    PATIENCE_S,
    STORE_UNREACHABLE,
    Database,
    Result,
    Work,
    mark_of,
    refuse_unkeepable,
    translated,
)

_log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 5
POOL_TIMEOUT_S = 3.0
"""How long a transaction waits for one of the connections, which are all in use."""

SPARE_S = 1.0
"""How much longer this side waits than the server, which knows better what is the matter and says it."""

CLOSING_S = 5.0
"""How long closing waits for transactions; one that hangs longer must not keep the process."""

_LOCK_SHARE = 0.8
"""How much of its patience a statement may spend on a lock: what waits for two of them still ends in time."""

_ALIVE = {"keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 10_000}
"""A server that vanished without a word is noticed, in seconds, and milliseconds the last."""


class PostgreSQL(Database):
    """Keeps `Database` on a server; at most `pool_size` transactions of this process at once, the others wait."""

    def __init__(self, url: URL, *, pool_size: int) -> None:
        super().__init__()
        self.mark = mark_of(url.host, url.port, url.database, url.query.get("host"))
        self._engine = _engine(url, pool_size=pool_size)
        self._under_way = 0
        self._at_rest = asyncio.Event()
        self._at_rest.set()

    async def prepare(self) -> None:
        """See whether the server is there."""
        with translated():
            async with asyncio.timeout(PATIENCE_S + SPARE_S), self._connected():
                pass

    async def close(self) -> None:
        """Let transactions end, then close every connection: one in use would be left to the garbage collector."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSING_S):
                await self._at_rest.wait()
        await self._engine.dispose()

    async def read(self, work: Work[Result], *, patience_s: float = PATIENCE_S) -> Result:
        """Run `work` in a transaction."""
        return await self._write(work, patience_s)

    async def snapshot(self, work: Work[Result]) -> Result:
        """Run `work` in a transaction that sees nothing that was committed after it began."""
        async with self._transaction(None, isolation_level="REPEATABLE READ", postgresql_readonly=True) as connection:
            return await connection.run_sync(work)

    async def write(self, work: Work[Result], *, patience_s: float = PATIENCE_S) -> Result:
        """Run `work` in a transaction; rows it changes are locked until its end."""
        return await self._write(work, patience_s)

    async def _write(self, work: Work[Result], patience_s: float | None) -> Result:
        async with self._transaction(patience_s) as connection:
            result, moved = await connection.run_sync(_noting(work))
            await self._tell(moved)
        await self._tell(moved)
        return result

    async def _tell(self, moved: frozenset[str]) -> None:
        """Have other workers ask here for users whose version changes; see `ultra.limits.versions`."""
        if not moved or self.board is None:
            return
        try:
            await self.board.doubt(sorted(moved))
        except Unavailable as error:
            _log.warning("other workers could not be told that a user has changed: %s", error.code)

    async def rebuild(self, work: Work[Result]) -> Result:
        """Run `work` in a transaction: here tables change like rows."""
        return await self._write(work, None)

    async def maintain(self, work: Work[Result]) -> Result:
        """Run `work`, each statement for itself."""
        with translated():
            async with self._connected() as connection, _forgotten_on_failure(connection):
                await connection.execution_options(isolation_level="AUTOCOMMIT")
                await connection.exec_driver_sql(_limits(0, only_here=False))
                result = await connection.run_sync(work)
                await connection.exec_driver_sql(_limits(PATIENCE_S, only_here=False))
                return result

    @asynccontextmanager
    async def _transaction(self, patience_s: float | None, **options: Any) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that ends in time, None: when it ends.

        Whatever hangs is cancelled then, from waiting for a connection to the commit, and the connection it hung on is
        closed: no other transaction ever reads the answer to it.
        """
        with translated():
            async with asyncio.timeout(None if patience_s is None else patience_s + SPARE_S):
                async with self._connected() as connection:
                    if options:
                        await connection.execution_options(**options)
                    async with connection.begin():
                        if patience_s != PATIENCE_S:
                            await connection.exec_driver_sql(_limits(patience_s or 0, only_here=True))
                        yield connection

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[AsyncConnection]:
        self._under_way += 1
        self._at_rest.clear()
        try:
            async with self._engine.connect() as connection:
                yield connection
        finally:
            self._under_way -= 1
            if self._under_way == 0:
                self._at_rest.set()


@asynccontextmanager
async def _forgotten_on_failure(connection: AsyncConnection) -> AsyncIterator[None]:
    """Close a connection on which something failed: it may be left with other limits than the next one expects."""
    try:
        yield
    except BaseException:
        await connection.invalidate()
        raise


def _noting(work: Work[Result]) -> Work[tuple[Result, frozenset[str]]]:
    """Do the work and say whose version it changed."""

    def noted(connection: Connection) -> tuple[Result, frozenset[str]]:
        take_moved(connection)  # what a transaction that was taken back had left
        result = work(connection)
        return result, take_moved(connection)

    return noted


def _engine(url: URL, *, pool_size: int) -> AsyncEngine:
    try:
        from ultra.store.impatient import ImpatientConnection  # noqa: PLC0415 - the driver may not be installed

        engine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=POOL_TIMEOUT_S,
            pool_pre_ping=True,
            hide_parameters=True,  # an error shows its statement, never what was to be kept: hashes, prompts
            connect_args={
                "async_creator_fn": ImpatientConnection.connect,
                "connect_timeout": CONNECT_TIMEOUT_S,
                # no prepared statements: a pgbouncer between us would hand them to another session
                "prepare_threshold": None,
                **_ALIVE,
            },
        )
    except ModuleNotFoundError as error:
        raise Unavailable(
            "PostgreSQL's driver is not installed.", hint="pip install 'ultra[postgres]'", code=STORE_UNREACHABLE
        ) from error
    event.listen(engine.sync_engine, "connect", _limit)
    event.listen(engine.sync_engine, "before_cursor_execute", refuse_unkeepable)
    return engine


def _limit(connection: Any, _record: Any) -> None:
    """Tell the server once how long statements may take; a pgbouncer would refuse to be told while connecting."""
    connection.autocommit = True
    with closing(connection.cursor()) as cursor:
        cursor.execute(_limits(PATIENCE_S, only_here=False))
    connection.autocommit = False


def _limits(patience_s: float, *, only_here: bool) -> str:
    """Return the statement that sets how long a statement, and the wait for a lock, may take; 0: for ever."""
    limits = {"statement_timeout": patience_s, "lock_timeout": patience_s * _LOCK_SHARE}
    calls = (f"set_config('{name}', '{seconds * 1000:.0f}', {only_here})" for name, seconds in limits.items())
    return f"SELECT {', '.join(calls)}"
