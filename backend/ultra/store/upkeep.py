"""What an operator does with the database: look at it, move its revision, back it up."""

import os
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, func, inspect, select, text

from ultra.domain.errors import Conflict, InvalidRequest
from ultra.store import migrating
from ultra.store.database import Database
from ultra.store.stamp import read_stamp
from ultra.store.tables import METADATA, STAMP


@dataclass(frozen=True, slots=True)
class DatabaseStatus:
    """`size_bytes` counts the write-ahead log too; `counts` is rows by table, of the tables that exist."""

    kind: str
    path: Path | None
    environment: str | None
    revision: str | None
    pending: tuple[str, ...]
    size_bytes: int
    counts: dict[str, int]


async def status(database: Database) -> DatabaseStatus:
    """Look, without changing anything; raises `Conflict` when a newer program has been here."""
    counts, size_bytes = await database.read(lambda connection: (_counts(connection), _size(connection, database.path)))
    return DatabaseStatus(
        kind="sqlite" if database.is_sqlite else "postgresql",
        path=database.path,
        environment=await read_stamp(database) if STAMP.name in counts else None,
        revision=await migrating.current(database),
        pending=await migrating.pending(database),
        size_bytes=size_bytes,
        counts=counts,
    )


async def upgrade(database: Database) -> tuple[str, ...]:
    """Apply every pending revision and return what was applied."""
    return await migrating.upgrade(database)


async def downgrade(database: Database, *, to: str | None) -> None:
    """Go back to revision `to`; None empties the database. Data that only newer tables held is gone."""
    await migrating.downgrade(database, to=to)


async def backup(database: Database, *, target: Path) -> int:
    """Write a consistent copy of a SQLite database to the new file `target` (mode 0600) while it is in use.

    Returns the size in bytes. Raises `Conflict` when the file exists, `InvalidRequest` for PostgreSQL.
    """
    if not database.is_sqlite:
        raise InvalidRequest("Backups of PostgreSQL are not made by Ultra yet.", hint="Use pg_dump.")
    _create(target)
    try:
        vacuum = text("VACUUM INTO :target").bindparams(target=str(target))
        await database.maintain(lambda connection: connection.execute(vacuum))
    except BaseException:
        _remove(target)
        raise
    return _bytes(target)


def _create(target: Path) -> None:
    try:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError as error:
        raise Conflict(f"{target} exists already.", hint="Name a new file.") from error
    except OSError as error:
        raise InvalidRequest(f"{target} cannot be written: {error.strerror}.") from error


def _remove(target: Path) -> None:
    target.unlink(missing_ok=True)


def _bytes(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _counts(connection: Connection) -> dict[str, int]:
    present = set(inspect(connection).get_table_names())
    return {
        table.name: connection.scalar(select(func.count()).select_from(table)) or 0
        for table in METADATA.sorted_tables
        if table.name in present
    }


def _size(connection: Connection, path: Path | None) -> int:
    if path is None:
        return int(connection.scalar(text("SELECT pg_database_size(current_database())")) or 0)
    return _bytes(path) + _bytes(path.with_name(path.name + "-wal"))
