"""A PostgreSQL server, by psycopg."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from sqlalchemy import URL, Connection, event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from ultra.domain.errors import Unavailable
from ultra.store.moved import take_moved
from ultra.store.transactions import STORE_UNREACHABLE, Database, Result, Work, mark_of, refuse_unkeepable, translated

_log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 10
CLOSING_S = 5.0
"""How long closing waits for transactions; one that hangs longer must not keep the process."""


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
            async with self._connected():
                pass

    async def close(self) -> None:
        """Let transactions end, then close every connection: one in use would be left to the garbage collector."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSING_S):
                await self._at_rest.wait()
        await self._engine.dispose()

    async def read(self, work: Work[Result]) -> Result:
        """Run `work` in a transaction."""
        return await self.write(work)

    async def snapshot(self, work: Work[Result]) -> Result:
        """Run `work` in a transaction that sees nothing that was committed after it began."""
        with translated():
            async with self._connected() as connection:
                await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
                async with connection.begin():
                    return await connection.run_sync(work)

    async def write(self, work: Work[Result]) -> Result:
        """Run `work` in a transaction; rows it changes are locked until its end."""
        with translated():
            async with self._connected() as connection, connection.begin():
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
        return await self.write(work)

    async def maintain(self, work: Work[Result]) -> Result:
        """Run `work`, each statement for itself."""
        with translated():
            async with self._connected() as connection:
                await connection.execution_options(isolation_level="AUTOCOMMIT")
                return await connection.run_sync(work)

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


def _noting(work: Work[Result]) -> Work[tuple[Result, frozenset[str]]]:
    """Do the work and say whose version it changed."""

    def noted(connection: Connection) -> tuple[Result, frozenset[str]]:
        take_moved(connection)  # what a transaction that was taken back had left
        result = work(connection)
        return result, take_moved(connection)

    return noted


def _engine(url: URL, *, pool_size: int) -> AsyncEngine:
    try:
        engine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=30,
            pool_pre_ping=True,
            hide_parameters=True,  # an error shows its statement, never what was to be kept: hashes, prompts
            # no prepared statements: a pgbouncer between us would hand them to another session
            connect_args={"connect_timeout": CONNECT_TIMEOUT_S, "prepare_threshold": None},
        )
    except ModuleNotFoundError as error:
        raise Unavailable(
            "PostgreSQL's driver is not installed.", hint="pip install 'ultra[postgres]'", code=STORE_UNREACHABLE
        ) from error
    event.listen(engine.sync_engine, "before_cursor_execute", refuse_unkeepable)
    return engine
