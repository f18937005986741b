"""Which card a call-back was booked for at the desk, so that its talk goes to that card."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "journal_callback",
        sa.Column("request", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("card_id", _ID, nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["card_id"], ["journal_card.id"], name=op.f("fk_journal_callback_card_id")),
        sa.PrimaryKeyConstraint("request", name=op.f("pk_journal_callback")),
    )
    op.create_index(op.f("ix_journal_callback_card_id"), "journal_callback", ["card_id"], unique=False)


def downgrade() -> None:
    """Drop it."""
    op.drop_table("journal_callback")
