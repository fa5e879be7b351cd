"""Takes away what has been kept for as long as it should be: a few rows at a time, so that nobody waits long."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, ColumnElement, Delete, Table, delete, or_, select

from ultra.store.account_tables import IDEMPOTENCY, NONCES, SESSIONS, SIGN_IN_LINKS, TOKEN_FAMILIES
from ultra.store.database import LONG_PATIENCE_S, Database
from ultra.store.tables import LEDGER, RUNS

BATCH = 200
"""Rows per transaction; a run takes its journal with it."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """What of a table may go: `key` tells its rows apart."""

    table: Table
    key: Column[str]
    is_over: ColumnElement[bool]


async def purge_content(database: Database, *, before: datetime) -> Mapping[str, int]:
    """Remove runs that ended before then, with their journals, and calls made before then; return rows by table."""
    return await _purge(
        database,
        _Kind(RUNS, RUNS.c.id, RUNS.c.finished_at < before),
        _Kind(LEDGER, LEDGER.c.id, LEDGER.c.at < before),
    )


async def purge_accounts(database: Database, *, before: datetime) -> Mapping[str, int]:
    """Remove what nobody can sign in with any more since then; return rows by table. The audit is never purged.

    Sessions and token families (with their tokens) go once they ended, links and nonces once they expired, and
    requests that may be repeated once they were begun before then.
    """
    return await _purge(
        database,
        _Kind(SESSIONS, SESSIONS.c.id_hash, or_(SESSIONS.c.expires_at < before, SESSIONS.c.revoked_at < before)),
        _Kind(
            TOKEN_FAMILIES,
            TOKEN_FAMILIES.c.id,
            or_(TOKEN_FAMILIES.c.expires_at < before, TOKEN_FAMILIES.c.revoked_at < before),
        ),
        _Kind(SIGN_IN_LINKS, SIGN_IN_LINKS.c.hash, SIGN_IN_LINKS.c.expires_at < before),
        _Kind(IDEMPOTENCY, IDEMPOTENCY.c.key_hash, IDEMPOTENCY.c.at < before),
        _Kind(NONCES, NONCES.c.nonce, NONCES.c.until < before),
    )


async def _purge(database: Database, *kinds: _Kind) -> dict[str, int]:
    removed = {}
    for kind in kinds:
        some = select(kind.key).where(kind.is_over).limit(BATCH)
        rows = await _until_none(database, delete(kind.table).where(kind.is_over, kind.key.in_(some)))
        removed[kind.table.name] = rows
    return removed


async def _until_none(database: Database, removal: Delete) -> int:
    rows = 0
    while gone := await database.write(
        lambda connection: connection.execute(removal).rowcount, patience_s=LONG_PATIENCE_S
    ):
        rows += gone
    return rows
