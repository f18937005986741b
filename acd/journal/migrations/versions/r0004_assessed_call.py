"""Which of a card's talks was assessed."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the call; what was assessed before is of the card as a whole."""
    op.add_column("journal_assessment", sa.Column("call", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("journal_assessment", "call")
