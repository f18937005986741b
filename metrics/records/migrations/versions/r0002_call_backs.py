"""Call-backs: breaks, what is owed for them, and each attempt. Calls of ours are told from calls of callers."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of call-backs; every call recorded so far came in."""
    op.add_column("calls", sa.Column("kind", sa.Text, nullable=False, server_default="incoming"))
    op.create_index("ix_agent_states_ended_at", "agent_states", ["ended_at"])
    op.create_table(
        "breaks",
        sa.Column("call", sa.Text, nullable=False),
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("broken_at", sa.Double, nullable=False),
        sa.Column("caller", sa.Text, nullable=False),
        sa.Column("kind", sa.Text),
        sa.Column("by", sa.Text),
        sa.Column("cause", sa.Integer),
        sa.Column("agent", sa.Text),
        sa.Column("request", sa.BigInteger),
        sa.Column("impossible", sa.Text),
        sa.Column("limit_s", sa.Double),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("first_attempt_at", sa.Double),
        sa.Column("first_after_s", sa.Double),
        sa.Column("late", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("call", name="pk_breaks"),
    )
    op.create_index("ix_breaks_broken_at", "breaks", ["broken_at"])
    op.create_table(
        "call_backs",
        sa.Column("request", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("owed_at", sa.Double, nullable=False),
        sa.Column("due_at", sa.Double),
        sa.Column("mode", sa.Text),
        sa.Column("broken_call", sa.Text),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("reached_at", sa.Double),
        sa.Column("ended_at", sa.Double),
        sa.Column("result", sa.Text),
        sa.Column("reason", sa.Text),
        sa.PrimaryKeyConstraint("request", name="pk_call_backs"),
    )
    op.create_index("ix_call_backs_owed_at", "call_backs", ["owed_at"])
    op.create_table(
        "call_back_attempts",
        sa.Column("call", sa.Text, nullable=False),
        sa.Column("request", sa.BigInteger, nullable=False),
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("of_break", sa.Integer, nullable=False),
        sa.Column("started_at", sa.Double, nullable=False),
        sa.Column("after_break_s", sa.Double, nullable=False),
        sa.Column("within_limit", sa.Boolean, nullable=False),
        sa.Column("broken_call", sa.Text),
        sa.Column("agent", sa.Text),
        sa.Column("rang_at", sa.Double),
        sa.Column("connected_at", sa.Double),
        sa.Column("reached_at", sa.Double),
        sa.Column("ended_at", sa.Double),
        sa.Column("failure", sa.Text),
        sa.Column("cause", sa.Integer),
        sa.PrimaryKeyConstraint("call", name="pk_call_back_attempts"),
    )
    op.create_index("ix_call_back_attempts_request", "call_back_attempts", ["request"])
    op.create_index("ix_call_back_attempts_started_at", "call_back_attempts", ["started_at"])


def downgrade() -> None:
    """Drop them; calls of ours go too, since nothing would tell them from callers' any more."""
    for table in ("call_back_attempts", "call_backs", "breaks"):
        op.drop_table(table)
    op.drop_index("ix_agent_states_ended_at", "agent_states")
    op.execute("DELETE FROM calls WHERE kind <> 'incoming'")
    op.drop_column("calls", "kind")
