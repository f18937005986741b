"""Facts, and what is derived from them: calls, offers, operators' states."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_RUNNING_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "facts",
        sa.Column("id", _RUNNING_NUMBER, autoincrement=True),
        sa.Column("run", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("call", sa.Text),
        sa.Column("queue", sa.Text),
        sa.Column("agent", sa.Text),
        sa.Column("payload", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_facts"),
        sa.UniqueConstraint("run", "seq", name="uq_facts_run_seq"),
    )
    op.create_table(
        "calls",
        sa.Column("call", sa.Text, nullable=False),
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("last_queue", sa.Text, nullable=False),
        sa.Column("caller", sa.Text, nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("entered_at", sa.Double, nullable=False),
        sa.Column("answered_at", sa.Double),
        sa.Column("ended_at", sa.Double),
        sa.Column("outcome", sa.Text),
        sa.Column("stage", sa.Text),
        sa.Column("waited_s", sa.Double),
        sa.Column("talked_s", sa.Double),
        sa.Column("questioned_s", sa.Double),
        sa.Column("agent", sa.Text),
        sa.Column("ended_by", sa.Text),
        sa.Column("cause", sa.Integer),
        sa.Column("offers", sa.Integer, nullable=False),
        sa.Column("misses", sa.Integer, nullable=False),
        sa.Column("returns", sa.Integer, nullable=False),
        sa.Column("destination", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("recovered", sa.Boolean, nullable=False),
        sa.Column("target_passed", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("call", name="pk_calls"),
    )
    op.create_index("ix_calls_entered_at", "calls", ["entered_at"])
    op.create_index("ix_calls_caller_entered_at", "calls", ["caller", "entered_at"])
    op.create_index("ix_calls_agent_entered_at", "calls", ["agent", "entered_at"])
    _create_index_of_open("calls", "entered_at")
    op.create_table(
        "offers",
        sa.Column("offer", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("call", sa.Text, nullable=False),
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("agent", sa.Text, nullable=False),
        sa.Column("offered_at", sa.Double, nullable=False),
        sa.Column("waited_s", sa.Double, nullable=False),
        sa.Column("ended_at", sa.Double),
        sa.Column("result", sa.Text),
        sa.Column("failure", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("rang_s", sa.Double),
        sa.PrimaryKeyConstraint("offer", name="pk_offers"),
    )
    op.create_index("ix_offers_call", "offers", ["call"])
    op.create_index("ix_offers_offered_at", "offers", ["offered_at"])
    _create_index_of_open("offers", "offer")
    op.create_table(
        "agent_states",
        sa.Column("run", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("agent", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("call", sa.Text),
        sa.Column("started_at", sa.Double, nullable=False),
        sa.Column("ended_at", sa.Double),
        sa.PrimaryKeyConstraint("run", "seq", name="pk_agent_states"),
    )
    op.create_index("ix_agent_states_started_at", "agent_states", ["started_at"])
    _create_index_of_open("agent_states", "agent")


def _create_index_of_open(table: str, column: str) -> None:
    still_open = sa.text("ended_at IS NULL")
    op.create_index(f"ix_{table}_open", table, [column], sqlite_where=still_open, postgresql_where=still_open)


def downgrade() -> None:
    """Drop the tables."""
    for table in ("agent_states", "offers", "calls", "facts"):
        op.drop_table(table)
