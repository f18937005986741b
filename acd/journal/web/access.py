"""Who is at the desk: sessions in a cookie, a form token against other sites' pages, a brake on guessing passwords."""

import asyncio
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request

from acd.control.access import Identity
from acd.control.access import Role as ControlRole
from acd.control.errors import StoreAway
from acd.journal.roles import Role
from acd.journal.store.people import People, Session, password_fits
from queue_engine.ids import AgentId, Instant

COOKIE: Final = "acd_desk"
SESSION_S: Final = 12 * 3600.0
"""A shift and its handing over; then one logs in again."""
ATTEMPTS: Final = 5
LOCKED_S: Final = 900.0
NAMES: Final = 10_000
"""Names with failed attempts that are remembered: whoever tries names at random must not fill the memory."""


class Authenticator(Protocol):
    """Knows who sends a request. The desk's own is `Sessions`; a site may bring another."""

    async def identify(self, request: Request, now: Instant) -> Session | None:
        """Return the session of the request, None if nobody is logged in."""
        ...


@dataclass(slots=True)
class Brake:
    """Counts failed attempts by login name."""

    failed: dict[str, list[Instant]] = field(default_factory=dict)

    def locked(self, login: str, now: Instant) -> bool:
        """Return whether the name may not be tried now."""
        recent = [at for at in self.failed.get(login, ()) if at > now - LOCKED_S]
        if recent:
            self.failed[login] = recent
        else:
            self.failed.pop(login, None)
        return len(recent) >= ATTEMPTS

    def miss(self, login: str, now: Instant) -> None:
        """Count a failed attempt."""
        if len(self.failed) >= NAMES:  # somebody tries names: forget those that are locked no more, or else the oldest
            for name in [name for name in self.failed if not self.locked(name, now)] or [next(iter(self.failed))]:
                self.failed.pop(name, None)
        self.failed.setdefault(login, []).append(now)

    def hit(self, login: str) -> None:
        """Forget the failures of a name that got in."""
        self.failed.pop(login, None)


CONTROL_ROLES: Final = {
    Role.OPERATOR_1: ControlRole.OPERATOR,
    Role.OPERATOR_2: ControlRole.OPERATOR,
    Role.OPERATOR_3: ControlRole.OPERATOR,
    Role.ADMINISTRATOR: ControlRole.SUPERVISOR,
}
"""What somebody at the desk is to the control API; who is not named is nobody to it. Least access: reloading the
configuration and the whole audit trail stay with tokens that the site's administrator has made."""


class DeskGuard:
    """Lets whoever has logged in at the desk use the control API: the token is the session's, and ends with it."""

    def __init__(self, now: Callable[[], Instant]) -> None:
        self._now = now
        self.people: People | None = None
        """Set while the journal is served."""

    async def identify(self, token: str) -> Identity | None:
        """Return the holder of a session.

        Raises:
            StoreAway: The database cannot be read.
        """
        if self.people is None:
            return None
        try:
            session = await self.people.session(token, self._now())
        except (SQLAlchemyError, OSError) as fault:
            raise StoreAway(type(fault).__name__) from fault
        if session is None or (role := CONTROL_ROLES.get(session.person.role)) is None:
            return None
        person = session.person
        if role is not ControlRole.OPERATOR:
            return Identity(person.login, role)
        return Identity(person.login, role, AgentId(person.agent)) if person.agent else None


class Sessions:
    """The desk's own authentication, over the access list in the database."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._brake = Brake()

    async def identify(self, request: Request, now: Instant) -> Session | None:
        """Return the session of the cookie, or of the bearer token that a program sends in its place."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        secret = token if scheme.lower() == "bearer" else request.cookies.get(COOKIE)
        return await self._people.session(secret, now) if secret else None

    def locked(self, login: str, now: Instant) -> bool:
        """Return whether too many attempts failed for this name."""
        return self._brake.locked(login, now)

    async def fits(self, login: str, password: str, now: Instant) -> bool:
        """Return whether login and password fit; counts the attempt."""
        stored = await self._people.password_of(login)
        if not await asyncio.to_thread(password_fits, stored, password):
            self._brake.miss(login, now)
            return False
        self._brake.hit(login)
        return True

    async def begin(self, login: str, password: str, now: Instant) -> str | None:
        """Return the secret of a new session, None if login and password do not fit."""
        if not await self.fits(login, password, now):
            return None
        await self._people.forget_expired(now)
        secret = secrets.token_urlsafe(32)
        await self._people.begin_session(secret, login, secrets.token_urlsafe(32), Instant(now + SESSION_S))
        return secret

    async def end(self, request: Request) -> None:
        """Forget the session of the request."""
        if secret := request.cookies.get(COOKIE):
            await self._people.end_session(secret)


def token_fits(session: Session, given: str) -> bool:
    """Return whether a form came from a page of ours for this session."""
    return hmac.compare_digest(session.form_token.encode(), given.encode())
