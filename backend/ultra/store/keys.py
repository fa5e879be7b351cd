"""API keys."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, bindparam, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from ultra.domain.access import ApiKey, AuditEntry, User
from ultra.domain.errors import Conflict, Forbidden, NotFound
from ultra.domain.identity import Permission
from ultra.store.account_tables import API_KEYS, USERS
from ultra.store.accounts import (
    allowance_from_json,
    allowance_to_json,
    columns_of,
    fields_of,
    lock_user,
    raise_version,
    user_from,
)
from ultra.store.audit import write_entry
from ultra.store.database import Database
from ultra.store.key_lines import expire_made_with, is_live, revoke_made_with
from ultra.store.transactions import Result, Work
from ultra.system import System

BETWEEN_TOUCHES = timedelta(minutes=1)

_WITH_OWNER = (
    select(API_KEYS, USERS)
    .join(USERS, USERS.c.id == API_KEYS.c.owner)
    .where(API_KEYS.c.public_id == bindparam("wanted"))
)
"""Asked with every request of a program, and therefore put together once."""


class StoredKeys:
    """Keeps `access.Keys`."""

    def __init__(self, *, database: Database, system: System) -> None:
        self._database = database
        self._system = system

    async def create(self, key: ApiKey, audit: AuditEntry) -> None:
        """Keep a key; raises `Conflict` when its id is taken, `NotFound` when the owner is gone.

        Raises `Forbidden` when the key it is made with has ended meanwhile.
        """

        def keep(connection: Connection) -> None:
            if lock_user(connection, key.owner) is None:
                raise NotFound("There is no such user.")
            _refuse_without_maker(connection, key)
            connection.execute(insert(API_KEYS).values(_to_row(key)))
            write_entry(connection, audit, system=self._system)

        await self._keeping(keep)

    async def by_public_id(self, public_id: str) -> tuple[ApiKey, User] | None:
        """Return a key and its owner; the caller judges state and secret."""
        row = await self._database.read(
            lambda connection: connection.execute(_WITH_OWNER, {"wanted": public_id}).mappings().first()
        )
        return None if row is None else (_key(row), user_from(row))

    async def get(self, key_id: str, *, owner: str | None) -> ApiKey | None:
        """Return a key; `owner` None is an administrator's view."""
        wanted = select(API_KEYS).where(*_owned(key_id, owner))
        row = await self._database.read(lambda connection: connection.execute(wanted).mappings().first())
        return None if row is None else _key(row)

    async def of(self, owner: str | None) -> tuple[ApiKey, ...]:
        """Return the keys of an owner (None: everybody's), newest first, ended ones too."""
        wanted = select(API_KEYS).order_by(API_KEYS.c.created_at.desc(), API_KEYS.c.id.desc())
        if owner is not None:
            wanted = wanted.where(API_KEYS.c.owner == owner)
        rows = await self._database.read(lambda connection: connection.execute(wanted).mappings().all())
        return tuple(_key(row) for row in rows)

    async def revoke(self, key_id: str, audit: AuditEntry, *, owner: str | None, at: datetime) -> bool:
        """End a key and all that was made with it; False when none of them is live."""

        def revoke(connection: Connection) -> bool:
            whose = _lock_owner(connection, _owned(key_id, owner))
            if whose is None:
                return False
            mine = update(API_KEYS).where(API_KEYS.c.id == key_id, is_live(at)).values(revoked_at=at)
            ended = connection.execute(mine).rowcount + revoke_made_with(connection, key_id, at=at)
            return bool(ended) and self._note(connection, whose, audit)

        return await self._database.write(revoke)

    async def rotate(self, key_id: str, successor: ApiKey, audit: AuditEntry, *, overlap_until: datetime) -> bool:
        """Keep the successor and let the old one end at `overlap_until`; False when the old one is not live.

        A key that was rotated already is not rotated again, and a successor belongs to the owner of the old one. What
        was made with the old one expires then, if it does not sooner.
        """
        mine, at = _owned(key_id, successor.owner), successor.created_at

        def rotate(connection: Connection) -> bool:
            whose = _lock_owner(connection, mine)
            if whose is None:
                return False
            old = update(API_KEYS).where(*mine, is_live(at), API_KEYS.c.overlap_until.is_(None))
            if not connection.execute(old.values(overlap_until=overlap_until)).rowcount:
                return False
            expire_made_with(connection, key_id, at=at, until=overlap_until)
            connection.execute(insert(API_KEYS).values(_to_row(successor) | {"rotated_from": key_id}))
            return self._note(connection, whose, audit)

        return await self._keeping(rotate)

    async def touch(self, key_id: str, at: datetime) -> None:
        """Remember when it was last used; what comes within a minute of that is not written."""
        is_due = or_(API_KEYS.c.last_used_at.is_(None), API_KEYS.c.last_used_at <= at - BETWEEN_TOUCHES)
        touched = update(API_KEYS).where(API_KEYS.c.id == key_id, is_due).values(last_used_at=at)
        await self._database.write(lambda connection: connection.execute(touched))

    def _note(self, connection: Connection, owner: str, audit: AuditEntry) -> bool:
        raise_version(connection, owner)
        write_entry(connection, audit, system=self._system)
        return True

    async def _keeping(self, work: Work[Result]) -> Result:
        try:
            return await self._database.write(work)
        except IntegrityError as error:
            raise Conflict("There is such a key already.", code="key_exists") from error


def _owned(key_id: str, owner: str | None) -> tuple[ColumnElement[bool], ...]:
    return (API_KEYS.c.id == key_id,) if owner is None else (API_KEYS.c.id == key_id, API_KEYS.c.owner == owner)


def _lock_owner(connection: Connection, mine: tuple[ColumnElement[bool], ...]) -> str | None:
    """Keep others from the keys of whoever has this one; returns who that is, None when there is no such key."""
    owner: str | None = connection.scalar(select(API_KEYS.c.owner).where(*mine))
    if owner is not None:
        lock_user(connection, owner)
    return owner


def _refuse_without_maker(connection: Connection, key: ApiKey) -> None:
    """Raise `Forbidden` where the maker has ended; it does not end from now on, its owner's row being locked."""
    maker = (API_KEYS.c.id == key.made_with, API_KEYS.c.owner == key.owner, is_live(key.created_at))
    if key.made_with is not None and connection.scalar(select(API_KEYS.c.id).where(*maker)) is None:
        raise Forbidden("The key that this one is to be made with has ended.", code="insufficient_scope")


def _key(row: RowMapping) -> ApiKey:
    fields = columns_of(row, API_KEYS)
    fields["scopes"] = frozenset(each for each in Permission if each in fields["scopes"])  # a word of later is no scope
    fields["allowance"] = allowance_from_json(fields["allowance"])
    for name in ("models", "cidrs"):
        fields[name] = None if fields[name] is None else tuple(fields[name])
    return ApiKey(**fields)


def _to_row(key: ApiKey) -> dict[str, Any]:
    fields = fields_of(key)
    fields["scopes"] = sorted(key.scopes)
    fields["allowance"] = allowance_to_json(key.allowance)
    return fields
