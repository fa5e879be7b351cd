"""Backs a database up while it is in use: one unchanging state of it, row by row, into one file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, MetaData, Table, select

from ultra.domain.errors import Conflict
from ultra.store import migrating, shape
from ultra.store.account_tables import AUDIT_HEAD
from ultra.store.archive import Manifest
from ultra.store.archiving import Writer, written
from ultra.store.database import Database
from ultra.store.tables import STAMP
from ultra.system import System

LEFT_OUT = frozenset({"sessions", "token_families", "refresh_tokens", "sign_in_links", "alerts", "alert_holders"})
"""What lets somebody in for a while: nobody who was signed out since must be signed in again by a restore.

And the alerts that stood then: those who see trouble now will raise theirs."""

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Backup:
    """What was written: `size_bytes` of the file, and how many rows of each table."""

    revision: str
    size_bytes: int
    rows: dict[str, int]


async def back_up(database: Database, *, target: Path, made_by: str, system: System) -> Backup:
    """Write the new file `target` (mode 0600); others go on reading and writing meanwhile.

    A database that waits for its upgrade is backed up as it is. Raises `Conflict` when the file exists, when there is
    nothing to back up, or when the tables are not those of any revision; `InvalidRequest` where nobody can write.
    """

    def copy(connection: Connection) -> Backup:
        revision = _revision(connection)
        tables = kept_tables(connection, revision)
        manifest = Manifest(
            revision=revision,
            environment=connection.scalar(select(STAMP.c.value).where(STAMP.c.name == "environment")),
            audit_head=_audit_head(connection, tables),
            made_at=system.now().isoformat(timespec="seconds"),
            made_by=made_by,
            database=connection.dialect.name,
        )
        with written(target, manifest, system=system) as writer:
            rows = {table.name: _copy(connection, table, writer) for table in tables if table.name not in LEFT_OUT}
        return Backup(revision, target.stat().st_size, rows)

    return await database.snapshot(copy)


def kept_tables(connection: Connection, revision: str) -> Sequence[Table]:
    """Return our tables as they are in this database, those that others point to first."""
    wanted = shape.of_revision(revision, newest=migrating.revisions()[-1])
    reflected = MetaData()
    reflected.reflect(connection, only=list(wanted))
    return reflected.sorted_tables


def _revision(connection: Connection) -> str:
    migrating.pending_in(connection)
    revision = migrating.revision_of(connection)
    if revision is None:
        raise Conflict("The database is empty: there is nothing to back up.", code="database_empty")
    return revision


def _audit_head(connection: Connection, tables: Sequence[Table]) -> str | None:
    if not any(table.name == AUDIT_HEAD.name for table in tables):
        return None
    head: str | None = connection.scalar(select(AUDIT_HEAD.c.hash).where(AUDIT_HEAD.c.seq > 0))
    return head


def _copy(connection: Connection, table: Table, writer: Writer) -> int:
    writer.begin(table.name, [column.name for column in table.columns])
    count = 0
    for row in connection.execute(select(table).execution_options(yield_per=_AT_ONCE)):
        writer.add(row)
        count += 1
    return count
