"""A door with everything behind it, on fakes and with the cheapest passwords."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.fakes.audit import FakeAudit
from tests.fakes.keys import FakeKeys
from tests.fakes.links import FakeLinks
from tests.fakes.nonces import FakeNonces
from tests.fakes.observer import FakeObserver
from tests.fakes.sessions import FakeSessions
from tests.fakes.system import FakeSystem
from tests.fakes.tokens import FakeTokens
from tests.fakes.users import FakeUsers
from ultra.auth.accounts import Accounts
from ultra.auth.api_keys import ApiKeys
from ultra.auth.approach import Approach
from ultra.auth.authenticator import Authenticator
from ultra.auth.cookies import session_cookie
from ultra.auth.key_ring import KeyRing, read_ring
from ultra.auth.passwords import CHEAPEST, Passwords
from ultra.auth.refresh import RefreshTokens
from ultra.auth.refusals import Refusals
from ultra.auth.schemes import HeaderScheme, KeyScheme, SessionScheme, TokenScheme
from ultra.auth.sessions import BrowserSessions
from ultra.auth.sign_in import SignIn, Source
from ultra.auth.standing import Standing
from ultra.auth.test_mode import XTestMode
from ultra.auth.tokens import AccessTokens
from ultra.domain.access import AuditEntry, User
from ultra.domain.identity import Permission, Role

SIGNING = read_ring("now:" + "k1-" + "abcdefghijklmnopqrstuvwxyz0123456789,old:k0-zyxwvutsrqponmlkjihgfedcba9876543210")
PEPPER = read_ring("p1:pepper-abcdefghijklmnopqrstuvwxyz0123456789")
TEST_SECRET = "a test mode secret of more than thirty-two bytes"
PASSWORD = "violin harbour ninety lamps"
ENTRY = AuditEntry("made_by_a_test", "done", actor=None)
SOURCE = Source(address="203.0.113.9", user_agent="tests")


class House:
    """Everything of the room, wired as the services wire it."""

    signing = SIGNING
    password = PASSWORD
    test_secret = TEST_SECRET
    entry = ENTRY
    source = SOURCE

    def __init__(self, passwords: Passwords) -> None:
        self.system = FakeSystem(jumps=False)
        self.audit = FakeAudit(system=self.system)
        self.users = FakeUsers(system=self.system, audit=self.audit)
        self.sessions = FakeSessions(users=self.users)
        self.tokens = FakeTokens(users=self.users)
        self.keys = FakeKeys(users=self.users)
        self.links = FakeLinks(users=self.users)
        self.passwords = passwords
        self.observer = FakeObserver()
        self.refusals = Refusals(audit=self.audit, observer=self.observer, system=self.system)
        self.cookie = session_cookie(secure=True)
        self.browser_sessions = BrowserSessions(store=self.sessions, system=self.system)
        self.refresh_tokens = RefreshTokens(tokens=self.tokens, system=self.system)
        self.access_tokens = self.issuing(SIGNING)
        self.codec = ApiKeys(peppers=PEPPER, environment="testing", system=self.system)
        self.x_test_mode = XTestMode(secret=TEST_SECRET, nonces=FakeNonces(), system=self.system)
        self.sign_in = SignIn(
            users=self.users,
            sessions=self.sessions,
            tokens=self.tokens,
            passwords=passwords,
            browser_sessions=self.browser_sessions,
            refresh_tokens=self.refresh_tokens,
            access_tokens=self.access_tokens,
            refusals=self.refusals,
        )
        self.accounts = Accounts(
            users=self.users,
            links=self.links,
            passwords=passwords,
            browser_sessions=self.browser_sessions,
            refusals=self.refusals,
            system=self.system,
        )
        self.standing = Standing(
            users=self.users,
            versions=self.users,
            sessions=self.sessions,
            tokens=self.tokens,
            keys=self.keys,
            system=self.system,
        )

    def issuing(self, ring: KeyRing, issuer: str = "https://ultra.example") -> AccessTokens:
        """Return an issuer of tokens."""
        return AccessTokens(ring=ring, issuer=issuer, system=self.system)

    def authenticator(self, *, honours_test_mode: bool = False, memory_s: float = 2.0) -> Authenticator:
        """Return a judge over this house's stores."""
        return Authenticator(
            schemes=[
                SessionScheme(browser_sessions=self.browser_sessions, system=self.system),
                TokenScheme(access_tokens=self.access_tokens, tokens=self.tokens, system=self.system),
                KeyScheme(codec=self.codec, keys=self.keys, system=self.system),
                HeaderScheme(x_test_mode=self.x_test_mode),
            ],
            standing=self.standing,
            cookie=self.cookie,
            honours_test_mode=honours_test_mode,
            refusals=self.refusals,
            versions=self.users,
            system=self.system,
            memory_s=memory_s,
        )

    def approach(
        self,
        *headers: tuple[bytes, bytes],
        method: str = "GET",
        path: str = "/api/analyses",
        query: bytes = b"",
        peer: str | None = "127.0.0.1",
        address: str | None = "203.0.113.9",
        body: bytes = b"",
    ) -> Approach:
        """Return a request with these headers."""

        async def read() -> bytes:
            return body

        return Approach(
            method=method,
            path=path,
            raw_path=path.encode(),
            query=query,
            headers=headers,
            peer=peer,
            address=address,
            request_id="req_7",
            body=read,
        )

    async def user(self, name: str = "ann", role: Role = Role.MEMBER) -> User:
        """Make a user with the password of this house."""
        user = User(
            id=f"user_{name}",
            username=name,
            role=role,
            created_at=self.system.now(),
            password_hash=await self.passwords.hash(PASSWORD),
        )
        await self.users.create(user, ENTRY)
        return user

    async def by_session(self, role=Role.MEMBER):
        """Return a session of a user and the header that presents it."""
        opened = await self.browser_sessions.open(await self.user(role=role), self.entry)
        return opened, (b"cookie", f"__Host-ultra={opened.text}".encode())

    async def by_token(self, role=Role.MEMBER):
        """Return a token family of a user and the header that presents its access token."""
        user = await self.user(role=role)
        family, _ = await self.refresh_tokens.begin(user.id, self.entry)
        text = self.access_tokens.issue(user_id=user.id, family_id=family.id, version=user.version)
        return family, (b"authorization", f"Bearer {text}".encode())

    async def by_key(self, role=Role.MEMBER, **bounds):
        """Return a key of a user and the header that presents it."""
        user = await self.user(role=role)
        wanted = {"scopes": frozenset({Permission.RUNS_READ, Permission.USERS_READ})} | bounds
        until = self.system.now() + timedelta(days=30)
        minted = self.codec.mint(owner=user.id, name="ci", expires_at=until, **wanted)
        await self.keys.create(minted.key, self.entry)
        return minted.key, (b"x-api-key", minted.text.encode())

    def actions(self) -> list[tuple[str, str]]:
        """Return what the audit holds: action and outcome."""
        return [(entry.action, entry.outcome) for entry in self.audit.entries if entry is not ENTRY]


@pytest.fixture(scope="session")
def passwords() -> Iterator[Passwords]:
    """Passwords at the lowest cost."""
    made = Passwords(profile=CHEAPEST, concurrency=2)
    yield made
    made.close()


@pytest.fixture
def house(passwords: Passwords) -> House:
    """Build a door with everything behind it."""
    return House(passwords)
