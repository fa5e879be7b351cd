"""Accounts: users, sessions, refresh tokens, API keys and the audit, as values and as the promises of their stores.

Secrets are hashed before they get here; nothing in this file can be used to sign in. Every method that changes
something takes the `AuditEntry` that tells of it and writes both in one transaction. Methods with `owner` see that
owner's things only; others do not exist.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from ultra.domain.identity import Allowance, Permission, Role


@dataclass(frozen=True, slots=True)
class User:
    """A person. `password_hash` is argon2id's own text, None until a password was set.

    `version` grows with every change of role, password, allowance or state, and when a session, token family or key of
    the user ends: what was derived from an older one is void, and is derived again.
    """

    id: str
    username: str
    role: Role
    created_at: datetime
    password_hash: str | None = None
    disabled_at: datetime | None = None
    version: int = 1
    allowance: Allowance = field(default_factory=Allowance)
    last_seen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A browser session. `id_hash` is SHA-256 (hex) of the cookie's value; `public_id` is shown in lists."""

    public_id: str
    id_hash: str
    user_id: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    """The absolute end; the idle end is `seen_at` plus the idle time."""
    address: str | None = None
    user_agent: str | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TokenFamily:
    """One sign-in of an API client: the lineage of its refresh tokens. Revoking it voids its access tokens too."""

    id: str
    user_id: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    revoked_because: str | None = None


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """One link of a family: single use. `sealed_successor` lets a retry within the grace get the same answer."""

    hash: str
    family_id: str
    created_at: datetime
    used_at: datetime | None = None
    successor_hash: str | None = None
    sealed_successor: bytes | None = None
    """The successor's text, sealed with a key derived from this token's own text: useless without it."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key of a user. `secret_hash` is HMAC-SHA256 under the pepper `pepper_id`.

    `cidrs` None allows every address, `models` None every model. `overlap_until` is set on a key that was rotated
    and is accepted until then. `made_with` is the id of the key that its maker called with, None when that was no key:
    what is made with a key ends with it. `line` is the id of the first key of its line, None on that key itself: those
    that take one another's place, or were made with one that is bounded, are counted as one and spend out of one purse.
    """

    id: str
    public_id: str
    owner: str
    name: str
    secret_hash: str
    pepper_id: str
    last4: str
    scopes: frozenset[Permission]
    created_at: datetime
    expires_at: datetime
    models: tuple[str, ...] | None = None
    cidrs: tuple[str, ...] | None = None
    allowance: Allowance = field(default_factory=Allowance)
    stores: bool = True
    rotated_from: str | None = None
    overlap_until: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    made_with: str | None = None
    line: str | None = None


@dataclass(frozen=True, slots=True)
class SignInLink:
    """A one-time way in: the first administrator's, or a password reset an administrator hands out."""

    hash: str
    user_id: str
    purpose: Literal["sign-in", "reset"]
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class KeptResponse:
    """What was answered to a request that may be repeated."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    run_id: str | None = None
    """The run that it tells of: it is kept for as long as that run is, at most."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what to whom, from where, with what result. Never holds a secret; `facts` are plain JSON."""

    action: str
    """`sign_in`, `key.create`, `user.role`, `credential_in_url`, `test_mode_attempt` ..."""
    outcome: Literal["done", "refused", "failed"]
    actor: str | None
    credential: str | None = None
    target: str | None = None
    address: str | None = None
    request_id: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditRow:
    """An entry as kept: `hash` is SHA-256 over the entry, its position, its time and the hash of the row before."""

    seq: int
    at: datetime
    entry: AuditEntry
    previous: str
    hash: str


class Users(Protocol):
    """The store of users."""

    async def create(self, user: User, audit: AuditEntry) -> None:
        """Keep a new user; raises `Conflict` when the name is taken (case does not distinguish names)."""

    async def get(self, user_id: str) -> User | None:
        """Return a user."""

    async def by_name(self, username: str) -> User | None:
        """Return the user of that name, whatever its case."""

    async def all(self, *, limit: int, cursor: str | None) -> tuple[tuple[User, ...], str | None]:
        """Return users by name and the cursor of the next page."""

    async def count(self) -> int:
        """How many users there are."""

    async def change(
        self,
        user_id: str,
        audit: AuditEntry,
        *,
        role: Role | None = None,
        disabled: bool | None = None,
        password_hash: str | None = None,
        allowance: Allowance | None = None,
    ) -> User | None:
        """Change what is given, raise `version`, and return the user; None when there is none.

        The entry also tells which members of the allowance changed, and from what to what. Disabling, and a new
        password, end all sessions and token families of the user in the same transaction. The last administrator can be
        neither demoted nor disabled: `Conflict`.
        """

    async def rehash(self, user_id: str, *, kept: str, password_hash: str) -> bool:
        """Replace the hash `kept` by another of the same password; False when it is not the present one.

        Nothing else changes and nothing ends: the password is the same. So this alone takes no audit entry.
        """

    async def delete(self, user_id: str, audit: AuditEntry) -> bool:
        """Remove a user with sessions, tokens, keys and runs; audit rows stay, by id alone. `Conflict` as above."""


class Sessions(Protocol):
    """The store of browser sessions."""

    async def create(self, session: Session, audit: AuditEntry, *, most: int) -> None:
        """Keep a session; the user's oldest beyond `most` end."""

    async def get(self, id_hash: str) -> tuple[Session, User] | None:
        """Return a session and its user, revoked, expired or disabled ones too; the caller judges."""

    async def touch(self, id_hash: str, at: datetime) -> None:
        """Remember when it was last used; called at most once a minute a session."""

    async def of(self, user_id: str) -> tuple[Session, ...]:
        """Return the user's live sessions, newest first."""

    async def revoke(self, public_id: str | None, audit: AuditEntry, *, owner: str) -> int:
        """End one session, or with None all of that owner; returns how many ended."""


class Tokens(Protocol):
    """The store of refresh tokens and their families."""

    async def begin(self, family: TokenFamily, first: RefreshToken, audit: AuditEntry) -> None:
        """Keep a new family with its first token."""

    async def family(self, family_id: str) -> tuple[TokenFamily, User] | None:
        """Return a family and its user."""

    async def exchange(
        self, token_hash: str, successor: RefreshToken, *, at: datetime, grace_s: float, audit: AuditEntry
    ) -> tuple[Literal["new", "repeated", "reused", "unknown"], TokenFamily | None, RefreshToken | None]:
        """Use a token once, atomically, and keep its successor.

        `successor.sealed_successor` is the successor's own text, sealed for the token that is used: it is kept with
        that one. The successor joins that token's family, whatever its `family_id` says.

        `new`: the successor given is in force. `repeated`: it was used less than `grace_s` ago and its successor is
        still unused: that earlier token row (with `sealed_successor`) is returned. `reused`: the family was revoked
        just now, in the same transaction. `unknown`: no such token, or its family is revoked or expired.
        """

    async def revoke(self, family_id: str | None, audit: AuditEntry, *, owner: str) -> int:
        """End one family, or with None all of that owner; returns how many ended."""

    async def family_of(self, token_hash: str) -> TokenFamily | None:
        """Return the family a refresh token belongs to."""


class Keys(Protocol):
    """The store of API keys."""

    async def create(self, key: ApiKey, audit: AuditEntry) -> None:
        """Keep a key; raises `Forbidden` when the one it is made with is not live."""

    async def by_public_id(self, public_id: str) -> tuple[ApiKey, User] | None:
        """Return a key and its owner; the caller judges state and secret."""

    async def get(self, key_id: str, *, owner: str | None) -> ApiKey | None:
        """Return a key; `owner` None is an administrator's view."""

    async def of(self, owner: str | None) -> tuple[ApiKey, ...]:
        """Return the keys of an owner (None: everybody's), newest first."""

    async def revoke(self, key_id: str, audit: AuditEntry, *, owner: str | None, at: datetime) -> bool:
        """End a key and all that was made with it; False when none of them is live."""

    async def rotate(self, key_id: str, successor: ApiKey, audit: AuditEntry, *, overlap_until: datetime) -> bool:
        """Keep the successor and let the old one end at `overlap_until`; False when the old one is not live.

        What was made with the old one expires then, if it does not sooner.
        """

    async def touch(self, key_id: str, at: datetime) -> None:
        """Remember when it was last used; called at most once a minute a key."""


class SignInLinks(Protocol):
    """The store of one-time links."""

    async def create(self, link: SignInLink, audit: AuditEntry) -> None:
        """Keep a link; earlier ones of the same user and purpose end."""

    async def redeem(self, link_hash: str, *, at: datetime) -> tuple[SignInLink, User] | None:
        """Use a link up, atomically; None when it is unknown, used or expired."""


class Audit(Protocol):
    """The book of who did what; it only grows."""

    async def write(self, entry: AuditEntry) -> None:
        """Write something that changed nothing else: a refusal, a failed sign-in."""

    async def page(
        self, *, limit: int, before: int | None, action: str | None, actor: str | None
    ) -> tuple[AuditRow, ...]:
        """Return rows, newest first, with `seq < before`."""

    async def verify(self) -> int | None:
        """Check the whole chain; returns the `seq` of the first row that does not fit, None when all do."""


class Versions(Protocol):
    """What ends at once everywhere: cached principals are good only while this number stands."""

    async def of(self, user_ids: Sequence[str]) -> Mapping[str, int]:
        """Return the present version of each user; a missing one was deleted."""


class Nonces(Protocol):
    """What signed headers have used up, as every worker of a deployment sees it."""

    async def spend(self, nonce: str, *, until: datetime, at: datetime) -> bool:
        """Use a nonce up until that moment; False when it is used up already. Of many at once, one hears True."""


class Board(Protocol):
    """Where workers read versions without asking the database."""

    async def doubt(self, user_ids: Sequence[str]) -> None:
        """Have nobody believe what was known of these users; raises `Unavailable` when the workers cannot be told."""


class Idempotency(Protocol):
    """Requests that may be sent again without being done again. A key belongs to its owner; others do not see it."""

    async def begin(
        self, owner: str, key: str, fingerprint: str, *, at: datetime
    ) -> tuple[Literal["new", "repeated", "in_progress", "conflict"], KeptResponse | None]:
        """Take a key for a request, whose `fingerprint` is a hash over method, path and body.

        `new`: do it, then `finish` or `forget`. `repeated`: it was done; the response is returned. `in_progress`: it
        is being done. `conflict`: the key was used for something else. Of many at once, exactly one hears `new`.
        """

    async def finish(self, owner: str, key: str, response: KeptResponse) -> None:
        """Keep the response, unless its run is gone: then it is forgotten, as it is when the run goes later.

        One that shows a secret, or content that may not be stored, is never given here.
        """

    async def forget(self, owner: str, key: str) -> None:
        """Give the key free again: nothing was done."""

    async def purge(self, *, before: datetime) -> int:
        """Remove what was begun before then; returns how many."""
