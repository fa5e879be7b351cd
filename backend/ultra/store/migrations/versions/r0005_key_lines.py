"""With which key a key was made, and under which key it is counted."""

import sqlalchemy as sa
from alembic import op

revision = "r0005_key_lines"
down_revision = "r0004_alerts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both columns; keys that are there were made by their owners and are counted by themselves."""
    op.add_column("api_keys", sa.Column("made_with", sa.String(64)))
    op.add_column("api_keys", sa.Column("line", sa.String(64)))
    op.create_index("ix_api_keys_made_with", "api_keys", ["made_with"])


def downgrade() -> None:
    """Drop both: keys are then counted one by one, and none ends with another."""
    op.drop_index("ix_api_keys_made_with", "api_keys")
    op.drop_column("api_keys", "line")
    op.drop_column("api_keys", "made_with")
