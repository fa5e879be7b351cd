"""Accounts, the audit, budgets, and with which credential something was asked for."""

import sqlalchemy as sa
from alembic import op

from ultra.store.columns import Json, Moment, Money, Prose

revision = "r0002_accounts"
down_revision = "r0001_runs"
branch_labels = None
depends_on = None

_NO_ROW_YET = {"id": 1, "seq": 0, "hash": "0" * 64}


def upgrade() -> None:
    """Make the tables of accounts, and the columns that name a credential."""
    _create_users()
    _create_sessions()
    _create_tokens()
    _create_keys()
    _create_audit()
    _create_idempotency()
    _create_budgets()
    for table in ("runs", "ledger"):
        comment = "the session, token family or key it was asked for with"
        op.add_column(table, sa.Column("credential_id", sa.String(64), comment=comment))
    op.create_index("ix_ledger_request_id", "ledger", ["request_id"])


def downgrade() -> None:
    """Drop them with all they hold; runs and the ledger stay."""
    op.drop_index("ix_ledger_request_id", "ledger")
    for table in ("ledger", "runs"):
        op.drop_column(table, "credential_id")
    for table in (
        "reservations", "budgets", "idempotency", "audit_head", "audit", "sign_in_links", "api_keys",
        "refresh_tokens", "token_families", "sessions", "users",
    ):  # fmt: skip
        op.drop_table(table)


def _of_user(table: str, column: str = "user_id") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["users.id"], name=f"fk_{table}_{column}_users", ondelete="CASCADE")


def _create_users() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("password_hash", sa.Text()),
        sa.Column("disabled_at", Moment()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("allowance", Json(), nullable=False),
        sa.Column("last_seen_at", Moment()),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("folded", name="uq_users_folded"),
    )
    op.create_table(
        "sign_in_links",
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(64), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        _of_user("sign_in_links"),
        sa.PrimaryKeyConstraint("hash", name="pk_sign_in_links"),
    )
    op.create_index("ix_sign_in_links_user_id", "sign_in_links", ["user_id"])


def _create_sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id_hash", sa.String(64), nullable=False),
        sa.Column("public_id", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(64), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("seen_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("address", Prose()),
        sa.Column("user_agent", Prose()),
        sa.Column("revoked_at", Moment()),
        _of_user("sessions"),
        sa.PrimaryKeyConstraint("id_hash", name="pk_sessions"),
        sa.UniqueConstraint("public_id", name="uq_sessions_public_id"),
    )
    op.create_index("ix_sessions_user_id_created_at", "sessions", ["user_id", "created_at"])


def _create_tokens() -> None:
    op.create_table(
        "token_families",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(64), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("revoked_at", Moment()),
        sa.Column("revoked_because", sa.String(64)),
        _of_user("token_families"),
        sa.PrimaryKeyConstraint("id", name="pk_token_families"),
    )
    op.create_index("ix_token_families_user_id", "token_families", ["user_id"])
    lineage = sa.ForeignKeyConstraint(
        ["family_id"], ["token_families.id"], name="fk_refresh_tokens_family_id_token_families", ondelete="CASCADE"
    )
    op.create_table(
        "refresh_tokens",
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("family_id", sa.String(64), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("used_at", Moment()),
        sa.Column("successor_hash", sa.String(64)),
        sa.Column("sealed_successor", sa.LargeBinary()),
        lineage,
        sa.PrimaryKeyConstraint("hash", name="pk_refresh_tokens"),
    )
    op.create_index("ix_refresh_tokens_family_id", "refresh_tokens", ["family_id"])


def _create_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("public_id", sa.String(64), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.String(128), nullable=False),
        sa.Column("pepper_id", sa.String(64), nullable=False),
        sa.Column("last4", sa.String(8), nullable=False),
        sa.Column("scopes", Json(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("models", Json()),
        sa.Column("cidrs", Json()),
        sa.Column("allowance", Json(), nullable=False),
        sa.Column("stores", sa.Boolean(), nullable=False),
        sa.Column("rotated_from", sa.String(64)),
        sa.Column("overlap_until", Moment()),
        sa.Column("revoked_at", Moment()),
        sa.Column("last_used_at", Moment()),
        _of_user("api_keys", "owner"),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("public_id", name="uq_api_keys_public_id"),
    )
    op.create_index("ix_api_keys_owner_created_at", "api_keys", ["owner", "created_at"])


def _create_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("actor", Prose()),
        sa.Column("credential", sa.String(16)),
        sa.Column("target", Prose()),
        sa.Column("address", Prose()),
        sa.Column("request_id", Prose()),
        sa.Column("facts", Json(), nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit"),
    )
    op.create_index("ix_audit_actor_seq", "audit", ["actor", "seq"])
    op.create_index("ix_audit_action_seq", "audit", ["action", "seq"])
    head = op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_head"),
    )
    op.bulk_insert(head, [_NO_ROW_YET])


def _create_idempotency() -> None:
    op.create_table(
        "idempotency",
        sa.Column("owner", sa.String(128), nullable=False),
        sa.Column("key_hash", sa.String(64), nullable=False),
        sa.Column("fingerprint", sa.String(128), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("headers", Json()),
        sa.Column("body", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("owner", "key_hash", name="pk_idempotency"),
    )
    op.create_index("ix_idempotency_at", "idempotency", ["at"])


def _create_budgets() -> None:
    op.create_table(
        "budgets",
        sa.Column("purse", sa.String(256), nullable=False),
        sa.Column("period", sa.String(8), nullable=False),
        sa.Column("since", sa.String(10), nullable=False, comment="2026-11-22 of a day, 2026-11 of a month"),
        sa.Column("spent_usd", Money(), nullable=False),
        sa.Column("aside_usd", Money(), nullable=False),
        sa.PrimaryKeyConstraint("purse", "period", "since", name="pk_budgets"),
    )
    op.create_table(
        "reservations",
        sa.Column("id", sa.String(128), nullable=False),
        sa.Column("purse", sa.String(256), nullable=False),
        sa.Column("period", sa.String(8), nullable=False),
        sa.Column("since", sa.String(10), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("amount_usd", Money(), nullable=False),
        sa.PrimaryKeyConstraint("id", "purse", "period", name="pk_reservations"),
    )
    op.create_index("ix_reservations_at", "reservations", ["at"])
