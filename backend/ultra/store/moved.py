"""Whose version a transaction changes: noted where it is changed, told to other workers before the commit and after."""

from sqlalchemy import Connection

_NOTE = "ultra_moved"


def note_moved(connection: Connection, user_id: str) -> None:
    """Note that this transaction raises the version of a user, or deletes the user."""
    connection.info.setdefault(_NOTE, set()).add(user_id)


def take_moved(connection: Connection) -> frozenset[str]:
    """Return whose versions were changed since this was last asked, and forget them."""
    return frozenset(connection.info.pop(_NOTE, ()))
