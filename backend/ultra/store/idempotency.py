"""Requests that may be sent again without being done again.

A fingerprint may be of a body with a password in it, so it is kept under a pepper that is not in the database. A key
is kept as a hash under its owner: it may be of any length, and nobody else's key is ever the same one. After `KEPT_S`
it is free again. One whose request was never finished (the process died) is free after `ABANDONED_S`: what that request
did is unknown, and no request lasts that long.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from sqlalchemy import ColumnElement, Connection, Update, and_, delete, or_, select, update

from ultra.domain.access import KeptResponse
from ultra.store.account_tables import IDEMPOTENCY
from ultra.store.database import Database
from ultra.store.inserting import inserting
from ultra.store.tables import RUNS

KEPT_S = 24 * 3600.0
ABANDONED_S = 3600.0

_Begun: TypeAlias = tuple[Literal["new", "repeated", "in_progress", "conflict"], KeptResponse | None]


class StoredIdempotency:
    """Keeps `access.Idempotency`."""

    def __init__(
        self, *, database: Database, pepper: bytes, kept_s: float = KEPT_S, abandoned_s: float = ABANDONED_S
    ) -> None:
        self._database = database
        self._pepper = pepper
        self._kept = timedelta(seconds=kept_s)
        self._abandoned = timedelta(seconds=abandoned_s)

    async def begin(self, owner: str, key: str, fingerprint: str, *, at: datetime) -> _Begun:
        """Take a key for a request, whose `fingerprint` is a hash over method, path and body."""
        mine = _mine(owner, key)
        fingerprint = hmac.new(self._pepper, b"idempotency\0" + fingerprint.encode(), hashlib.sha256).hexdigest()
        begun = {"fingerprint": fingerprint, "at": at, "status": None, "headers": None, "body": None, "run_id": None}
        taken = inserting(IDEMPOTENCY, is_sqlite=self._database.is_sqlite).values(
            owner=owner, key_hash=_hash(key), **begun
        )
        taken = taken.on_conflict_do_update(
            index_elements=[IDEMPOTENCY.c.owner, IDEMPOTENCY.c.key_hash], set_=begun, where=self._is_over(at)
        )

        def begin(connection: Connection) -> _Begun:
            if connection.scalar(taken.returning(IDEMPOTENCY.c.owner)) is not None:
                return "new", None
            row = connection.execute(select(IDEMPOTENCY).where(mine)).one()
            if row.fingerprint != fingerprint:
                return "conflict", None
            if row.status is None:
                return "in_progress", None
            return "repeated", KeptResponse(row.status, row.headers, row.body, row.run_id)

        return await self._database.write(begin)

    async def finish(self, owner: str, key: str, response: KeptResponse) -> None:
        """Keep the response, unless its run is gone."""
        run_id, mine = response.run_id, _mine(owner, key)
        done = {"status": response.status, "headers": dict(response.headers), "body": response.body, "run_id": run_id}
        # held until the row is written: a run that is removed at this moment waits, and takes the row with it
        run = select(RUNS.c.id).where(RUNS.c.id == run_id).with_for_update(read=True, key_share=True)

        def finish(connection: Connection) -> None:
            is_gone = run_id is not None and connection.scalar(run) is None
            connection.execute(delete(IDEMPOTENCY).where(mine) if is_gone else _kept(mine, done))

        await self._database.write(finish)

    async def forget(self, owner: str, key: str) -> None:
        """Give the key free again: nothing was done."""
        gone = delete(IDEMPOTENCY).where(_mine(owner, key))
        await self._database.write(lambda connection: connection.execute(gone))

    async def purge(self, *, before: datetime) -> int:
        """Remove what was begun before then; returns how many."""
        gone = delete(IDEMPOTENCY).where(IDEMPOTENCY.c.at < before)
        return await self._database.write(lambda connection: connection.execute(gone).rowcount)

    def _is_over(self, at: datetime) -> ColumnElement[bool]:
        is_old = IDEMPOTENCY.c.at <= at - self._kept
        return or_(is_old, and_(IDEMPOTENCY.c.status.is_(None), IDEMPOTENCY.c.at <= at - self._abandoned))


def _kept(mine: ColumnElement[bool], done: Mapping[str, object]) -> Update:
    return update(IDEMPOTENCY).where(mine).values(done)


def _mine(owner: str, key: str) -> ColumnElement[bool]:
    return and_(IDEMPOTENCY.c.owner == owner, IDEMPOTENCY.c.key_hash == _hash(key))


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
