"""Nonces of signed headers, so that each is good once over all workers."""

import sqlalchemy as sa
from alembic import op

from ultra.store.columns import Moment

revision = "r0003_nonces"
down_revision = "r0002_accounts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "nonces",
        sa.Column("nonce", sa.String(64), nullable=False),
        sa.Column("until", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("nonce", name="pk_nonces"),
    )
    op.create_index("ix_nonces_until", "nonces", ["until"])


def downgrade() -> None:
    """Drop it: a header lasts a minute, so nothing is lost that anybody still needs."""
    op.drop_index("ix_nonces_until", "nonces")
    op.drop_table("nonces")
