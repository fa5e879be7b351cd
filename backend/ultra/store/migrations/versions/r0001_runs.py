"""Runs, their journal, the ledger and the stamp."""

import sqlalchemy as sa
from alembic import op

from ultra.store.columns import Json, Moment, Money, Prose

revision = "r0001_runs"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the first tables."""
    _create_runs()
    op.create_table(
        "run_events",
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("data", Json(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_run_events_run_id_runs", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "seq", name="pk_run_events"),
    )
    _create_ledger()
    op.create_table(
        "stamp",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_stamp"),
    )


def downgrade() -> None:
    """Drop them with all they hold."""
    for table in ("stamp", "ledger", "run_events", "runs"):
        op.drop_table(table)


def _create_runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("owner", sa.String(128), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("question", Json(), nullable=False),
        sa.Column("searchable", Prose(), nullable=False, comment="the prompt, case folded"),
        sa.Column("options", Json(), nullable=False),
        sa.Column("panel", Json(), nullable=False),
        sa.Column("resumable", sa.Boolean(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("started_at", Moment()),
        sa.Column("finished_at", Moment()),
        sa.Column("deadline_at", Moment()),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("verdict", Json()),
        sa.Column("cost_usd", Money()),
        sa.Column("error_kind", sa.String(64)),
        sa.Column("error", Prose()),
        sa.Column("follow_up_to", sa.String(64)),
        sa.Column("request_id", Prose()),
        sa.Column("lease_worker", sa.String(256)),
        sa.Column("lease_until", Moment()),
        sa.Column("last_seq", sa.Integer(), nullable=False, comment="of the newest event"),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_index("ix_runs_owner_created_at_id", "runs", ["owner", "created_at", "id"])
    op.create_index("ix_runs_finished_at_created_at", "runs", ["finished_at", "created_at"])


def _create_ledger() -> None:
    op.create_table(
        "ledger",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("principal", sa.String(128), nullable=False),
        sa.Column("request_id", Prose(), nullable=False),
        sa.Column("run_id", sa.String(64), comment="stays when the run is deleted: money is not forgotten"),
        sa.Column("stage", sa.String(64)),
        sa.Column("provider", sa.String(64), nullable=False),
        sa.Column("model", Prose(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("reserved_usd", Money(), comment="the worst case; NULL when the price is unknown"),
        sa.Column("possible_double_charge", sa.Boolean(), nullable=False),
        sa.Column("settled_at", Moment(), comment="NULL while the call is open, or when a crash left it so"),
        sa.Column("outcome", sa.String(16)),
        sa.Column("error_kind", sa.String(64)),
        sa.Column("upstream_request_id", Prose()),
        sa.Column("usage", Json()),
        sa.Column("cost_usd", Money(), comment="NULL is unknown, never zero"),
        sa.Column("first_token_s", sa.Float()),
        sa.Column("total_s", sa.Float()),
        sa.PrimaryKeyConstraint("id", name="pk_ledger"),
    )
    op.create_index("ix_ledger_run_id", "ledger", ["run_id"])
    op.create_index("ix_ledger_principal_at", "ledger", ["principal", "at"])
