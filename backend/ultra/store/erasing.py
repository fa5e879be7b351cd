"""Takes what a user said and was answered out of the database; what it cost stays, without saying whose it was."""

from sqlalchemy import Connection, delete, update

from ultra.store.account_tables import IDEMPOTENCY
from ultra.store.tables import LEDGER, RUNS

NOBODY = "erased"
"""Stands in the ledger where a principal and its request ids stood."""


def erase_content(connection: Connection, user_id: str) -> int:
    """Remove a user's runs with their journals and kept responses; returns how many runs there were.

    A run that is still worked on goes too: its worker finds its lease gone and stops.
    """
    runs = connection.execute(delete(RUNS).where(RUNS.c.owner == user_id))
    connection.execute(delete(IDEMPOTENCY).where(IDEMPOTENCY.c.owner == user_id))
    nameless = {"principal": NOBODY, "request_id": NOBODY, "credential_id": None, "upstream_request_id": None}
    connection.execute(update(LEDGER).where(LEDGER.c.principal == user_id).values(nameless))
    return runs.rowcount
