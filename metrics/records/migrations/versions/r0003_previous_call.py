"""Repeat calls: each call knows when the same number called before. A rebuild fills it in for calls of before."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("calls", sa.Column("previous_at", sa.Double))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("calls", "previous_at")
