"""The tables of the records.

`facts` is append-only and the only truth. Everything else is derived from it by `derive.py` and can be rebuilt.
Instants are seconds since the epoch, UTC, as everywhere; durations end in `_s`.
"""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_RUNNING_NUMBER: Final = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only in a column declared INTEGER."""


def _index_of_open(table: Table, column: Column[Any]) -> None:
    """Index the few rows whose end is not known yet."""
    open_ = table.c.ended_at.is_(None)
    Index(f"ix_{table.name}_open", column, sqlite_where=open_, postgresql_where=open_)


facts: Final = Table(
    "facts",
    metadata,
    Column("id", _RUNNING_NUMBER, primary_key=True, autoincrement=True),
    Column("run", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("at", Double, nullable=False),
    Column("kind", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("call", Text),
    Column("queue", Text),
    Column("agent", Text),
    Column("payload", Text, nullable=False),
    UniqueConstraint("run", "seq"),
)
"""`payload` is the fact's JSON as `codec.py` writes it; the columns before it repeat what one searches by."""

calls: Final = Table(
    "calls",
    metadata,
    Column("call", Text, primary_key=True),
    Column("queue", Text, nullable=False),
    Column("last_queue", Text, nullable=False),
    Column("caller", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("kind", Text, nullable=False, server_default="incoming"),
    Column("entered_at", Double, nullable=False),
    Column("answered_at", Double),
    Column("ended_at", Double),
    Column("outcome", Text),
    Column("stage", Text),
    Column("waited_s", Double),
    Column("talked_s", Double),
    Column("questioned_s", Double),
    Column("agent", Text),
    Column("ended_by", Text),
    Column("cause", Integer),
    Column("offers", Integer, nullable=False),
    Column("misses", Integer, nullable=False),
    Column("returns", Integer, nullable=False),
    Column("destination", Text),
    Column("reason", Text),
    Column("recovered", Boolean, nullable=False),
    Column("target_passed", Boolean, nullable=False),
    Column("previous_at", Double),
    Column("visit", Integer, nullable=False, server_default="1"),
    Index("ix_calls_entered_at", "entered_at"),
    Index("ix_calls_caller_entered_at", "caller", "entered_at"),
    Index("ix_calls_agent_entered_at", "agent", "entered_at"),
)
_index_of_open(calls, calls.c.entered_at)

offers: Final = Table(
    "offers",
    metadata,
    Column("offer", BigInteger, primary_key=True, autoincrement=False),
    Column("call", Text, nullable=False),
    Column("queue", Text, nullable=False),
    Column("agent", Text, nullable=False),
    Column("offered_at", Double, nullable=False),
    Column("waited_s", Double, nullable=False),
    Column("ended_at", Double),
    Column("result", Text),
    Column("failure", Text),
    Column("reason", Text),
    Column("rang_s", Double),
    Index("ix_offers_call", "call"),
    Index("ix_offers_offered_at", "offered_at"),
)
_index_of_open(offers, offers.c.offer)

agent_states: Final = Table(
    "agent_states",
    metadata,
    Column("run", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("agent", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("call", Text),
    Column("started_at", Double, nullable=False),
    Column("ended_at", Double),
    Index("ix_agent_states_started_at", "started_at"),
    Index("ix_agent_states_ended_at", "ended_at"),
)
"""One row per stay of an operator in a state, named by the fact that began it."""
_index_of_open(agent_states, agent_states.c.agent)

breaks: Final = Table(
    "breaks",
    metadata,
    Column("call", Text, primary_key=True),
    Column("queue", Text, nullable=False),
    Column("broken_at", Double, nullable=False),
    Column("caller", Text, nullable=False),
    Column("kind", Text),
    Column("by", Text),
    Column("cause", Integer),
    Column("agent", Text),
    Column("request", BigInteger),
    Column("impossible", Text),
    Column("limit_s", Double),
    Column("attempts", Integer, nullable=False),
    Column("first_attempt_at", Double),
    Column("first_after_s", Double),
    Column("late", Boolean, nullable=False),
    Index("ix_breaks_broken_at", "broken_at"),
)

call_backs: Final = Table(
    "call_backs",
    metadata,
    Column("request", BigInteger, primary_key=True, autoincrement=False),
    Column("queue", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("owed_at", Double, nullable=False),
    Column("due_at", Double),
    Column("mode", Text),
    Column("broken_call", Text),
    Column("attempts", Integer, nullable=False),
    Column("reached_at", Double),
    Column("ended_at", Double),
    Column("result", Text),
    Column("reason", Text),
    Index("ix_call_backs_owed_at", "owed_at"),
)

call_back_attempts: Final = Table(
    "call_back_attempts",
    metadata,
    Column("call", Text, primary_key=True),
    Column("request", BigInteger, nullable=False),
    Column("queue", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("of_break", Integer, nullable=False),
    Column("started_at", Double, nullable=False),
    Column("after_break_s", Double, nullable=False),
    Column("within_limit", Boolean, nullable=False),
    Column("broken_call", Text),
    Column("agent", Text),
    Column("rang_at", Double),
    Column("connected_at", Double),
    Column("reached_at", Double),
    Column("ended_at", Double),
    Column("failure", Text),
    Column("cause", Integer),
    Index("ix_call_back_attempts_request", "request"),
    Index("ix_call_back_attempts_started_at", "started_at"),
)

transfers: Final = Table(
    "transfers",
    metadata,
    Column("next_call", Text, primary_key=True),
    Column("call", Text, nullable=False),
    Column("queue", Text, nullable=False),
    Column("agent", Text, nullable=False),
    Column("way", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("consent", Text, nullable=False),
    Column("transferred_at", Double, nullable=False),
    Column("result", Text),
    Column("taken_by", Text),
    Column("waited_s", Double),
    Column("talked_s", Double),
    Column("ended_at", Double),
    Index("ix_transfers_transferred_at", "transferred_at"),
    Index("ix_transfers_call", "call"),
)
"""One row per caller handed on, named by the visit that follows; of one taken over `<call>-taken`."""

recordings: Final = Table(
    "recordings",
    metadata,
    Column("recording", Text, primary_key=True),
    Column("call", Text, nullable=False),
    Column("telephone", Text, nullable=False),
    Column("started_at", Double, nullable=False),
    Column("duration_s", Double, nullable=False),
    Column("path", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("channels", Integer, nullable=False),
    Column("key", Text, nullable=False),
    Column("keep_until", Double, nullable=False),
    Column("found", Boolean, nullable=False),
    Column("destroyed_at", Double),
    Column("destroyed_by", Text),
    Column("destroyed_for", Text),
    Index("ix_recordings_call", "call"),
    Index("ix_recordings_started_at", "started_at"),
    Index("ix_recordings_keep_until", "keep_until"),
)

voice_messages: Final = Table(
    "voice_messages",
    metadata,
    Column("call", Text, primary_key=True),
    Column("queue", Text, nullable=False),
    Column("caller", Text, nullable=False),
    Column("server", Text, nullable=False),
    Column("file", Text, nullable=False),
    Column("left_at", Double, nullable=False),
    Column("length_s", Double, nullable=False),
    Column("heard_at", Double),
    Column("heard_by", Text),
    Column("done_at", Double),
    Column("done_by", Text),
    Column("note", Text, nullable=False),
    Column("destroyed_at", Double),
    Column("destroyed_by", Text),
    Column("destroyed_for", Text),
    Column("sha256", Text),
    Index("ix_voice_messages_left_at", "left_at"),
)

surveys: Final = Table(
    "surveys",
    metadata,
    Column("call", Text, primary_key=True),
    Column("survey", Text, nullable=False),
    Column("queue", Text, nullable=False),
    Column("caller", Text, nullable=False),
    Column("began_at", Double, nullable=False),
    Column("ended_at", Double, nullable=False),
    Column("answers", Text, nullable=False),
    Index("ix_surveys_began_at", "began_at"),
)
"""One row per person who was asked, named by the call; `answers` is `question=key&question=key`, in their order."""

campaigns: Final = Table(
    "campaigns",
    metadata,
    Column("id", _RUNNING_NUMBER, primary_key=True),
    Column("name", Text, nullable=False),
    Column("line", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("settings", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("created_by", Text, nullable=False),
    UniqueConstraint("name"),
)
"""Call lists. Like the requests for call-backs these are not derived from facts, see `acd/campaigns/store.py`."""

campaign_contacts: Final = Table(
    "campaign_contacts",
    metadata,
    Column("id", _RUNNING_NUMBER, primary_key=True),
    Column("campaign", BigInteger, nullable=False),
    Column("number", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Double, nullable=False),
    Column("request", BigInteger, nullable=False),
    Column("result", Text, nullable=False),
    Column("agent", Text, nullable=False),
    Column("call", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("outcome_by", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("changed_at", Double, nullable=False),
    UniqueConstraint("campaign", "number"),
    Index("ix_campaign_contacts_due", "campaign", "state", "next_at"),
    Index("ix_campaign_contacts_call", "call"),
)

do_not_call: Final = Table(
    "do_not_call",
    metadata,
    Column("id", _RUNNING_NUMBER, primary_key=True),
    Column("number", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("added_at", Double, nullable=False),
    Column("added_by", Text, nullable=False),
    UniqueConstraint("number"),
)

call_back_requests: Final = Table(
    "call_back_requests",
    metadata,
    Column("request", BigInteger, primary_key=True, autoincrement=False),
    Column("queue", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("ended_at", Double),
    Column("row", Text, nullable=False),
    Index("ix_call_back_requests_ended_at", "ended_at"),
)
"""What the book of call-backs goes on with after a restart, see `requests.py`. Not derived from facts."""
