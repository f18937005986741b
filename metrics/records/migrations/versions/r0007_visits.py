"""Further visits of a call that was passed on. A rebuild tells them from first ones for calls of before."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("calls", sa.Column("visit", sa.Integer, nullable=False, server_default="1"))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("calls", "visit")
