"""What was made with a key ends with it: the keys made with it, those made with them, and so on."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, or_, select, update

from ultra.store.account_tables import API_KEYS


def is_live(at: datetime) -> ColumnElement[bool]:
    """Whether a key is good then."""
    is_in_force = or_(API_KEYS.c.overlap_until.is_(None), API_KEYS.c.overlap_until > at)
    return and_(API_KEYS.c.revoked_at.is_(None), API_KEYS.c.expires_at > at, is_in_force)


def revoke_made_with(connection: Connection, key_id: str, *, at: datetime) -> int:
    """End all that was made with a key; returns how many there were. Its owner's row is locked already."""
    return _change(connection, key_id, is_live(at), revoked_at=at)


def expire_made_with(connection: Connection, key_id: str, *, at: datetime, until: datetime) -> None:
    """Let all that was made with a key expire by `until`. Its owner's row is locked already."""
    _change(connection, key_id, and_(is_live(at), API_KEYS.c.expires_at > until), expires_at=until)


def _change(connection: Connection, key_id: str, which: ColumnElement[bool], **values: datetime) -> int:
    made = select(API_KEYS.c.id).where(API_KEYS.c.made_with == key_id).cte("made", recursive=True)
    further: Any = select(API_KEYS.c.id).where(API_KEYS.c.made_with == made.c.id)
    ids = connection.scalars(select(made.union(further).c.id)).all()  # apart: sqlite3 counts no rows behind a WITH
    return connection.execute(update(API_KEYS).where(API_KEYS.c.id.in_(ids), which).values(values)).rowcount
