"""Accounts, limits and the audit, built over one database: everything that says who may do what, and how much."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from ultra.auth.accounts import Accounts
from ultra.auth.api_keys import ApiKeys
from ultra.auth.authenticator import Authenticator
from ultra.auth.cookies import Cookie, device_cookie, pre_session_cookie, session_cookie
from ultra.auth.csrf import Csrf, checked_key
from ultra.auth.devices import Devices
from ultra.auth.joint_versions import JointVersions
from ultra.auth.key_ring import read_ring
from ultra.auth.passwords import Passwords
from ultra.auth.refresh import RefreshTokens
from ultra.auth.refusals import Refusals
from ultra.auth.schemes import HeaderScheme, KeyScheme, Scheme, SessionScheme, TokenScheme
from ultra.auth.sessions import BrowserSessions
from ultra.auth.sign_in import SignIn
from ultra.auth.standing import Standing
from ultra.auth.test_mode import XTestMode, conditions
from ultra.auth.tokens import AccessTokens
from ultra.auth.witness import Witness
from ultra.config import ConfigurationInvalid, Problem, SecretRef, Settings
from ultra.domain.access import Versions
from ultra.domain.limits import Limiter
from ultra.domain.ports import Observer
from ultra.limits import LimitPolicy, Rates, open_limiter
from ultra.services.degradation import Degradation
from ultra.store.audit import StoredAudit
from ultra.store.budgets import StoredBudgets
from ultra.store.database import Database
from ultra.store.idempotency import StoredIdempotency
from ultra.store.keys import StoredKeys
from ultra.store.ledger import StoredLedger
from ultra.store.links import StoredLinks
from ultra.store.nonces import StoredNonces
from ultra.store.personal import PersonalData
from ultra.store.requests import LAG_S, StoredRequests
from ultra.store.sessions import StoredSessions
from ultra.store.stamp import read_stamp
from ultra.store.tokens import StoredTokens
from ultra.store.users import StoredUsers
from ultra.system import System


@dataclass(frozen=True, slots=True)
class AccountStores:
    """Everything of accounts that is kept in the database."""

    users: StoredUsers
    sessions: StoredSessions
    tokens: StoredTokens
    keys: StoredKeys
    links: StoredLinks
    audit: StoredAudit
    budgets: StoredBudgets
    idempotency: StoredIdempotency
    requests: StoredRequests
    personal: PersonalData


@dataclass(frozen=True, slots=True)
class Access:
    """Who may do what, and how much of it."""

    stores: AccountStores
    accounts: Accounts
    sign_in: SignIn
    access_tokens: AccessTokens
    api_keys: ApiKeys
    csrf: Csrf
    session_cookie: Cookie
    pre_session_cookie: Cookie
    devices: Devices
    authenticator: Authenticator
    refusals: Refusals
    witness: Witness
    limiter: Limiter
    limits: LimitPolicy


@asynccontextmanager
async def open_access(
    settings: Settings,
    *,
    database: Database,
    ledger: StoredLedger,
    observer: Observer,
    live_keys: Sequence[str],
    system: System,
) -> AsyncIterator[Access]:
    """Build everything; connections and threads end on leaving. `live_keys` names the keys of real providers."""
    peppers = read_ring(_given(settings.key_pepper))
    stores = _stores(database, ledger, system, pepper=peppers.secrets[peppers.first])
    browser_sessions = BrowserSessions(store=stores.sessions, system=system)
    access_tokens = AccessTokens(ring=read_ring(_given(settings.signing_keys)), issuer="ultra", system=system)
    codec = ApiKeys(peppers=peppers, environment=settings.environment, system=system)
    is_https = settings.public_origin is not None and settings.public_origin.startswith("https:")
    cookie, pre_cookie = session_cookie(secure=is_https), pre_session_cookie(secure=is_https)
    header = await _test_mode(settings, database, live_keys, system)
    schemes = _schemes(stores, browser_sessions, access_tokens, codec, header, system)
    address = None if settings.redis_url is None else settings.redis_url.reveal()
    async with (
        _passwords() as passwords,
        open_limiter(
            url=address, system=system, workers=settings.workers, noticed=Degradation(observer).heard
        ) as limiter,
        _versions(address, database, stores, system) as versions,
        Witness(audit=stores.audit, system=system) as witness,
    ):
        refusals = Refusals(audit=witness, observer=observer, system=system)
        yield Access(
            stores=stores,
            accounts=_accounts(stores, passwords, browser_sessions, refusals, system),
            sign_in=_sign_in(stores, passwords, browser_sessions, access_tokens, refusals, system),
            access_tokens=access_tokens,
            api_keys=codec,
            csrf=_csrf(settings, cookie, pre_cookie, system),
            session_cookie=cookie,
            pre_session_cookie=pre_cookie,
            devices=Devices(
                key=_given(settings.csrf_key).encode(), cookie=device_cookie(secure=is_https), system=system
            ),
            authenticator=_authenticator(
                stores, schemes, cookie, refusals, system, versions=versions, honours=header is not None
            ),
            refusals=refusals,
            witness=witness,
            limiter=limiter,
            limits=LimitPolicy(rates=_rates(settings)),
        )


def prepare_access(access: Access, settings: Settings) -> Callable[[], None]:
    """Read the secrets and limits of other settings, and return what puts them in force.

    Raises `ConfigurationInvalid` or `ValueError` for what cannot be used.
    """
    ring, peppers = read_ring(_given(settings.signing_keys)), read_ring(_given(settings.key_pepper))
    key = checked_key(_given(settings.csrf_key).encode())
    rates = _rates(settings)

    def put_in_force() -> None:
        access.access_tokens.replace_ring(ring)
        access.api_keys.replace_peppers(peppers)
        access.csrf.replace_key(key)
        access.devices.replace_key(key)
        access.limits.replace_rates(rates)

    return put_in_force


@asynccontextmanager
async def _versions(
    url: str | None, database: Database, stores: AccountStores, system: System
) -> AsyncIterator[Versions]:
    """Give the present versions of users: from a shared server where there is one, else from the database.

    A SQLite file is quicker to look into than any server is to ask, so it is always looked into.
    """
    if url is None or database.is_sqlite:
        yield stores.users
        return
    from ultra.limits.versions import SharedVersions  # noqa: PLC0415 - who has no server need not load its client

    shared = SharedVersions(url=url, versions=stores.users, system=system)
    database.board = shared
    try:
        yield shared
    finally:
        database.board = None
        await shared.aclose()


@asynccontextmanager
async def _passwords() -> AsyncIterator[Passwords]:
    passwords = Passwords()
    try:
        yield passwords
    finally:
        passwords.close()


def _stores(database: Database, ledger: StoredLedger, system: System, *, pepper: bytes) -> AccountStores:
    return AccountStores(
        users=StoredUsers(database=database, system=system),
        sessions=StoredSessions(database=database, system=system),
        tokens=StoredTokens(database=database, system=system),
        keys=StoredKeys(database=database, system=system),
        links=StoredLinks(database=database, system=system),
        audit=StoredAudit(database=database, system=system),
        budgets=StoredBudgets(database=database, system=system),
        idempotency=StoredIdempotency(database=database, pepper=pepper),
        requests=StoredRequests(
            database=database, system=system, ledger=ledger, lag_s=0.0 if database.is_sqlite else LAG_S
        ),
        personal=PersonalData(database=database, system=system, ledger=ledger),
    )


def _schemes(
    stores: AccountStores,
    browser_sessions: BrowserSessions,
    access_tokens: AccessTokens,
    codec: ApiKeys,
    header: XTestMode | None,
    system: System,
) -> Sequence[Scheme]:
    """Return the ways to prove who one is; the test header is one only where it may be."""
    return (
        SessionScheme(browser_sessions=browser_sessions, system=system),
        TokenScheme(access_tokens=access_tokens, tokens=stores.tokens, system=system),
        KeyScheme(codec=codec, keys=stores.keys, system=system),
        *(() if header is None else (HeaderScheme(x_test_mode=header),)),
    )


def _csrf(settings: Settings, session: Cookie, pre_session: Cookie, system: System) -> Csrf:
    return Csrf(
        key=_given(settings.csrf_key).encode(),
        origins=_origins(settings),
        session=session,
        pre_session=pre_session,
        system=system,
    )


def _accounts(
    stores: AccountStores, passwords: Passwords, browser_sessions: BrowserSessions, refusals: Refusals, system: System
) -> Accounts:
    return Accounts(
        users=stores.users,
        links=stores.links,
        passwords=passwords,
        browser_sessions=browser_sessions,
        refusals=refusals,
        system=system,
    )


def _sign_in(
    stores: AccountStores,
    passwords: Passwords,
    browser_sessions: BrowserSessions,
    access_tokens: AccessTokens,
    refusals: Refusals,
    system: System,
) -> SignIn:
    return SignIn(
        users=stores.users,
        sessions=stores.sessions,
        tokens=stores.tokens,
        passwords=passwords,
        browser_sessions=browser_sessions,
        refresh_tokens=RefreshTokens(tokens=stores.tokens, system=system),
        access_tokens=access_tokens,
        refusals=refusals,
    )


def _authenticator(
    stores: AccountStores,
    schemes: Sequence[Scheme],
    cookie: Cookie,
    refusals: Refusals,
    system: System,
    *,
    versions: Versions,
    honours: bool,
) -> Authenticator:
    users = stores.users
    standing = Standing(
        users=users, versions=users, sessions=stores.sessions, tokens=stores.tokens, keys=stores.keys, system=system
    )
    return Authenticator(
        schemes=schemes,
        standing=standing,
        cookie=cookie,
        honours_test_mode=honours,
        refusals=refusals,
        versions=JointVersions(versions),
        system=system,
    )


async def _test_mode(
    settings: Settings, database: Database, live_keys: Sequence[str], system: System
) -> XTestMode | None:
    """Return the verifier of the test header where every condition for it holds, None everywhere else."""
    secret = settings.test_mode_secret.reveal()
    reasons = conditions(
        environment=settings.environment,
        secret=secret,
        host=settings.host,
        stamp=await read_stamp(database),
        live_keys=live_keys,
    )
    if reasons or secret is None:
        return None
    return XTestMode(secret=secret, nonces=StoredNonces(database=database), system=system)


def _rates(settings: Settings) -> Rates:
    """Return the limits in force; a setting of 0 is no limit."""
    return Rates(
        anonymous=settings.limit_anonymous_per_minute or None,
        address=settings.limit_address_per_minute or None,
        principal=settings.limit_requests_per_minute or None,
        cost=settings.limit_cost_per_minute or None,
        tokens=settings.limit_tokens_per_minute or None,
        concurrency=settings.limit_concurrency or None,
    )


def _origins(settings: Settings) -> Sequence[str]:
    """Return the addresses under which browsers know this server."""
    if settings.public_origin is not None:
        return (settings.public_origin,)
    return tuple(f"http://{name}:{settings.port}" for name in ("127.0.0.1", "localhost", "[::1]"))


def _given(secret: SecretRef) -> str:
    value = secret.reveal()
    if value is None:
        raise ConfigurationInvalid([Problem(secret.name, "is not set.", "Generate one: 32 random bytes or more.")])
    return value
