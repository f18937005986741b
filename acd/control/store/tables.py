"""The tables of the control API. They stand beside the records and have migrations of their own."""

from typing import Final

from sqlalchemy import BigInteger, Column, Double, Index, Integer, MetaData, Table, Text

metadata: Final = MetaData(naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"})

_RUNNING_NUMBER: Final = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only in a column declared INTEGER."""

control_token: Final = Table(
    "control_token",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("agent", Text),
    Column("made_at", Double, nullable=False),
    Column("expires_at", Double),
    Column("revoked_at", Double),
)
"""`digest` is the SHA-256 of the token, which itself is kept nowhere."""

control_audit: Final = Table(
    "control_audit",
    metadata,
    Column("id", _RUNNING_NUMBER, primary_key=True, autoincrement=True),
    Column("at", Double, nullable=False),
    Column("who", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("outcome", Text, nullable=False),
)
"""Append-only. `object` names a call or an operator, never a caller's number."""

Index("ix_control_audit_at", control_audit.c.at)
Index("ix_control_audit_who", control_audit.c.who, control_audit.c.at)
