"""The requests for call-backs as the book goes on with them after a restart."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "call_back_requests",
        sa.Column("request", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("ended_at", sa.Double),
        sa.Column("row", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("request", name="pk_call_back_requests"),
    )
    op.create_index("ix_call_back_requests_ended_at", "call_back_requests", ["ended_at"])


def downgrade() -> None:
    """Drop it; what is owed is forgotten."""
    op.drop_table("call_back_requests")
