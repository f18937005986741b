"""Callers handed on, and recorded talks."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "transfers",
        sa.Column("next_call", sa.Text, nullable=False),
        sa.Column("call", sa.Text, nullable=False),
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("agent", sa.Text, nullable=False),
        sa.Column("way", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("consent", sa.Text, nullable=False),
        sa.Column("transferred_at", sa.Double, nullable=False),
        sa.Column("result", sa.Text),
        sa.Column("taken_by", sa.Text),
        sa.Column("waited_s", sa.Double),
        sa.Column("talked_s", sa.Double),
        sa.Column("ended_at", sa.Double),
        sa.PrimaryKeyConstraint("next_call", name="pk_transfers"),
    )
    op.create_index("ix_transfers_transferred_at", "transfers", ["transferred_at"])
    op.create_index("ix_transfers_call", "transfers", ["call"])
    op.create_table(
        "recordings",
        sa.Column("recording", sa.Text, nullable=False),
        sa.Column("call", sa.Text, nullable=False),
        sa.Column("telephone", sa.Text, nullable=False),
        sa.Column("started_at", sa.Double, nullable=False),
        sa.Column("duration_s", sa.Double, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("channels", sa.Integer, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("keep_until", sa.Double, nullable=False),
        sa.Column("found", sa.Boolean, nullable=False),
        sa.Column("destroyed_at", sa.Double),
        sa.Column("destroyed_by", sa.Text),
        sa.Column("destroyed_for", sa.Text),
        sa.PrimaryKeyConstraint("recording", name="pk_recordings"),
    )
    op.create_index("ix_recordings_call", "recordings", ["call"])
    op.create_index("ix_recordings_started_at", "recordings", ["started_at"])
    op.create_index("ix_recordings_keep_until", "recordings", ["keep_until"])


def downgrade() -> None:
    """Drop them; the facts stay."""
    op.drop_table("recordings")
    op.drop_table("transfers")
