"""The access list of named people (UDM 7.3) and their sessions: passwords by argon2, session secrets by digest only."""

import hashlib
from dataclasses import dataclass
from typing import Any, Final

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import Row, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncEngine

from acd.journal.roles import Person, Role
from acd.journal.store import tables
from queue_engine.ids import Instant

SHORTEST_PASSWORD: Final = 12
"""Characters."""
_HASHER: Final = PasswordHasher()
_NOBODYS: Final = _HASHER.hash("nobody's password")
"""Checked for an unknown login, so that the time of the answer does not tell who exists."""


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who has logged in."""

    person: Person
    form_token: str
    """Has to come back with each form: a page of another site does not know it."""


def digest_of(secret: str) -> str:
    """Return what is stored of a session's or link's secret (256 random bits need no slow hash)."""
    return hashlib.sha256(secret.encode()).hexdigest()


def hash_password(password: str) -> str:
    """Return what is stored of a password. Takes about 80 ms of a core: run it in a thread."""
    return _HASHER.hash(password)


def password_fits(stored: str | None, password: str) -> bool:
    """Return whether it is the password; as slow for nobody (None) as for somebody."""
    try:
        _HASHER.verify(stored or _NOBODYS, password)
    except VerificationError:
        return False
    return stored is not None


class People:
    """The store of people and sessions."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def put(self, person: Person, password_hash: str) -> None:
        """Add a person, or replace what is known of them."""
        dialect = sqlite if self._engine.dialect.name == "sqlite" else postgresql
        table = tables.person
        values = {
            "name": person.name,
            "role": person.role,
            "service": person.service,
            "agent": person.agent,
            "organisation_id": person.organisation,
            "language": person.language,
            "password": password_hash,
            "active": True,
        }
        async with self._engine.begin() as connection:
            await connection.execute(
                dialect.insert(table)
                .values(login=person.login, **values)
                .on_conflict_do_update(index_elements=[table.c.login], set_=values)
            )
            # Another password, another role: whoever is logged in under this name has to log in anew.
            await connection.execute(delete(tables.session).where(tables.session.c.login == person.login))

    async def password_of(self, login: str) -> str | None:
        """Return the stored hash of an active person's password."""
        table = tables.person
        async with self._engine.connect() as connection:
            found: str | None = await connection.scalar(
                select(table.c.password).where(table.c.login == login, table.c.active)
            )
        return found

    async def service_of(self, login: str) -> str | None:
        """Return the service in which this login works, None if nobody has it."""
        table = tables.person
        async with self._engine.connect() as connection:
            found: str | None = await connection.scalar(select(table.c.service).where(table.c.login == login))
        return found

    async def all(self, service: str) -> list[tuple[Person, bool]]:
        """Return everybody of a service and whether they may log in."""
        table = tables.person
        async with self._engine.connect() as connection:
            rows = await connection.execute(select(table).where(table.c.service == service).order_by(table.c.login))
            return [(_person(row), row.active) for row in rows]

    async def names(self, service: str) -> dict[str, str]:
        """Return the names of everybody who is or was on the service's list, by login."""
        table = tables.person
        async with self._engine.connect() as connection:
            rows = await connection.execute(select(table.c.login, table.c.name).where(table.c.service == service))
            return {row.login: row.name for row in rows}

    async def by_agent(self, service: str, agent: str) -> Person | None:
        """Return the active person who uses this operator's number."""
        table = tables.person
        async with self._engine.connect() as connection:
            rows = await connection.execute(
                select(table).where(table.c.service == service, table.c.agent == agent, table.c.active).limit(1)
            )
            row = rows.one_or_none()
        return None if row is None else _person(row)

    async def set_password(self, login: str, password_hash: str, kept: str) -> None:
        """Change somebody's password and end all of his sessions but the one of the secret `kept`."""
        table, session = tables.person, tables.session
        async with self._engine.begin() as connection:
            await connection.execute(update(table).where(table.c.login == login).values(password=password_hash))
            await connection.execute(
                delete(session).where(session.c.login == login, session.c.digest != digest_of(kept))
            )

    async def set_active(self, service: str, login: str, *, active: bool) -> None:
        """Take somebody of the service off the access list at once, sessions included, or put them back."""
        table, session = tables.person, tables.session
        async with self._engine.begin() as connection:
            changed = await connection.execute(
                update(table).where(table.c.login == login, table.c.service == service).values(active=active)
            )
            if changed.rowcount and not active:
                await connection.execute(delete(session).where(session.c.login == login))

    async def set_language(self, login: str, language: str) -> None:
        """Remember in which language the person reads."""
        async with self._engine.begin() as connection:
            await connection.execute(
                update(tables.person).where(tables.person.c.login == login).values(language=language)
            )

    async def begin_session(self, secret: str, login: str, form_token: str, expires_at: Instant) -> None:
        """Store a new session."""
        session = tables.session
        async with self._engine.begin() as connection:
            await connection.execute(
                session.insert().values(
                    digest=digest_of(secret), login=login, form_token=form_token, expires_at=expires_at
                )
            )

    async def end_session(self, secret: str) -> None:
        """Forget a session."""
        session = tables.session
        async with self._engine.begin() as connection:
            await connection.execute(delete(session).where(session.c.digest == digest_of(secret)))

    async def forget_expired(self, now: Instant) -> None:
        """Forget all sessions that have expired."""
        session = tables.session
        async with self._engine.begin() as connection:
            await connection.execute(delete(session).where(session.c.expires_at <= now))

    async def session(self, secret: str, now: Instant) -> Session | None:
        """Return the session of this secret if it has not expired and its person is still on the list."""
        session, person = tables.session, tables.person
        async with self._engine.connect() as connection:
            rows = await connection.execute(
                select(person, session.c.form_token)
                .join(session, session.c.login == person.c.login)
                .where(session.c.digest == digest_of(secret), session.c.expires_at > now, person.c.active)
            )
            row = rows.one_or_none()
        return None if row is None else Session(_person(row), row.form_token)


def _person(row: Row[Any]) -> Person:
    return Person(
        login=row.login,
        name=row.name,
        role=Role(row.role),
        service=row.service,
        agent=row.agent,
        organisation=row.organisation_id,
        language=row.language,
    )
