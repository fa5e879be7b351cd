"""Who is calling and what they may do: one enum of words and two tables.

`ROLE_PERMISSIONS` says what a role may do, `PERMISSION_CREDENTIALS` by which kind of credential it may be done: a
leaked API key must not be able to mint another key. A principal's permissions are what its role allows, cut down to its
key's scopes and to what its credential may be used for. What is not in a table is not allowed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal, TypeAlias

from ultra.domain.records import decimal_to_json

Credential: TypeAlias = Literal["local", "session", "token", "key", "test"]
"""How somebody proved who they are: this machine's command line, a browser session, an access token, an API key, or the
test-mode header, which stands for a token."""


class Role(StrEnum):
    """What kind of user; each may do all that the one before may."""

    VIEWER = "viewer"
    MEMBER = "member"
    OPERATOR = "operator"
    ADMIN = "admin"


class Permission(StrEnum):
    """One word for each thing that can be done, `subject:action`, in alphabetical order."""

    AUDIT_READ = "audit:read"
    COMPLETIONS_CREATE = "completions:create"
    DATA_ERASE = "data:erase"
    DATA_EXPORT = "data:export"
    DOCS_READ = "docs:read"
    HEALTH_READ = "health:read"
    KEYS_READ = "keys:read"
    KEYS_WRITE = "keys:write"
    METRICS_READ = "metrics:read"
    MODELS_READ = "models:read"
    PASSWORD_CHANGE = "password:change"  # noqa: S105 - a permission's name
    PATTERNS_READ = "patterns:read"
    REQUESTS_READ = "requests:read"
    RUNS_CREATE = "runs:create"
    RUNS_DELETE = "runs:delete"
    RUNS_READ = "runs:read"
    SELF_READ = "self:read"
    SESSIONS_READ = "sessions:read"
    SESSIONS_WRITE = "sessions:write"
    USAGE_READ = "usage:read"
    USAGE_READ_ALL = "usage:read-all"
    USERS_READ = "users:read"
    USERS_WRITE = "users:write"


_VIEWER = frozenset(
    {
        Permission.MODELS_READ,
        Permission.PASSWORD_CHANGE,
        Permission.PATTERNS_READ,
        Permission.REQUESTS_READ,
        Permission.RUNS_READ,
        Permission.SELF_READ,
        Permission.SESSIONS_READ,
        Permission.SESSIONS_WRITE,
        Permission.USAGE_READ,
        Permission.DATA_EXPORT,
        Permission.DATA_ERASE,
    }
)
_MEMBER = _VIEWER | {
    Permission.COMPLETIONS_CREATE,
    Permission.RUNS_CREATE,
    Permission.RUNS_DELETE,
    Permission.KEYS_READ,
    Permission.KEYS_WRITE,
}
_OPERATOR = _MEMBER | {
    Permission.DOCS_READ,
    Permission.HEALTH_READ,
    Permission.METRICS_READ,
    Permission.USAGE_READ_ALL,
}
_ADMIN = _OPERATOR | {Permission.AUDIT_READ, Permission.USERS_READ, Permission.USERS_WRITE}

ROLE_PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: _VIEWER,
    Role.MEMBER: _MEMBER,
    Role.OPERATOR: _OPERATOR,
    Role.ADMIN: _ADMIN,
}

_ANY: frozenset[Credential] = frozenset({"local", "session", "token", "key", "test"})
_PERSON: frozenset[Credential] = frozenset({"local", "session", "token", "test"})

PERMISSION_CREDENTIALS: Mapping[Permission, frozenset[Credential]] = {
    Permission.AUDIT_READ: _PERSON,
    Permission.COMPLETIONS_CREATE: _ANY,
    Permission.DATA_ERASE: _PERSON,
    Permission.DATA_EXPORT: _PERSON,
    Permission.DOCS_READ: _ANY,
    Permission.HEALTH_READ: _ANY,
    Permission.KEYS_READ: _PERSON,
    Permission.KEYS_WRITE: _ANY,
    Permission.METRICS_READ: _ANY,
    Permission.MODELS_READ: _ANY,
    Permission.PASSWORD_CHANGE: _PERSON,
    Permission.PATTERNS_READ: _ANY,
    Permission.REQUESTS_READ: _ANY,
    Permission.RUNS_CREATE: _ANY,
    Permission.RUNS_DELETE: _ANY,
    Permission.RUNS_READ: _ANY,
    Permission.SELF_READ: _ANY,
    Permission.SESSIONS_READ: _PERSON,
    Permission.SESSIONS_WRITE: _PERSON,
    Permission.USAGE_READ: _ANY,
    Permission.USAGE_READ_ALL: _ANY,
    Permission.USERS_READ: _PERSON,
    Permission.USERS_WRITE: _PERSON,
}
"""Which credentials a permission may be used with. A key with `keys:write` makes keys of its owner within its own
scopes, and nothing else."""


def permitted(role: Role, credential: Credential, scopes: frozenset[Permission] | None = None) -> frozenset[Permission]:
    """Return what a role may do with a credential; `scopes` (of a key) cut it down, None leaves it whole."""
    allowed = ROLE_PERMISSIONS[role] if scopes is None else ROLE_PERMISSIONS[role] & scopes
    return frozenset(each for each in allowed if credential in PERMISSION_CREDENTIALS[each])


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a key or a user may use at most; every None is unlimited or the server's own default."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    concurrency: int | None = None
    daily_budget_usd: Decimal | None = None
    monthly_budget_usd: Decimal | None = None


def allowance_changes(before: Allowance, after: Allowance) -> dict[str, dict[str, str | int | None]]:
    """Return what differs, by member, as plain JSON: `{"concurrency": {"before": None, "after": 2}}`."""
    names = [name for name in Allowance.__slots__ if getattr(before, name) != getattr(after, name)]
    return {name: {"before": _plain(getattr(before, name)), "after": _plain(getattr(after, name))} for name in names}


def _plain(member: Decimal | int | None) -> str | int | None:
    return decimal_to_json(member) if isinstance(member, Decimal) else member


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever a request is charged to and whose runs it may see.

    `id` and `name` are the user's: a key acts for its owner. `credential_id` is the session's, token family's or key's
    own id, None for the command line. `models` None allows every model; `stores` False keeps no content of any run or
    completion.
    """

    id: str
    kind: Literal["operator", "user", "service"]
    role: Role = Role.MEMBER
    credential: Credential = "local"
    credential_id: str | None = None
    permissions: frozenset[Permission] = frozenset()
    name: str = ""
    models: tuple[str, ...] | None = None
    stores: bool = True
    allowance: Allowance = field(default_factory=Allowance)
    owner_allowance: Allowance | None = None
    """The user's own, where `allowance` is a key's; None everywhere else."""
    expires_at: datetime | None = None
    """When the session, token family or key ends by itself; None: it does not."""
    line: str | None = None
    """The id of the key under which a key is counted; None for its own, and for whoever has no key."""
    version: int = 0
    """Grows with every change that ends or alters what this credential may do."""

    def may(self, permission: Permission) -> bool:
        """Whether this principal, as it proved itself, may do that."""
        return permission in self.permissions


LOCAL_OPERATOR = Principal(
    id="local",
    kind="operator",
    role=Role.ADMIN,
    credential="local",
    permissions=permitted(Role.ADMIN, "local"),
    name="local operator",
)
"""Whoever runs the command line on this machine; what it changes is audited under this name."""
