"""Puts a backup into a database: all of it, or nothing of it, because it is one transaction.

Nobody is let in by a restore who would not be let in without it. Sessions, tokens and links are not in a backup. Keys:
where the database that is replaced has grown out of the backup and can be asked, those that were revoked, rotated or
deleted since end, and users who were disabled, deleted, demoted or given another password since stay so. Where there is
nobody to ask, all keys end.
"""

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import Connection, DateTime, Float, LargeBinary, MetaData, Numeric, Table, delete, insert, text

from ultra.domain.access import AuditEntry
from ultra.domain.errors import Conflict, InvalidRequest
from ultra.store import migrating, shape, standing
from ultra.store.archive import Archive, Manifest, Section
from ultra.store.audit import write_entry
from ultra.store.backing_up import kept_tables
from ultra.store.database import Database
from ultra.system import System

_SAY_NOTHING = frozenset({"alembic_version", "stamp", "audit_head"})
"""Tables whose rows do not make a database more than empty."""

_Reader: TypeAlias = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Restored:
    """What is in the database now: the rows that came from the backup, the steps applied to them, the keys ended."""

    manifest: Manifest
    rows: dict[str, int]
    applied: tuple[str, ...]
    ended_keys: int


async def restore(
    database: Database, *, source: Path, environment: str, replace: bool, keep_keys: bool, system: System
) -> Restored:
    """Put the backup `source` into `database` and bring it to the newest revision.

    `replace` gives up what is there. `keep_keys` leaves keys valid of which nobody can say whether they were revoked
    since. Raises `Conflict` for a database that holds something, and for a backup of another environment or of a newer
    version; `InvalidRequest` for one that is damaged. Then, and after a kill, the database is as it was before.
    """
    archive = Archive(source)
    manifest = archive.manifest()
    _judge(manifest, environment)
    archive.verify()  # before anything is locked: the transaction reads it once more, and believes only what it reads

    def put(connection: Connection) -> Restored:
        migrating.known_revision_of(connection)
        there = shape.found(connection)
        if _holds_something(connection, there) and not replace:
            raise Conflict(
                "The database is not empty.",
                code="database_not_empty",
                hint="Restore into an empty one, or give up what is there with --replace.",
            )
        known = standing.known(connection, there, since=manifest.audit_head) if replace else None
        _empty(connection, there)
        rows = _fill(connection, archive, manifest.revision)
        applied = migrating.raise_in(connection)
        ended = standing.hold(connection, known, keep_keys=keep_keys, now=system.now())
        write_entry(connection, _entry(manifest, ended), system=system)
        return Restored(manifest, rows, applied, ended)

    return await migrating.alone(database, put)


def _judge(manifest: Manifest, environment: str) -> None:
    if manifest.revision not in migrating.revisions():
        raise Conflict(
            f"The backup is of revision {manifest.revision!r}, which this program does not know.",
            code="backup_too_new",
            hint="Restore it with the version that made it, or with a newer one.",
        )
    if manifest.environment not in (None, environment):
        raise Conflict(
            f"The backup is of the environment {manifest.environment!r}, and this is {environment!r}.",
            code="wrong_environment",
            hint="Restore it where it belongs.",
        )


def _holds_something(connection: Connection, there: shape.Shape) -> bool:
    ours = there.keys() & shape.declared().keys() - _SAY_NOTHING
    return any(connection.scalar(text(f'SELECT 1 FROM "{name}" LIMIT 1')) for name in sorted(ours))  # noqa: S608 - names of our own tables


def _empty(connection: Connection, there: shape.Shape) -> None:
    """Drop our tables, whatever state they are in; those of others stay."""
    ours = MetaData()
    names = [name for name in there if name in (*shape.declared(), "alembic_version") or name.startswith(shape.COPY)]
    ours.reflect(connection, only=names)
    ours.drop_all(connection)


def _fill(connection: Connection, archive: Archive, revision: str) -> dict[str, int]:
    migrating.raise_in(connection, to=revision)
    tables = {table.name: table for table in kept_tables(connection, revision)}
    for table in reversed(tables.values()):
        connection.execute(delete(table))  # what the steps themselves have put there is in the backup, too
    counts: dict[str, int] = {}
    for section in archive.sections():
        table = _table_of(section, tables)
        rows = list(_values(section, table, has_zones=connection.dialect.name != "sqlite"))
        if rows:
            connection.execute(insert(table), rows)
        counts[section.table] = counts.get(section.table, 0) + len(rows)
    return counts


def _table_of(section: Section, tables: Mapping[str, Table]) -> Table:
    table = tables.get(section.table)
    if table is None or set(section.columns) != {column.name for column in table.columns}:
        raise InvalidRequest(
            f"The backup's table {section.table!r} is not that of its revision.", code="backup_damaged"
        )
    return table


def _values(section: Section, table: Table, *, has_zones: bool) -> Iterator[Mapping[str, Any]]:
    readers = [_reader(table, name, has_zones=has_zones) for name in section.columns]
    for row in section.rows:
        pairs = zip(section.columns, readers, row, strict=True)
        yield {name: None if value is None else read(value) for name, read, value in pairs}


def _reader(table: Table, column: str, *, has_zones: bool) -> _Reader:
    """Return what turns JSON into what this database takes for a column."""
    kind = table.columns[column].type
    if isinstance(kind, DateTime):
        return datetime.fromisoformat if has_zones else _without_zone
    if isinstance(kind, LargeBinary):
        return base64.b64decode
    if isinstance(kind, Numeric) and not isinstance(kind, Float):
        return Decimal
    return _same


def _without_zone(moment: str) -> datetime:
    return datetime.fromisoformat(moment).astimezone(UTC).replace(tzinfo=None)


def _same(value: Any) -> Any:
    return value


def _entry(manifest: Manifest, ended_keys: int) -> AuditEntry:
    facts = {"made_at": manifest.made_at, "made_by": manifest.made_by, "revision": manifest.revision}
    return AuditEntry("database.restore", "done", actor="local", facts={**facts, "ended_keys": ended_keys})
