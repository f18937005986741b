"""The tables of the journal, in a MetaData and with a version table of their own beside those of the records.

Instants are seconds since the epoch, UTC. `search` columns hold words as `search.words` writes them; the full-text
index over them (FTS5 or tsvector) is made by the migration, because the two databases make it differently.
"""

from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    }
)

_ID: Final = BigInteger().with_variant(Integer, "sqlite")


def _id() -> Column[Any]:
    return Column("id", _ID, primary_key=True, autoincrement=True)


def _text(name: str) -> Column[Any]:
    return Column(name, Text, nullable=False, server_default="")


def _at(name: str, *, nullable: bool = True) -> Column[Any]:
    return Column(name, Double, nullable=nullable)


def _flag(name: str, *, default: bool) -> Column[Any]:
    return Column(name, Boolean, nullable=False, server_default=text("true" if default else "false"))


counter: Final = Table(
    "journal_counter",
    metadata,
    Column("service", Text, primary_key=True),
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("last", Integer, nullable=False),
)

organisation: Final = Table(
    "journal_organisation",
    metadata,
    _id(),
    Column("service", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    _flag("active", default=True),
    UniqueConstraint("service", "kind", "name"),
)

official: Final = Table(
    "journal_official",
    metadata,
    _id(),
    Column("organisation_id", _ID, ForeignKey("journal_organisation.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    _text("phone"),
    _flag("active", default=True),
)

reason: Final = Table(
    "journal_reason",
    metadata,
    _id(),
    Column("service", Text, nullable=False),
    Column("title", Text, nullable=False),
    _flag("active", default=True),
    UniqueConstraint("service", "title"),
)

card: Final = Table(
    "journal_card",
    metadata,
    _id(),
    Column("service", Text, nullable=False),
    Column("prefix", Text, nullable=False),
    Column("year", Integer, nullable=False),
    Column("running", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("holder", Text, nullable=False),
    Column("organisation_id", _ID, ForeignKey("journal_organisation.id")),
    Column("channel", Text, nullable=False),
    Column("urgency", Text, nullable=False),
    _text("line"),
    _text("caller"),
    _text("contact_name"),
    _text("contact_phone"),
    _text("contact_email"),
    _flag("anonymous", default=False),
    Column("reason_id", _ID, ForeignKey("journal_reason.id")),
    _text("description"),
    _text("measures"),
    _text("rejection"),
    _text("responsible"),
    _at("opened_at", nullable=False),
    _at("registered_at"),
    _at("handed_at"),
    _at("promised_at"),
    _at("finished_at"),
    _at("closed_at"),
    Column("reopened", Integer, nullable=False, server_default="0"),
    _at("register_warn_at"),
    _at("register_due_at"),
    _at("resolve_warn_at"),
    _at("resolve_due_at"),
    _at("feedback_warn_at"),
    _at("feedback_due_at"),
    _at("reopen_until"),
    _text("announced"),
    _at("alarm_at"),
    Column("open", Boolean, nullable=False),
    _text("search"),
    UniqueConstraint("service", "year", "running"),
    Index("ix_journal_card_list", "service", "id"),
    Index("ix_journal_card_state", "service", "state", "id"),
    Index("ix_journal_card_open", "service", "open", "id"),
    Index("ix_journal_card_open_state", "service", "open", "state"),
    Index("ix_journal_card_open_responsible", "service", "open", "responsible", "id"),
    Index("ix_journal_card_responsible", "service", "responsible", "id"),
    Index("ix_journal_card_organisation", "service", "organisation_id", "id"),
    Index("ix_journal_card_reason", "service", "reason_id", "id"),
    Index("ix_journal_card_caller", "service", "caller", "id"),
    Index("ix_journal_card_opened_at", "service", "opened_at"),
    Index(
        "ix_journal_card_alarm_at",
        "service",
        "alarm_at",
        "id",
        sqlite_where=text("alarm_at IS NOT NULL"),
        postgresql_where=text("alarm_at IS NOT NULL"),
    ),
)
"""`alarm_at` and `open` repeat what `cards.next_alarm` and `states.OPEN` say, to be searched by.

Each index begins with all columns that its list asks for, so that SQLite takes it also without statistics, and ends
with the id by which pages are turned over.
"""

talk: Final = Table(
    "journal_talk",
    metadata,
    _id(),
    Column("card_id", _ID, ForeignKey("journal_card.id"), nullable=False, index=True),
    Column("call", Text, nullable=False),
    Column("agent", Text, nullable=False),
    _at("answered_at", nullable=False),
    Column("talked_s", Double),
    _text("recording"),
    UniqueConstraint("call", "answered_at"),
)

history: Final = Table(
    "journal_history",
    metadata,
    _id(),
    Column("card_id", _ID, ForeignKey("journal_card.id"), nullable=False),
    Column("version", Integer, nullable=False),
    _at("at", nullable=False),
    Column("actor", Text, nullable=False),
    _text("trigger"),
    _text("note"),
    Column("before", JSON, nullable=False),
    Column("after", JSON, nullable=False),
    UniqueConstraint("card_id", "version"),
)

trail: Final = Table(
    "journal_trail",
    metadata,
    _id(),
    _at("at", nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("card_id", _ID),
    _text("detail"),
    Index("ix_journal_trail_card_id", "card_id", "id"),
    Index("ix_journal_trail_actor", "actor", "id"),
)

outbox: Final = Table(
    "journal_outbox",
    metadata,
    _id(),
    Column("key", Text, nullable=False, unique=True),
    Column("card_id", _ID),
    Column("kind", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    _at("created_at", nullable=False),
    _at("due_at"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    _at("sent_at"),
    _at("gave_up_at"),
    _text("error"),
    Index(
        "ix_journal_outbox_due_at",
        "due_at",
        sqlite_where=text("due_at IS NOT NULL"),
        postgresql_where=text("due_at IS NOT NULL"),
    ),
)
"""`due_at` is None once the message is sent or given up."""

link: Final = Table(
    "journal_link",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("card_id", _ID, ForeignKey("journal_card.id"), nullable=False, index=True),
    Column("official_id", _ID, ForeignKey("journal_official.id"), nullable=False),
    _at("expires_at", nullable=False),
)

article: Final = Table(
    "journal_article",
    metadata,
    _id(),
    Column("service", Text, nullable=False),
    _text("line"),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("replaces_id", _ID),
    Column("proposed_by", Text, nullable=False),
    _at("proposed_at", nullable=False),
    _text("decided_by"),
    _at("decided_at"),
    _text("search"),
    Index("ix_journal_article_line", "service", "state", "line"),
)

assessment: Final = Table(
    "journal_assessment",
    metadata,
    _id(),
    Column("card_id", _ID, ForeignKey("journal_card.id"), nullable=False, index=True),
    Column("agent", Text, nullable=False),
    Column("assessor", Text, nullable=False),
    _at("at", nullable=False),
    Column("marks", JSON, nullable=False),
    Column("score", Double, nullable=False),
    _text("comment"),
    _text("call"),
    Index("ix_journal_assessment_agent", "agent", "at"),
)

person: Final = Table(
    "journal_person",
    metadata,
    Column("login", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("agent", Text),
    Column("organisation_id", _ID, ForeignKey("journal_organisation.id")),
    Column("language", Text, nullable=False, server_default="ru"),
    Column("password", Text, nullable=False),
    _flag("active", default=True),
)

session: Final = Table(
    "journal_session",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("login", Text, ForeignKey("journal_person.login"), nullable=False, index=True),
    Column("form_token", Text, nullable=False),
    _at("expires_at", nullable=False),
)

received: Final = Table(
    "journal_received",
    metadata,
    Column("source", Text, primary_key=True),
    Column("message_id", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("card_id", _ID, ForeignKey("journal_card.id"), nullable=False),
    _at("at", nullable=False),
)
"""Messages from outside that were taken in, so that a repeated one makes no second card."""

place: Final = Table(
    "journal_place",
    metadata,
    Column("source", Text, primary_key=True),
    Column("fact_id", BigInteger, nullable=False),
)
"""How far the facts of the daemon's records are worked off: written in the transaction that writes what they gave."""

callback: Final = Table(
    "journal_callback",
    metadata,
    Column("request", BigInteger, primary_key=True, autoincrement=False),
    Column("card_id", _ID, ForeignKey("journal_card.id"), nullable=False, index=True),
    _at("at", nullable=False),
    Column("by", Text, nullable=False),
)
"""Call-backs that were booked for a card at the desk, by the number of their request."""
