"""What is kept about one user: handed out whole, or taken away.

Handed out is what the user could see or said: no hash of anything. Erasing takes the content away and keeps the
account; what things cost stays in the ledger without a name, and the audit keeps its rows by the user's id, which a
chain could not lose without breaking.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from sqlalchemy import Connection, RowMapping, Table, delete, select, update

from ultra.domain.access import AuditEntry
from ultra.store.account_tables import API_KEYS, AUDIT, SESSIONS, TOKEN_FAMILIES, USERS
from ultra.store.accounts import lock_user
from ultra.store.audit import write_entry
from ultra.store.database import LONG_PATIENCE_S, Database
from ultra.store.erasing import erase_content
from ultra.store.ledger import StoredLedger
from ultra.store.tables import LEDGER, RUN_EVENTS, RUNS
from ultra.system import System

_Rows: TypeAlias = list[dict[str, Any]]

_HIDDEN: Mapping[Table, frozenset[str]] = {
    USERS: frozenset({"password_hash", "folded"}),
    SESSIONS: frozenset({"id_hash"}),
    API_KEYS: frozenset({"secret_hash", "pepper_id"}),
    RUN_EVENTS: frozenset({"run_id"}),
    RUNS: frozenset({"searchable", "lease_worker", "lease_until"}),
    AUDIT: frozenset({"previous", "hash"}),
}


class PersonalData:
    """Exports and erases. With `ledger`, what still waits there to be written is included."""

    def __init__(self, *, database: Database, system: System, ledger: StoredLedger | None = None) -> None:
        self._database = database
        self._system = system
        self._ledger = ledger

    async def export(self, user_id: str, audit: AuditEntry) -> dict[str, Any] | None:
        """Return all that is kept about a user; None when there is none.

        `{"user", "sessions", "token_families", "keys", "runs" (each with "events"), "ledger", "audit"}`; times are
        `datetime`, amounts `Decimal`. Of the audit it holds what the user did. That it was asked for is audited before
        it is read, so that a long export keeps no writer waiting.
        """
        await self._catch_up()

        def begin(connection: Connection) -> bool:
            if lock_user(connection, user_id) is None:
                return False
            write_entry(connection, audit, system=self._system)
            return True

        if not await self._database.write(begin):
            return None
        return await self._database.snapshot(lambda connection: _everything(connection, user_id))

    async def erase(self, user_id: str, audit: AuditEntry) -> int | None:
        """Take a user's content away and return how many runs that were; None when there is no such user.

        Gone are runs with journals, kept responses, ended sessions, and addresses and browsers of those that live.
        The ledger forgets whose its rows were. Account, keys and the audit stay; `Users.delete` ends the account.
        """
        await self._catch_up()

        def erase(connection: Connection) -> int | None:
            if lock_user(connection, user_id) is None:
                return None
            mine = SESSIONS.c.user_id == user_id
            connection.execute(delete(SESSIONS).where(mine, SESSIONS.c.revoked_at.is_not(None)))
            connection.execute(update(SESSIONS).where(mine).values(address=None, user_agent=None))
            count = erase_content(connection, user_id)
            write_entry(connection, audit, system=self._system)
            return count

        return await self._database.write(erase, patience_s=LONG_PATIENCE_S)

    async def _catch_up(self) -> None:
        if self._ledger is not None:
            await self._ledger.flush()


def _everything(connection: Connection, user_id: str) -> dict[str, Any] | None:
    def of(table: Table, column: str, *order: str) -> _Rows:
        wanted = select(table).where(table.c[column] == user_id).order_by(*(table.c[name] for name in order))
        return _shown(table, connection.execute(wanted).mappings())

    users = of(USERS, "id", "id")
    if not users:
        return None
    return {
        "user": users[0],
        "sessions": of(SESSIONS, "user_id", "created_at"),
        "token_families": of(TOKEN_FAMILIES, "user_id", "created_at"),
        "keys": of(API_KEYS, "owner", "created_at"),
        "runs": [run | {"events": _events(connection, run["id"])} for run in of(RUNS, "owner", "created_at")],
        "ledger": of(LEDGER, "principal", "at"),
        "audit": of(AUDIT, "actor", "seq"),
    }


def _events(connection: Connection, run_id: str) -> _Rows:
    wanted = select(RUN_EVENTS).where(RUN_EVENTS.c.run_id == run_id).order_by(RUN_EVENTS.c.seq)
    return _shown(RUN_EVENTS, connection.execute(wanted).mappings())


def _shown(table: Table, rows: Iterable[RowMapping]) -> _Rows:
    hidden = _HIDDEN.get(table, frozenset())
    return [{name: value for name, value in row.items() if name not in hidden} for row in rows]
