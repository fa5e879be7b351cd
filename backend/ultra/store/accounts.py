"""What the stores of accounts share: rows as values, and the order in which they lock.

Every change of an account locks the user's row first, then sessions, families and keys, and the audit last: no two
transactions can wait for each other.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, Update, select, update

from ultra.domain.access import AuditEntry, User
from ultra.domain.identity import Allowance, Role
from ultra.store.account_tables import SESSIONS, TOKEN_FAMILIES, USERS
from ultra.store.audit import write_entry
from ultra.store.moved import note_moved
from ultra.system import System

_MONEY = ("daily_budget_usd", "monthly_budget_usd")


def columns_of(row: RowMapping, table: Table) -> dict[str, Any]:
    """Return one table's part of a row that may be joined from several, by column name."""
    return {column.name: row[column] for column in table.c}


def fields_of(value: Any) -> dict[str, Any]:
    """Return a value of the domain by field name, as deep as its columns are."""
    return {name: getattr(value, name) for name in value.__slots__}


def user_from(row: RowMapping) -> User:
    """Read a user."""
    fields = columns_of(row, USERS)
    del fields["folded"]
    fields |= {"role": Role(fields["role"]), "allowance": allowance_from_json(fields["allowance"])}
    return User(**fields)


def allowance_to_json(allowance: Allowance) -> dict[str, Any]:
    """Write what is limited; amounts of money as text."""
    fields = {name: getattr(allowance, name) for name in Allowance.__slots__}
    texts = {name: format(fields[name], "f") for name in _MONEY if fields[name] is not None}
    return {name: value for name, value in (fields | texts).items() if value is not None}


def allowance_from_json(fields: Mapping[str, Any]) -> Allowance:
    """Read it back."""
    return Allowance(**dict(fields) | {name: Decimal(fields[name]) for name in _MONEY if name in fields})


def lock_user(connection: Connection, user_id: str) -> User | None:
    """Return a user whom nobody else changes until this transaction ends; None when there is none."""
    locked = select(USERS).where(USERS.c.id == user_id).with_for_update(key_share=True)
    row = connection.execute(locked).mappings().first()
    return None if row is None else user_from(row)


def raise_version(connection: Connection, user_id: str) -> None:
    """Void what other workers remember of this user's credentials; its row is locked already."""
    note_moved(connection, user_id)
    connection.execute(update(USERS).where(USERS.c.id == user_id).values(version=USERS.c.version + 1))


def void(connection: Connection, ending: Update, audit: AuditEntry, *, owner: str, system: System) -> int:
    """End those of a user's credentials that `ending` updates and write that down; returns how many there were."""
    lock_user(connection, owner)
    ended = connection.execute(ending).rowcount
    if ended:
        raise_version(connection, owner)
        write_entry(connection, audit, system=system)
    return ended


def end_sign_ins(connection: Connection, user_id: str, *, at: datetime, because: str) -> None:
    """End all sessions and token families of a user; its row is locked already."""
    sessions = update(SESSIONS).where(SESSIONS.c.user_id == user_id, SESSIONS.c.revoked_at.is_(None))
    connection.execute(sessions.values(revoked_at=at))
    families = update(TOKEN_FAMILIES).where(TOKEN_FAMILIES.c.user_id == user_id, TOKEN_FAMILIES.c.revoked_at.is_(None))
    connection.execute(families.values(revoked_at=at, revoked_because=because))
