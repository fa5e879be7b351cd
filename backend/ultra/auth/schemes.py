"""Ways to prove who you are, one class each: session, access token, API key, test header.

A scheme returns what it found when the credential is its own and good, `None` when it is not its own, and raises
`NotGood` when it is its own and bad.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ultra.auth import api_keys, sessions
from ultra.auth.approach import Approach
from ultra.auth.credentials import Presented
from ultra.auth.key_lines import end_of
from ultra.auth.test_mode import BadHeader, XTestMode
from ultra.auth.tokens import AccessTokens, BadToken
from ultra.domain.access import ApiKey, Keys, Session, TokenFamily, Tokens, User
from ultra.domain.identity import Principal, permitted
from ultra.system import System

_NO_FAMILY = "family_none"


class NotGood(Exception):
    """A credential is refused. `cause` and `actor` are for the audit; `forbids`: it is good, but not from there."""

    def __init__(self, cause: str, *, actor: str | None = None, forbids: bool = False) -> None:
        super().__init__(cause)
        self.cause = cause
        self.actor = actor
        self.forbids = forbids


@dataclass(frozen=True, slots=True)
class Proof:
    """Who it is, and until when the credential presented is good by itself; None: for this request only."""

    principal: Principal
    until: datetime | None = None


class Scheme(Protocol):
    """One way to prove who you are."""

    async def prove(self, presented: Presented, approach: Approach, /) -> Proof | None:
        """Return the proof, None when the credential is of another scheme; raises `NotGood`."""


class SessionScheme:
    """Browser sessions."""

    def __init__(self, *, browser_sessions: sessions.BrowserSessions, system: System) -> None:
        self._sessions = browser_sessions
        self._system = system

    async def prove(self, presented: Presented, _: Approach, /) -> Proof | None:
        """Judge a session's cookie."""
        if presented.kind != "session":
            return None
        found = await self._sessions.find(_text(presented))
        if found is None:
            raise NotGood("unknown")
        session, user = found
        cause = sessions.judge(session, user, now=self._system.now())
        if cause is not None:
            raise NotGood(cause, actor=user.id)
        await self._sessions.keep(session)
        return Proof(of_session(session, user), until=session.expires_at)


class TokenScheme:
    """Access tokens. The sign-in they belong to and the user's role and state are read, not believed."""

    def __init__(self, *, access_tokens: AccessTokens, tokens: Tokens, system: System) -> None:
        self._access_tokens = access_tokens
        self._tokens = tokens
        self._system = system

    async def prove(self, presented: Presented, _: Approach, /) -> Proof | None:
        """Judge an access token."""
        if presented.kind != "token":
            return None
        try:
            claims = self._access_tokens.read(_text(presented))
        except BadToken as error:
            if error.cause != "malformed":  # forged, expired and revoked ones cost the same questions
                await self._tokens.family(_NO_FAMILY)
            raise NotGood(error.cause) from None
        found = await self._tokens.family(claims.family_id)
        if found is None or found[0].user_id != claims.user_id:
            raise NotGood("unknown")
        family, user = found
        cause = "version" if claims.version > user.version else judge_family(family, user, now=self._system.now())
        if cause is not None:
            raise NotGood(cause, actor=user.id)
        return Proof(of_family(family, user), until=min(claims.expires_at, family.expires_at))


class KeyScheme:
    """API keys. An unknown public id costs the same work as a known one."""

    def __init__(self, *, codec: api_keys.ApiKeys, keys: Keys, system: System) -> None:
        self._codec = codec
        self._keys = keys
        self._system = system

    async def prove(self, presented: Presented, approach: Approach, /) -> Proof | None:
        """Judge an API key."""
        if presented.kind != "key":
            return None
        parsed = self._codec.parse(_text(presented))
        if parsed is None:
            raise NotGood("malformed")
        found = await self._keys.by_public_id(parsed.public_id)
        is_proved = self._codec.proves(parsed, None if found is None else found[0])
        if found is None:
            raise NotGood("unknown")
        key, user = found
        if not is_proved:
            raise NotGood("secret")
        now = self._system.now()
        cause = api_keys.judge(key, user, address=approach.address, now=now)
        if cause is not None:
            raise NotGood(cause, actor=user.id, forbids=cause == "address")
        if key.last_used_at is None or now - key.last_used_at >= sessions.TOUCH_EVERY:
            await self._keys.touch(key.id, now)
        principal = of_key(key, user)
        return Proof(principal, until=principal.expires_at)


class HeaderScheme:
    """The `X-Test-Mode` header; a proof holds for its own request only."""

    def __init__(self, *, x_test_mode: XTestMode) -> None:
        self._x_test_mode = x_test_mode

    async def prove(self, presented: Presented, approach: Approach, /) -> Proof | None:
        """Judge a header. It signs the body, so the body is read."""
        if presented.kind != "test":
            return None
        try:
            principal = await self._x_test_mode.verify(
                _text(presented),
                method=approach.method,
                path=approach.raw_path,
                query=approach.query,
                body=await approach.body(),
                headers=approach.headers,
                peer=approach.peer,
            )
        except BadHeader as error:
            raise NotGood(error.cause) from None
        return Proof(principal)


def judge_family(family: TokenFamily, user: User, *, now: datetime) -> str | None:
    """Return why the tokens of a family are not good at that time, or None."""
    if user.disabled_at is not None:
        return "disabled"
    if family.revoked_at is not None:
        return "revoked"
    return "expired" if family.expires_at <= now else None


def of_session(session: Session, user: User) -> Principal:
    """Return a user, by session, with the role it has now."""
    return Principal(
        id=user.id,
        kind="user",
        role=user.role,
        credential="session",
        credential_id=session.public_id,
        permissions=permitted(user.role, "session"),
        name=user.username,
        allowance=user.allowance,
        expires_at=session.expires_at,
        version=user.version,
    )


def of_family(family: TokenFamily, user: User) -> Principal:
    """Return a user, by token, with the role it has now."""
    return Principal(
        id=user.id,
        kind="user",
        role=user.role,
        credential="token",
        credential_id=family.id,
        permissions=permitted(user.role, "token"),
        name=user.username,
        allowance=user.allowance,
        expires_at=family.expires_at,
        version=user.version,
    )


def of_key(key: ApiKey, user: User) -> Principal:
    """Return a key as a principal: it acts for its owner, within its own scopes, models and allowance."""
    return Principal(
        id=user.id,
        kind="service",
        role=user.role,
        credential="key",
        credential_id=key.id,
        permissions=permitted(user.role, "key", key.scopes),
        name=user.username,
        models=key.models,
        stores=key.stores,
        allowance=key.allowance,
        owner_allowance=user.allowance,
        expires_at=end_of(key),
        line=key.line,
        version=user.version,
    )


def _text(presented: Presented) -> str:
    if presented.text is None:
        raise NotGood("malformed")
    return presented.text
