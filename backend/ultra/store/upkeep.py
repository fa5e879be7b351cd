"""What an operator does with the database: look at it, move its revision."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, func, inspect, select, text

from ultra.store import migrating
from ultra.store.database import Database
from ultra.store.stamp import read_stamp
from ultra.store.tables import METADATA, STAMP


@dataclass(frozen=True, slots=True)
class DatabaseStatus:
    """`size_bytes` counts the write-ahead log too; `counts` is rows by table, of the tables that exist.

    `defects` says what of the tables does not fit the revision; nothing can be applied while there are any.
    """

    kind: str
    path: Path | None
    environment: str | None
    revision: str | None
    pending: tuple[str, ...]
    defects: tuple[str, ...]
    size_bytes: int
    counts: dict[str, int]


async def status(database: Database) -> DatabaseStatus:
    """Look, without changing anything; raises `Conflict` when a newer program has been here."""
    counts, size_bytes = await database.snapshot(
        lambda connection: (_counts(connection), _size(connection, database.path))
    )
    defects = await migrating.defects(database)
    return DatabaseStatus(
        kind="sqlite" if database.is_sqlite else "postgresql",
        path=database.path,
        environment=await read_stamp(database) if STAMP.name in counts else None,
        revision=await migrating.current(database),
        pending=() if defects else await migrating.pending(database),
        defects=defects,
        size_bytes=size_bytes,
        counts=counts,
    )


async def upgrade(database: Database) -> tuple[str, ...]:
    """Apply every pending revision and return what was applied."""
    return await migrating.upgrade(database)


async def downgrade(database: Database, *, to: str | None) -> None:
    """Go back to revision `to`; None empties the database. Data that only newer tables held is gone."""
    await migrating.downgrade(database, to=to)


async def settle(database: Database) -> None:
    """Take what has been removed out of SQLite's write-ahead log as well, unless somebody is reading just now."""
    if database.is_sqlite:
        await database.maintain(_truncate_log)


def _truncate_log(connection: Connection) -> None:
    connection.exec_driver_sql("PRAGMA busy_timeout = 0")  # waiting for readers would make every writer wait
    connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


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
