"""Voice messages."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "voice_messages",
        sa.Column("call", sa.Text, nullable=False),
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("caller", sa.Text, nullable=False),
        sa.Column("server", sa.Text, nullable=False),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("left_at", sa.Double, nullable=False),
        sa.Column("length_s", sa.Double, nullable=False),
        sa.Column("heard_at", sa.Double),
        sa.Column("heard_by", sa.Text),
        sa.Column("done_at", sa.Double),
        sa.Column("done_by", sa.Text),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("destroyed_at", sa.Double),
        sa.Column("destroyed_by", sa.Text),
        sa.Column("destroyed_for", sa.Text),
        sa.Column("sha256", sa.Text),
        sa.PrimaryKeyConstraint("call", name="pk_voice_messages"),
    )
    op.create_index("ix_voice_messages_left_at", "voice_messages", ["left_at"])


def downgrade() -> None:
    """Drop it; the facts stay."""
    op.drop_table("voice_messages")
