"""Call lists with their contacts, the do-not-call list, and answers to surveys."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_RUNNING_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "surveys",
        sa.Column("call", sa.Text, nullable=False),
        sa.Column("survey", sa.Text, nullable=False),
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("caller", sa.Text, nullable=False),
        sa.Column("began_at", sa.Double, nullable=False),
        sa.Column("ended_at", sa.Double, nullable=False),
        sa.Column("answers", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("call", name="pk_surveys"),
    )
    op.create_index("ix_surveys_began_at", "surveys", ["began_at"])
    op.create_table(
        "campaigns",
        sa.Column("id", _RUNNING_NUMBER, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("line", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("settings", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_campaigns"),
        sa.UniqueConstraint("name", name="uq_campaigns_name"),
    )
    op.create_table(
        "campaign_contacts",
        sa.Column("id", _RUNNING_NUMBER, nullable=False),
        sa.Column("campaign", sa.BigInteger, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", sa.Double, nullable=False),
        sa.Column("request", sa.BigInteger, nullable=False),
        sa.Column("result", sa.Text, nullable=False),
        sa.Column("agent", sa.Text, nullable=False),
        sa.Column("call", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("outcome_by", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("changed_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_campaign_contacts"),
        sa.UniqueConstraint("campaign", "number", name="uq_campaign_contacts_campaign_number"),
    )
    op.create_index("ix_campaign_contacts_due", "campaign_contacts", ["campaign", "state", "next_at"])
    op.create_index("ix_campaign_contacts_call", "campaign_contacts", ["call"])
    op.create_table(
        "do_not_call",
        sa.Column("id", _RUNNING_NUMBER, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("added_at", sa.Double, nullable=False),
        sa.Column("added_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_do_not_call"),
        sa.UniqueConstraint("number", name="uq_do_not_call_number"),
    )


def downgrade() -> None:
    """Drop them; answers to surveys stay as facts."""
    for name in ("do_not_call", "campaign_contacts", "campaigns", "surveys"):
        op.drop_table(name)
