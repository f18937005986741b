"""The journal: cards with their talks and history, catalogues, knowledge base, outbox, people, exchange."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_SEARCHED = ("journal_card", "journal_article")


def upgrade() -> None:
    """Create the tables and the full-text index over their `search` columns."""
    op.create_table(
        "journal_article",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), server_default="", nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("replaces_id", _ID, nullable=True),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.Double(), nullable=False),
        sa.Column("decided_by", sa.Text(), server_default="", nullable=False),
        sa.Column("decided_at", sa.Double(), nullable=True),
        sa.Column("search", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_article")),
    )
    op.create_index("ix_journal_article_line", "journal_article", ["service", "state", "line"], unique=False)
    op.create_table(
        "journal_counter",
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("service", "year", name=op.f("pk_journal_counter")),
    )
    op.create_table(
        "journal_organisation",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_organisation")),
        sa.UniqueConstraint("service", "kind", "name", name=op.f("uq_journal_organisation_service_kind_name")),
    )
    op.create_table(
        "journal_outbox",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("card_id", _ID, nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("due_at", sa.Double(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("sent_at", sa.Double(), nullable=True),
        sa.Column("gave_up_at", sa.Double(), nullable=True),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_outbox")),
        sa.UniqueConstraint("key", name=op.f("uq_journal_outbox_key")),
    )
    op.create_index(
        "ix_journal_outbox_due_at",
        "journal_outbox",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_table(
        "journal_reason",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_reason")),
        sa.UniqueConstraint("service", "title", name=op.f("uq_journal_reason_service_title")),
    )
    op.create_table(
        "journal_trail",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("card_id", _ID, nullable=True),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_trail")),
    )
    op.create_index("ix_journal_trail_actor", "journal_trail", ["actor", "id"], unique=False)
    op.create_index("ix_journal_trail_card_id", "journal_trail", ["card_id", "id"], unique=False)
    op.create_table(
        "journal_card",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("running", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("organisation_id", _ID, nullable=True),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), server_default="", nullable=False),
        sa.Column("caller", sa.Text(), server_default="", nullable=False),
        sa.Column("contact_name", sa.Text(), server_default="", nullable=False),
        sa.Column("contact_phone", sa.Text(), server_default="", nullable=False),
        sa.Column("contact_email", sa.Text(), server_default="", nullable=False),
        sa.Column("anonymous", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("reason_id", _ID, nullable=True),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("measures", sa.Text(), server_default="", nullable=False),
        sa.Column("rejection", sa.Text(), server_default="", nullable=False),
        sa.Column("responsible", sa.Text(), server_default="", nullable=False),
        sa.Column("opened_at", sa.Double(), nullable=False),
        sa.Column("registered_at", sa.Double(), nullable=True),
        sa.Column("handed_at", sa.Double(), nullable=True),
        sa.Column("promised_at", sa.Double(), nullable=True),
        sa.Column("finished_at", sa.Double(), nullable=True),
        sa.Column("closed_at", sa.Double(), nullable=True),
        sa.Column("reopened", sa.Integer(), server_default="0", nullable=False),
        sa.Column("register_warn_at", sa.Double(), nullable=True),
        sa.Column("register_due_at", sa.Double(), nullable=True),
        sa.Column("resolve_warn_at", sa.Double(), nullable=True),
        sa.Column("resolve_due_at", sa.Double(), nullable=True),
        sa.Column("feedback_warn_at", sa.Double(), nullable=True),
        sa.Column("feedback_due_at", sa.Double(), nullable=True),
        sa.Column("reopen_until", sa.Double(), nullable=True),
        sa.Column("announced", sa.Text(), server_default="", nullable=False),
        sa.Column("alarm_at", sa.Double(), nullable=True),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("search", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["journal_organisation.id"], name=op.f("fk_journal_card_organisation_id")
        ),
        sa.ForeignKeyConstraint(["reason_id"], ["journal_reason.id"], name=op.f("fk_journal_card_reason_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_card")),
        sa.UniqueConstraint("service", "year", "running", name=op.f("uq_journal_card_service_year_running")),
    )
    op.create_index(
        "ix_journal_card_alarm_at",
        "journal_card",
        ["service", "alarm_at", "id"],
        unique=False,
        sqlite_where=sa.text("alarm_at IS NOT NULL"),
        postgresql_where=sa.text("alarm_at IS NOT NULL"),
    )
    for name, *columns in (
        ("caller", "service", "caller", "id"),
        ("list", "service", "id"),
        ("open", "service", "open", "id"),
        ("open_responsible", "service", "open", "responsible", "id"),
        ("open_state", "service", "open", "state"),
        ("opened_at", "service", "opened_at"),
        ("organisation", "service", "organisation_id", "id"),
        ("reason", "service", "reason_id", "id"),
        ("responsible", "service", "responsible", "id"),
        ("state", "service", "state", "id"),
    ):
        op.create_index(f"ix_journal_card_{name}", "journal_card", columns)
    op.create_table(
        "journal_official",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("organisation_id", _ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), server_default="", nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["journal_organisation.id"], name=op.f("fk_journal_official_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_official")),
    )
    op.create_index(op.f("ix_journal_official_organisation_id"), "journal_official", ["organisation_id"], unique=False)
    op.create_table(
        "journal_person",
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("organisation_id", _ID, nullable=True),
        sa.Column("language", sa.Text(), server_default="ru", nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["journal_organisation.id"], name=op.f("fk_journal_person_organisation_id")
        ),
        sa.PrimaryKeyConstraint("login", name=op.f("pk_journal_person")),
    )
    op.create_table(
        "journal_assessment",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("card_id", _ID, nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("assessor", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("marks", sa.JSON(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("comment", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["card_id"], ["journal_card.id"], name=op.f("fk_journal_assessment_card_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_assessment")),
    )
    op.create_index("ix_journal_assessment_agent", "journal_assessment", ["agent", "at"], unique=False)
    op.create_index(op.f("ix_journal_assessment_card_id"), "journal_assessment", ["card_id"], unique=False)
    op.create_table(
        "journal_history",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("card_id", _ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("trigger", sa.Text(), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["card_id"], ["journal_card.id"], name=op.f("fk_journal_history_card_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_history")),
        sa.UniqueConstraint("card_id", "version", name=op.f("uq_journal_history_card_id_version")),
    )
    op.create_table(
        "journal_link",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("card_id", _ID, nullable=False),
        sa.Column("official_id", _ID, nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["card_id"], ["journal_card.id"], name=op.f("fk_journal_link_card_id")),
        sa.ForeignKeyConstraint(["official_id"], ["journal_official.id"], name=op.f("fk_journal_link_official_id")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_journal_link")),
    )
    op.create_index(op.f("ix_journal_link_card_id"), "journal_link", ["card_id"], unique=False)
    op.create_table(
        "journal_received",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("card_id", _ID, nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["card_id"], ["journal_card.id"], name=op.f("fk_journal_received_card_id")),
        sa.PrimaryKeyConstraint("source", "message_id", name=op.f("pk_journal_received")),
    )
    op.create_table(
        "journal_session",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("form_token", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["login"], ["journal_person.login"], name=op.f("fk_journal_session_login")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_journal_session")),
    )
    op.create_index(op.f("ix_journal_session_login"), "journal_session", ["login"], unique=False)
    op.create_table(
        "journal_talk",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("card_id", _ID, nullable=False),
        sa.Column("call", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.Double(), nullable=False),
        sa.Column("talked_s", sa.Double(), nullable=True),
        sa.Column("recording", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["card_id"], ["journal_card.id"], name=op.f("fk_journal_talk_card_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_talk")),
        sa.UniqueConstraint("call", "answered_at", name=op.f("uq_journal_talk_call_answered_at")),
    )
    op.create_index(op.f("ix_journal_talk_card_id"), "journal_talk", ["card_id"], unique=False)

    if op.get_bind().dialect.name == "postgresql":
        op.execute(_BEGINNINGS)
    for table in _SEARCHED:
        if op.get_bind().dialect.name == "sqlite":
            _index_by_fts5(table)
        else:
            _index_by_tsvector(table)


def _index_by_fts5(table: str) -> None:
    # A list for each length of a beginning that `search` asks for: without it FTS5 gathers all words that begin so.
    # The words are stored in the table alone; FTS5 keeps only its index ("external content"). detail=none: we ask for
    # words and beginnings, never for phrases, and the index is a third of the size.
    op.execute(
        f"CREATE VIRTUAL TABLE {table}_fts USING fts5(search, content='{table}', content_rowid='id', "
        "detail='none', prefix='3 4 5 6 7 8 9 10', tokenize='unicode61 remove_diacritics 0')"
    )
    add = f"INSERT INTO {table}_fts (rowid, search) VALUES (new.id, new.search);"  # noqa: S608 - names of our own tables
    remove = f"INSERT INTO {table}_fts ({table}_fts, rowid, search) VALUES ('delete', old.id, old.search);"  # noqa: S608 - names of our own tables
    op.execute(f"CREATE TRIGGER {table}_added AFTER INSERT ON {table} BEGIN {add} END")
    op.execute(f"CREATE TRIGGER {table}_removed AFTER DELETE ON {table} BEGIN {remove} END")
    op.execute(
        f"CREATE TRIGGER {table}_changed AFTER UPDATE OF search ON {table} "
        f"WHEN old.search <> new.search BEGIN {remove} {add} END"
    )


def _index_by_tsvector(table: str) -> None:
    # The beginnings themselves are the lexemes: asked for as a prefix, GIN would gather all words that begin so, and
    # could not skip through a common word's list for the sake of a rare one.
    op.execute(
        f"ALTER TABLE {table} ADD COLUMN search_words tsvector GENERATED ALWAYS AS (journal_beginnings(search)) STORED"
    )
    op.execute(f"CREATE INDEX ix_{table}_search_words ON {table} USING gin (search_words)")


_BEGINNINGS = """
CREATE FUNCTION journal_beginnings(words text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array_to_tsvector(coalesce(array_agg(DISTINCT lexeme), '{}'))
    FROM (
        SELECT left(word, letters) AS lexeme
        FROM unnest(string_to_array(words, ' ')) word, generate_series(3, least(10, length(word))) letters
        UNION ALL
        SELECT word FROM unnest(string_to_array(words, ' ')) word WHERE length(word) NOT BETWEEN 3 AND 10
    ) AS lexemes
$$
"""


def downgrade() -> None:
    """Drop everything of the journal."""
    if op.get_bind().dialect.name == "sqlite":
        for table in _SEARCHED:
            op.execute(f"DROP TABLE {table}_fts")
    op.drop_table("journal_talk")
    op.drop_table("journal_session")
    op.drop_table("journal_received")
    op.drop_table("journal_link")
    op.drop_table("journal_history")
    op.drop_table("journal_assessment")
    op.drop_table("journal_person")
    op.drop_table("journal_official")
    op.drop_table("journal_card")
    op.drop_table("journal_trail")
    op.drop_table("journal_reason")
    op.drop_table("journal_outbox")
    op.drop_table("journal_organisation")
    op.drop_table("journal_counter")
    op.drop_table("journal_article")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION journal_beginnings(text)")
