"""The book of who did what: rows in a chain, so that tampering shows.

Every row holds the hash of the one before, and `audit_head` the newest, so that an edited, removed or moved row and a
cut-off end are found. Whoever can write to the database and knows the rule can write a whole new book: compare the
newest hash with one noted elsewhere to exclude that.
"""

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, RowMapping, func, insert, select, text, update

from ultra.domain.access import AuditEntry, AuditRow
from ultra.domain.errors import InvalidRequest
from ultra.store.account_tables import AUDIT, AUDIT_HEAD
from ultra.store.chain import GENESIS, link
from ultra.store.columns import storable
from ultra.store.database import Database
from ultra.system import System

BATCH = 1000
"""Rows that `verify` holds in memory at once."""

_LOCK = 7_382_016_552
"""Any constant: on PostgreSQL whoever writes into the audit holds it until its transaction ends."""


def write_entry(connection: Connection, entry: AuditEntry, *, system: System) -> None:
    """Write an entry into the transaction of the change it tells of; call it last.

    One writer at a time: on PostgreSQL by an advisory lock, on SQLite because every writing transaction is alone. As
    the lock is taken last, whoever holds it waits for nobody else.
    """
    if connection.dialect.name != "sqlite":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    head = connection.execute(select(AUDIT_HEAD.c.seq, AUDIT_HEAD.c.hash)).first()
    before, previous = (0, GENESIS) if head is None else (head.seq, head.hash)
    kept = _storable(entry)
    seq, at = before + 1, system.now()
    own = link(kept, seq=seq, at=at, previous=previous)
    values = {name: getattr(kept, name) for name in _TEXTS}
    connection.execute(
        insert(AUDIT).values(seq=seq, at=at, facts=dict(kept.facts), previous=previous, hash=own, **values)
    )
    newest = {"seq": seq, "hash": own}
    if head is None:
        connection.execute(insert(AUDIT_HEAD).values(id=1, **newest))
    else:
        connection.execute(update(AUDIT_HEAD).values(newest))


class StoredAudit:
    """Keeps `access.Audit`."""

    def __init__(self, *, database: Database, system: System) -> None:
        self._database = database
        self._system = system

    async def write(self, entry: AuditEntry) -> None:
        """Write something that changed nothing else: a refusal, a failed sign-in."""
        await self._database.write(lambda connection: write_entry(connection, entry, system=self._system))

    async def page(
        self, *, limit: int, before: int | None, action: str | None, actor: str | None
    ) -> tuple[AuditRow, ...]:
        """Return rows, newest first, with `seq < before`; raises `InvalidRequest` for a limit below 1."""
        if limit < 1:
            raise InvalidRequest("A page holds at least one row.", param="limit")
        wanted = select(AUDIT)
        if before is not None:
            wanted = wanted.where(AUDIT.c.seq < before)
        if action is not None:
            wanted = wanted.where(AUDIT.c.action == action)
        if actor is not None:
            wanted = wanted.where(AUDIT.c.actor == actor)
        newest_first = wanted.order_by(AUDIT.c.seq.desc()).limit(limit)
        rows = await self._database.read(lambda connection: connection.execute(newest_first).mappings().all())
        return tuple(audit_row(row) for row in rows)

    async def verify(self) -> int | None:
        """Check the whole chain, as far as it reached when this began; None when all rows fit.

        Else the `seq` of the first row that does not fit: the edited one, the one behind a gap, or, when the end was
        cut off, the first that is missing.
        """
        wanted = select(AUDIT_HEAD.c.seq, AUDIT_HEAD.c.hash)
        head = await self._database.read(lambda connection: connection.execute(wanted).first())
        newest, newest_hash = (0, GENESIS) if head is None else (head.seq, head.hash)
        seq, previous = 0, GENESIS
        while seq < newest:
            batch = await self._batch(after=seq, newest=newest)
            if not batch:
                return seq + 1
            for row in batch:
                seq += 1
                if not _fits(row, seq=seq, previous=previous):
                    return row.seq
                previous = row.hash
        return newest if previous != newest_hash else await self._beyond_the_head()

    async def _batch(self, *, after: int, newest: int) -> tuple[AuditRow, ...]:
        wanted = select(AUDIT).where(AUDIT.c.seq > after, AUDIT.c.seq <= newest).order_by(AUDIT.c.seq).limit(BATCH)
        rows = await self._database.read(lambda connection: connection.execute(wanted).mappings().all())
        return tuple(audit_row(row) for row in rows)

    async def _beyond_the_head(self) -> int | None:
        """Return the first row that stands where none was written yet; one statement sees one state."""
        head = select(func.coalesce(func.max(AUDIT_HEAD.c.seq), 0)).scalar_subquery()
        wanted = select(func.min(AUDIT.c.seq)).where(AUDIT.c.seq > head)
        found: int | None = await self._database.read(lambda connection: connection.scalar(wanted))
        return found


_TEXTS = ("action", "outcome", "actor", "credential", "target", "address", "request_id")


def audit_row(row: RowMapping) -> AuditRow:
    """Read a row of the table."""
    entry = AuditEntry(facts=row[AUDIT.c.facts], **{name: row[AUDIT.c[name]] for name in _TEXTS})
    return AuditRow(row[AUDIT.c.seq], row[AUDIT.c.at], entry, row[AUDIT.c.previous], row[AUDIT.c.hash])


def _fits(row: AuditRow, *, seq: int, previous: str) -> bool:
    if (row.seq, row.previous) != (seq, previous):
        return False
    return row.hash == link(row.entry, seq=seq, at=row.at, previous=previous)


def _storable(entry: AuditEntry) -> AuditEntry:
    """Return the entry as it will come back; a refused request's texts may be anything."""
    texts = {name: getattr(entry, name) for name in _TEXTS}
    kept: dict[str, Any] = {name: None if value is None else storable(value) for name, value in texts.items()}
    return replace(entry, **kept)
