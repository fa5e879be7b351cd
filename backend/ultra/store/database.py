"""Opens the database that an address names."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from ultra.domain.errors import InvalidRequest
from ultra.store.transactions import LONG_PATIENCE_S, STORE_BUSY, STORE_UNREACHABLE, Database
from ultra.system import System

__all__ = ["LONG_PATIENCE_S", "STORE_BUSY", "STORE_UNREACHABLE", "Database", "open_database"]


@asynccontextmanager
async def open_database(*, url: str, system: System, pool_size: int = 8) -> AsyncIterator[Database]:
    """Open the database at `url`: `sqlite:///path/to/file` or `postgresql://...`; close it on leaving.

    A SQLite file is made when missing, with mode 0600, in a folder that must exist; `pool_size` is for PostgreSQL.
    Raises `InvalidRequest` for an address that names neither, and `Unavailable` when the database cannot be reached.
    No error shows the address: it may hold a password.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        from ultra.store.sqlite_file import SQLiteFile  # noqa: PLC0415 - load one driver, not two

        file = SQLiteFile(_path(parsed))
        try:
            await file.prepare(system=system)
            yield file
        finally:
            await file.close()
    else:
        from ultra.store.postgresql import PostgreSQL  # noqa: PLC0415 - as above

        server = PostgreSQL(parsed, pool_size=pool_size)
        try:
            await server.prepare()
            yield server
        finally:
            await server.close()


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise _unusable("is not a database URL") from None
    match parsed.drivername:
        case "sqlite" | "sqlite+aiosqlite":
            return parsed
        case "postgresql" | "postgres" | "postgresql+psycopg":
            return parsed.set(drivername="postgresql+psycopg")
        case other:
            raise _unusable(f"begins with {other!r}")


def _path(url: URL) -> Path:
    if not url.database or url.database == ":memory:" or url.database.startswith("file:") or url.query:
        raise _unusable("names no file")
    return Path(url.database).absolute()


def _unusable(what: str) -> InvalidRequest:
    return InvalidRequest(
        f"The database address {what}.",
        param="DATABASE_URL",
        hint="Use sqlite:///path/to/file.db or postgresql://user:password@host/name.",
    )
