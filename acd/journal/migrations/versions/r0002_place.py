"""How far the daemon's facts are worked off, so that a crash loses no card and makes none twice."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of places."""
    op.create_table(
        "journal_place",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("fact_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_journal_place")),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("journal_place")
