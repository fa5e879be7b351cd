"""Users, and the versions by which other workers notice that something of theirs has ended."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from ultra.domain.access import AuditEntry, User
from ultra.domain.errors import Conflict, InvalidRequest
from ultra.domain.identity import Allowance, Role, allowance_changes
from ultra.store.account_tables import USERS
from ultra.store.accounts import allowance_to_json, end_sign_ins, lock_user, user_from
from ultra.store.audit import write_entry
from ultra.store.database import Database
from ultra.store.erasing import erase_content
from ultra.store.moved import note_moved
from ultra.store.names import folded_name
from ultra.system import System

_VERSIONS = select(USERS.c.id, USERS.c.version).where(USERS.c.id.in_(bindparam("users", expanding=True)))
"""Built once: it is asked for every request."""

_VERSION = "SELECT version FROM users WHERE id = ?"
_FEW = 32
"""Users whom to look up one by one costs less than going through a thread for all of them."""


class StoredUsers:
    """Keeps `access.Users` and `access.Versions`."""

    def __init__(self, *, database: Database, system: System) -> None:
        self._database = database
        self._system = system

    async def create(self, user: User, audit: AuditEntry) -> None:
        """Keep a new user; raises `Conflict` when the name is taken (case does not distinguish names)."""
        row = _to_row(user)

        def keep(connection: Connection) -> None:
            connection.execute(insert(USERS).values(row))
            write_entry(connection, audit, system=self._system)

        try:
            await self._database.write(keep)
        except IntegrityError as error:
            raise Conflict("There is a user of that name already.", code="username_taken", param="username") from error

    async def get(self, user_id: str) -> User | None:
        """Return a user."""
        return await self._one(USERS.c.id == user_id)

    async def by_name(self, username: str) -> User | None:
        """Return the user of that name, whatever its case."""
        return await self._one(USERS.c.folded == folded_name(username))

    async def all(self, *, limit: int, cursor: str | None) -> tuple[tuple[User, ...], str | None]:
        """Return users by name and the cursor of the next page; raises `InvalidRequest`."""
        if limit < 1:
            raise InvalidRequest("A page holds at least one user.", param="limit")
        name = USERS.c.folded.collate("BINARY" if self._database.is_sqlite else "C")
        wanted = select(USERS).order_by(name).limit(limit + 1)
        if cursor is not None:
            wanted = wanted.where(name > _read_cursor(cursor))
        rows = await self._database.read(lambda connection: connection.execute(wanted).mappings().all())
        shown = rows[:limit]
        more = len(rows) > limit
        return tuple(user_from(row) for row in shown), _write_cursor(shown[-1][USERS.c.folded]) if more else None

    async def count(self) -> int:
        """How many users there are."""
        counted = select(func.count()).select_from(USERS)
        return await self._database.read(lambda connection: connection.scalar(counted)) or 0

    async def change(
        self,
        user_id: str,
        audit: AuditEntry,
        *,
        role: Role | None = None,
        disabled: bool | None = None,
        password_hash: str | None = None,
        allowance: Allowance | None = None,
    ) -> User | None:
        """Change what is given, raise `version`, and return the user; None when there is none.

        Disabling, and a new password, end all sessions and token families of the user in the same transaction. The
        last administrator can be neither demoted nor disabled: `Conflict`.
        """
        now = self._system.now()
        values: dict[str, Any] = {}
        if role is not None:
            values["role"] = role.value
        if password_hash is not None:
            values["password_hash"] = password_hash
        if allowance is not None:
            values["allowance"] = allowance_to_json(allowance)
        if disabled is not None:
            values["disabled_at"] = func.coalesce(USERS.c.disabled_at, now) if disabled else None
        changed = update(USERS).where(USERS.c.id == user_id).values(version=USERS.c.version + 1, **values)

        def change(connection: Connection) -> User | None:
            if disabled or (role is not None and role is not Role.ADMIN):
                _keep_an_administrator(connection, without=user_id)
            before = lock_user(connection, user_id)
            row = connection.execute(changed.returning(*USERS.c)).mappings().first()
            if before is None or row is None:
                return None
            note_moved(connection, user_id)
            if disabled or password_hash is not None:
                because = "disabled" if disabled else "password changed"
                end_sign_ins(connection, user_id, at=now, because=because)
            moved = {} if allowance is None else {"allowance": allowance_changes(before.allowance, allowance)}
            write_entry(connection, replace(audit, facts={**audit.facts, **moved}), system=self._system)
            return user_from(row)

        return await self._database.write(change)

    async def rehash(self, user_id: str, *, kept: str, password_hash: str) -> bool:
        """Replace the hash `kept` by another of the same password; False when it is not the present one."""
        changed = update(USERS).where(USERS.c.id == user_id, USERS.c.password_hash == kept)
        changed = changed.values(password_hash=password_hash)
        return await self._database.write(lambda connection: connection.execute(changed).rowcount > 0)

    async def delete(self, user_id: str, audit: AuditEntry) -> bool:
        """Remove a user with sessions, tokens, keys and runs; audit rows stay, by id alone. `Conflict` as above.

        Ledger rows stay too, without saying whose they were: money is not forgotten.
        """

        def remove(connection: Connection) -> bool:
            _keep_an_administrator(connection, without=user_id)
            if lock_user(connection, user_id) is None:
                return False
            erase_content(connection, user_id)
            connection.execute(delete(USERS).where(USERS.c.id == user_id))
            note_moved(connection, user_id)
            write_entry(connection, audit, system=self._system)
            return True

        return await self._database.write(remove)

    async def of(self, user_ids: Sequence[str]) -> Mapping[str, int]:
        """Return the present version of each user; a missing one was deleted."""
        found = self._glanced_at(user_ids)
        if found is not None:
            return found
        users = {"users": list(user_ids)}
        rows = await self._database.read(lambda connection: connection.execute(_VERSIONS, users).all())
        return {row.id: row.version for row in rows}

    def _glanced_at(self, user_ids: Sequence[str]) -> Mapping[str, int] | None:
        if len(user_ids) > _FEW:
            return None
        rows = {user_id: self._database.glance(_VERSION, user_id) for user_id in user_ids}
        if None in rows.values():
            return None
        return {user_id: row[0] for user_id, row in rows.items() if row}

    async def _one(self, condition: ColumnElement[bool]) -> User | None:
        wanted = select(USERS).where(condition)
        row = await self._database.read(lambda connection: connection.execute(wanted).mappings().first())
        return None if row is None else user_from(row)


def _keep_an_administrator(connection: Connection, *, without: str) -> None:
    """Raise `Conflict` when only `without` is able to administrate.

    All administrators are locked, always in the same order: of two changes at once the second sees the first.
    """
    able = select(USERS.c.id).where(USERS.c.role == Role.ADMIN.value, USERS.c.disabled_at.is_(None))
    able = able.order_by(USERS.c.id).with_for_update(key_share=True)
    if connection.scalars(able).all() == [without]:
        raise Conflict(
            "This is the last administrator.", code="last_administrator", hint="Make somebody else one first."
        )


def _to_row(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "username": user.username,
        "folded": folded_name(user.username),
        "role": user.role.value,
        "created_at": user.created_at,
        "password_hash": user.password_hash,
        "disabled_at": user.disabled_at,
        "version": user.version,
        "allowance": allowance_to_json(user.allowance),
        "last_seen_at": user.last_seen_at,
    }


def _write_cursor(folded: str) -> str:
    return base64.urlsafe_b64encode(folded.encode()).decode()


def _read_cursor(cursor: str) -> str:
    try:
        return base64.b64decode(cursor, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise InvalidRequest("The cursor is not one that was given out.", param="cursor") from None
