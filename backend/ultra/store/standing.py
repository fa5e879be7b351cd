"""Who may still come in, across a restore: what was taken away since the backup stays taken away."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from ultra.store.account_tables import API_KEYS, AUDIT, USERS
from ultra.store.shape import Shape, declared


@dataclass(frozen=True, slots=True)
class Known:
    """How users and keys stand in the database that is given up, by id."""

    users: Mapping[str, Mapping[str, Any]]
    keys: Mapping[str, Mapping[str, Any]]


def known(connection: Connection, there: Shape, *, since: str | None) -> Known | None:
    """Ask the database that is about to be given up; None where its tables cannot answer.

    `since` is the hash of a row of its audit. Without that row it is another database than the one that was backed up,
    and knows nothing of what happened there.
    """
    wanted = declared()
    if any(there.get(table.name) != wanted[table.name] for table in (USERS, API_KEYS, AUDIT)):
        return None
    if connection.scalar(select(AUDIT.c.seq).where(AUDIT.c.hash == since)) is None:
        return None
    users = select(USERS.c.id, USERS.c.role, USERS.c.disabled_at, USERS.c.password_hash, USERS.c.version)
    keys = select(API_KEYS.c.id, API_KEYS.c.revoked_at, API_KEYS.c.overlap_until, API_KEYS.c.expires_at)
    return Known(_by_id(connection, users), _by_id(connection, keys))


def hold(connection: Connection, before: Known | None, *, keep_keys: bool, now: datetime) -> int:
    """Apply it to what has been restored; returns how many keys ended that the backup says are good."""
    ended = 0
    if before is not None:
        _hold_users(connection, before, now)
    live = select(API_KEYS.c.id).where(API_KEYS.c.revoked_at.is_(None))
    for key in connection.scalars(live).all():
        stands = None if before is None else before.keys.get(key)
        if stands is not None:
            changes = {name: stands[name] for name in ("revoked_at", "overlap_until", "expires_at")}
        else:
            changes = {"revoked_at": None if keep_keys else now}
        ended += changes["revoked_at"] is not None
        connection.execute(update(API_KEYS).where(API_KEYS.c.id == key).values(changes))
    return ended


def _hold_users(connection: Connection, before: Known, now: datetime) -> None:
    for user in connection.execute(select(USERS.c.id, USERS.c.disabled_at, USERS.c.version)).all():
        stands = before.users.get(user.id)
        if stands is None:
            changes = {"disabled_at": user.disabled_at or now, "version": user.version + 1}
        else:
            changes = {name: stands[name] for name in ("role", "disabled_at", "password_hash")}
            changes["version"] = max(user.version, stands["version"]) + 1
        connection.execute(update(USERS).where(USERS.c.id == user.id).values(changes))


def _by_id(connection: Connection, wanted: Any) -> dict[str, Mapping[str, Any]]:
    return {row["id"]: dict(row) for row in connection.execute(wanted).mappings()}
