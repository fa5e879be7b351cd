"""The tables of accounts. Whatever could be used to sign in is kept as a hash.

users            `folded` is the name as names are compared
sessions         of browsers
token_families   sign-ins of API clients, each a lineage of `refresh_tokens`
api_keys         `overlap_until` is set once a key was rotated
sign_in_links    one-time ways in; a row is gone once it was used
audit            who did what; `seq` counts from 1 without gaps, `audit_head` is its newest row once more
idempotency      requests that may be repeated, for a day; `status` is NULL while one is being done;
                 what was answered goes with its run
"""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from ultra.store.columns import Json, Moment, Prose
from ultra.store.metadata import METADATA

USERS = Table(
    "users",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("username", Text, nullable=False),
    Column("folded", Text, nullable=False, unique=True),
    Column("role", String(16), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("password_hash", Text),
    Column("disabled_at", Moment),
    Column("version", Integer, nullable=False),
    Column("allowance", Json, nullable=False),
    Column("last_seen_at", Moment),
)


def _user() -> ForeignKey:
    return ForeignKey("users.id", ondelete="CASCADE")


SESSIONS = Table(
    "sessions",
    METADATA,
    Column("id_hash", String(64), primary_key=True),
    Column("public_id", String(64), nullable=False, unique=True),
    Column("user_id", String(64), _user(), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("address", Prose),
    Column("user_agent", Prose),
    Column("revoked_at", Moment),
    Index(None, "user_id", "created_at"),
)

TOKEN_FAMILIES = Table(
    "token_families",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("user_id", String(64), _user(), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    Column("revoked_because", String(64)),
    Index(None, "user_id"),
)

REFRESH_TOKENS = Table(
    "refresh_tokens",
    METADATA,
    Column("hash", String(64), primary_key=True),
    Column("family_id", String(64), ForeignKey("token_families.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("used_at", Moment),
    Column("successor_hash", String(64)),
    Column("sealed_successor", LargeBinary),
    Index(None, "family_id"),
)

API_KEYS = Table(
    "api_keys",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("public_id", String(64), nullable=False, unique=True),
    Column("owner", String(64), _user(), nullable=False),
    Column("name", Text, nullable=False),
    Column("secret_hash", String(128), nullable=False),
    Column("pepper_id", String(64), nullable=False),
    Column("last4", String(8), nullable=False),
    Column("scopes", Json, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("models", Json),
    Column("cidrs", Json),
    Column("allowance", Json, nullable=False),
    Column("stores", Boolean, nullable=False),
    Column("rotated_from", String(64)),
    Column("overlap_until", Moment),
    Column("revoked_at", Moment),
    Column("last_used_at", Moment),
    Column("made_with", String(64)),
    Column("line", String(64)),
    Index(None, "owner", "created_at"),
    Index(None, "made_with"),
)

SIGN_IN_LINKS = Table(
    "sign_in_links",
    METADATA,
    Column("hash", String(64), primary_key=True),
    Column("user_id", String(64), _user(), nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Index(None, "user_id"),
)

AUDIT = Table(
    "audit",
    METADATA,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("action", String(64), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("actor", Prose),
    Column("credential", String(16)),
    Column("target", Prose),
    Column("address", Prose),
    Column("request_id", Prose),
    Column("facts", Json, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index(None, "actor", "seq"),
    Index(None, "action", "seq"),
)

AUDIT_HEAD = Table(
    "audit_head",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
)

IDEMPOTENCY = Table(
    "idempotency",
    METADATA,
    Column("owner", String(128), primary_key=True),
    Column("key_hash", String(64), primary_key=True),
    Column("fingerprint", String(128), nullable=False),
    Column("at", Moment, nullable=False),
    Column("status", Integer),
    Column("headers", Json),
    Column("body", LargeBinary),
    Column("run_id", String(64), ForeignKey("runs.id", ondelete="CASCADE")),
    Index(None, "at"),
    Index(None, "run_id"),
)

NONCES = Table(
    "nonces",
    METADATA,
    Column("nonce", String(64), primary_key=True),
    Column("until", Moment, nullable=False),
    Index(None, "until"),
)

ALL = (
    USERS, SESSIONS, TOKEN_FAMILIES, REFRESH_TOKENS, API_KEYS, SIGN_IN_LINKS, AUDIT, AUDIT_HEAD, IDEMPOTENCY, NONCES,
)  # fmt: skip
