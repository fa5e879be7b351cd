"""Kept answers go with the runs that they tell of."""

import sqlalchemy as sa
from alembic import op

revision = "r0006_kept_answers"
down_revision = "r0005_key_lines"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Say of an answer which run it tells of; those that are kept already are gone within a day."""
    with op.batch_alter_table("idempotency") as batch:  # SQLite takes a new reference only with a new table
        batch.add_column(sa.Column("run_id", sa.String(64)))
        batch.create_foreign_key("fk_idempotency_run_id_runs", "runs", ["run_id"], ["id"], ondelete="CASCADE")
    op.create_index("ix_idempotency_run_id", "idempotency", ["run_id"])


def downgrade() -> None:
    """Forget which."""
    op.drop_index("ix_idempotency_run_id", "idempotency")
    with op.batch_alter_table("idempotency") as batch:
        batch.drop_constraint("fk_idempotency_run_id_runs", type_="foreignkey")
        batch.drop_column("run_id")
