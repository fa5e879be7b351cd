"""Alerts that stand, and the workers that see them."""

import sqlalchemy as sa
from alembic import op

from ultra.store.columns import Moment, Prose

revision = "r0004_alerts"
down_revision = "r0003_nonces"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "alerts",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(256), nullable=False),
        sa.Column("sentence", Prose(), nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("name", "subject", name="pk_alerts"),
    )
    op.create_table(
        "alert_holders",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(256), nullable=False),
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("until", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("name", "subject", "holder", name="pk_alert_holders"),
        sa.ForeignKeyConstraint(
            ["name", "subject"],
            ["alerts.name", "alerts.subject"],
            ondelete="CASCADE",
            name="fk_alert_holders_name_subject_alerts",
        ),
    )
    op.create_index("ix_alert_holders_holder", "alert_holders", ["holder"])


def downgrade() -> None:
    """Drop both; what stands is raised anew by whoever sees it."""
    op.drop_table("alert_holders")
    op.drop_table("alerts")
