"""The stores of accounts, whichever twins they are, and values to put into them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.fakes.idempotency import FakeIdempotency
from tests.fakes.keys import FakeKeys
from tests.fakes.links import FakeLinks
from tests.fakes.nonces import FakeNonces
from tests.fakes.sessions import FakeSessions
from tests.fakes.tokens import FakeTokens
from tests.fakes.users import FakeUsers
from tests.twins.shelf import ShiftedSystem
from ultra.domain.access import (
    ApiKey,
    Audit,
    AuditEntry,
    Idempotency,
    Keys,
    Nonces,
    RefreshToken,
    Session,
    Sessions,
    SignInLinks,
    TokenFamily,
    Tokens,
    User,
    Users,
)
from ultra.domain.identity import Allowance, Permission, Role
from ultra.store.audit import StoredAudit
from ultra.store.database import Database
from ultra.store.idempotency import StoredIdempotency
from ultra.store.keys import StoredKeys
from ultra.store.links import StoredLinks
from ultra.store.nonces import StoredNonces
from ultra.store.sessions import StoredSessions
from ultra.store.tokens import StoredTokens
from ultra.store.users import StoredUsers

PEPPER = b"a pepper of thirty-two bytes, 123"


@dataclass(frozen=True)
class Accounts:
    """All stores of accounts over one database, or all fakes over one memory."""

    users: Users
    sessions: Sessions
    tokens: Tokens
    keys: Keys
    links: SignInLinks
    audit: Audit
    idempotency: Idempotency
    nonces: Nonces
    system: ShiftedSystem

    @property
    def now(self) -> datetime:
        """The present, to the microsecond that both databases keep."""
        return self.system.now()

    def later(self, seconds: float) -> datetime:
        """Return the moment so many seconds from now."""
        return self.system.now() + timedelta(seconds=seconds)

    def turn(self, seconds: float) -> None:
        """Turn the calendar on."""
        self.system.shift += timedelta(seconds=seconds)

    async def version(self, user_id: str) -> int:
        """Return a user's version."""
        user = await self.users.get(user_id)
        assert user is not None
        return user.version

    async def actions(self) -> list[str]:
        """Return what the audit tells, oldest first."""
        rows = await self.audit.page(limit=1000, before=None, action=None, actor=None)
        return [row.entry.action for row in reversed(rows)]


def stored(database: Database, system: ShiftedSystem) -> Accounts:
    """Open the stores over a database."""
    return Accounts(
        users=StoredUsers(database=database, system=system),
        sessions=StoredSessions(database=database, system=system),
        tokens=StoredTokens(database=database, system=system),
        keys=StoredKeys(database=database, system=system),
        links=StoredLinks(database=database, system=system),
        audit=StoredAudit(database=database, system=system),
        idempotency=StoredIdempotency(database=database, pepper=PEPPER),
        nonces=StoredNonces(database=database),
        system=system,
    )


def faked(system: ShiftedSystem) -> Accounts:
    """Open the fakes."""
    users = FakeUsers(system=system)
    return Accounts(
        users=users,
        sessions=FakeSessions(users=users),
        tokens=FakeTokens(users=users),
        keys=FakeKeys(users=users),
        links=FakeLinks(users=users),
        audit=users.audit,
        idempotency=FakeIdempotency(),
        nonces=FakeNonces(),
        system=system,
    )


def entry(action: str = "test", **changes: Any) -> AuditEntry:
    """Describe what is done."""
    fields: dict[str, Any] = {"outcome": "done", "actor": "user_root", "address": "192.0.2.1", "request_id": "req_1"}
    return AuditEntry(action=action, **fields | changes)


async def enrol(accounts: Accounts, name: str = "ada", role: Role = Role.MEMBER, **changes: Any) -> User:
    """Create a user."""
    user = User(id=f"user_{name}", username=name, role=role, created_at=accounts.now, **changes)
    await accounts.users.create(user, entry("user.create", target=user.id))
    return user


async def open_session(accounts: Accounts, number: int = 1, *, user: str = "user_ada", most: int = 5) -> Session:
    """Sign a browser in."""
    now = accounts.now
    session = Session(
        public_id=f"ses_{user}_{number:04d}",
        id_hash=f"hash-{user}-{number}",
        user_id=user,
        created_at=now,
        seen_at=now,
        expires_at=accounts.later(12 * 3600),
        address="192.0.2.7",
        user_agent="a browser",
    )
    await accounts.sessions.create(session, entry("sign_in", actor=user), most=most)
    return session


async def open_family(accounts: Accounts, number: int = 1, *, user: str = "user_ada") -> TokenFamily:
    """Sign a program in; its first token is `family-number-0`."""
    family = TokenFamily(f"fam_{number}", user, accounts.now, accounts.later(30 * 24 * 3600))
    first = RefreshToken(f"{family.id}-0", family.id, accounts.now)
    await accounts.tokens.begin(family, first, entry("token.issue", actor=user))
    return family


def link_after(accounts: Accounts, token_hash: str) -> RefreshToken:
    """Describe the next token of a family; nobody knows its family yet."""
    return RefreshToken(token_hash, "", accounts.now, sealed_successor=f"sealed {token_hash}".encode())


def key_of(accounts: Accounts, number: int = 1, *, owner: str = "user_ada", **changes: Any) -> ApiKey:
    """Describe an API key."""
    fields: dict[str, Any] = {
        "id": f"key_{number}",
        "public_id": f"pub{number:05d}",
        "owner": owner,
        "name": "of a laptop",
        "secret_hash": f"{'5e' * 30}{number:04d}",
        "pepper_id": "p1",
        "last4": "wxyz",
        "scopes": frozenset({Permission.MODELS_READ, Permission.COMPLETIONS_CREATE}),
        "created_at": accounts.now,
        "expires_at": accounts.later(90 * 24 * 3600),
        "allowance": Allowance(),
    }
    return ApiKey(**fields | changes)
