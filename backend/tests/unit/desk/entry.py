"""Accounts as the services build them, over a database of a test's own, and people in them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.fakes.observer import FakeObserver
from ultra.auth.sign_in import Source
from ultra.config import load
from ultra.desk.accounts import AccountDesk
from ultra.desk.keys import KeyDesk
from ultra.desk.throttle import Throttle
from ultra.domain.identity import LOCAL_OPERATOR, Allowance, Credential, Principal, Role, permitted
from ultra.services.access import Access, open_access
from ultra.store import migrating
from ultra.store.database import open_database
from ultra.store.ledger import StoredLedger
from ultra.system import System

PASSWORD = "violin harbour ninety lamps"
SOURCE = Source(address="203.0.113.9", user_agent="tests", request_id="req_1")
SECRETS = {
    "ULTRA_SIGNING_KEYS": "k1:one-secret-of-the-tests-that-is-long-enough",
    "ULTRA_CSRF_KEY": "another-secret-of-the-tests-that-is-long-enough",
    "ULTRA_KEY_PEPPER": "p1:a-third-secret-of-the-tests-that-is-long-enough",
}


@dataclass
class Entry:
    """The desks of accounts and keys, and everything behind them."""

    access: Access
    accounts: AccountDesk
    keys: KeyDesk
    system: System
    observer: FakeObserver

    async def enrol(self, name: str, role: Role = Role.MEMBER) -> str:
        """Make a user with a password and return the id."""
        user, link = await self.accounts.create_user(
            LOCAL_OPERATOR, username=name, role=role, password=PASSWORD, allowance=Allowance(), source=SOURCE
        )
        assert link is None
        return str(user["id"])

    async def actions(self) -> list[tuple[str, str | None]]:
        """Return what the audit tells and by which credential, oldest first."""
        rows = await self.access.stores.audit.page(limit=100, before=None, action=None, actor=None)
        return [(row.entry.action, row.entry.credential) for row in reversed(rows)]


def caller(user_id: str, role: Role = Role.MEMBER, credential: Credential = "token", **more: Any) -> Principal:
    """Return a user as a principal."""
    fields = {"permissions": permitted(role, credential), "name": user_id, **more}
    return Principal(id=user_id, kind="user", role=role, credential=credential, **fields)


@asynccontextmanager
async def entry(folder: Path, **settings: str) -> AsyncIterator[Entry]:
    """Open accounts in a fresh SQLite file below `folder`."""
    path = folder / "ultra.db"
    path.write_bytes(await asyncio.to_thread(_template))
    environ = {"ENVIRONMENT": "testing", "DATABASE_URL": f"sqlite:///{path}", **SECRETS, **settings}
    loaded = load(environ=environ, folder=folder)
    system, observer = System(), FakeObserver()
    async with (
        open_database(url=f"sqlite:///{path}", system=system) as database,
        StoredLedger(database=database, system=system) as ledger,
        open_access(
            loaded.settings, database=database, ledger=ledger, observer=observer, live_keys=(), system=system
        ) as access,
    ):
        throttle = Throttle(limiter=access.limiter, policy=access.limits, observer=observer, system=system)
        yield Entry(access, AccountDesk(access, throttle), KeyDesk(access, system), system, observer)


@cache
def _template() -> bytes:
    """Return a SQLite file with all tables; made once, because making them takes a while."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "template.db"

        async def make() -> None:
            async with open_database(url=f"sqlite:///{path}", system=System()) as database:
                await migrating.upgrade(database)

        asyncio.run(make())
        return path.read_bytes()
