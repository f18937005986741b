"""Who may ask the daemon for what: roles, tokens, and the administrator's own token in a file.

A token is 32 random bytes. It cannot be guessed, so what is kept of it is its SHA-256: a slow hash like argon2 protects
short passwords and would only give an attacker a way to keep the daemon busy. The one token that is stored as it is
lies in `control.token` (mode 0600) and lets those, and only those, who may read that file use the command line.
"""

import hashlib
import hmac
import os
import secrets
import stat
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol

from acd.control.errors import TokenFileError
from queue_engine.ids import AgentId

TOKEN_BYTES: Final = 32


class Role(StrEnum):
    """What a token's holder is (S3 of the requirements)."""

    OPERATOR = "operator"
    """Sees and changes himself only."""
    READ_ONLY = "read_only"
    """Sees everything but callers' numbers, changes nothing: a wallboard."""
    SUPERVISOR = "supervisor"
    """Sees everything, changes operators' states."""
    ADMINISTRATOR = "administrator"
    """A supervisor who may also reload the configuration and read the audit trail."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a request comes from."""

    name: str
    """How the audit trail and the records call the person: the `by` of what follows."""
    role: Role
    agent: AgentId | None = None
    """The operator's own number, of role `operator`."""

    @property
    def sees_numbers(self) -> bool:
        """Whether this role's work needs callers' numbers; an operator's own call is shown to him in any case."""
        return self.role in {Role.SUPERVISOR, Role.ADMINISTRATOR}

    def may_act_on(self, agent: AgentId) -> bool:
        """Whether this person may change the state of that operator."""
        if self.role is Role.OPERATOR:
            return self.agent == agent
        return self.role in {Role.SUPERVISOR, Role.ADMINISTRATOR}

    def sees_agent(self, agent: AgentId) -> bool:
        """Whether this person may see what that operator is doing: an operator sees himself only (S2)."""
        return self.role is not Role.OPERATOR or self.agent == agent


class Guard(Protocol):
    """Knows whom a token belongs to."""

    async def identify(self, token: str) -> Identity | None:
        """Return the holder, or None for a token that is unknown, revoked or out of date."""
        ...


def new_token() -> str:
    """Return a fresh token, fit for a header and a file."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_digest(token: str) -> str:
    """Return what is kept of a token: SHA-256, hexadecimal."""
    return hashlib.sha256(token.encode()).hexdigest()


class FileGuard:
    """Accepts the one token of the file, as the administrator."""

    def __init__(self, token: str, *, name: str = "console") -> None:
        self._digest = token_digest(token)
        self._identity = Identity(name=name, role=Role.ADMINISTRATOR)

    async def identify(self, token: str) -> Identity | None:
        """Return the administrator for the file's token, in a time that tells nothing about it."""
        return self._identity if hmac.compare_digest(token_digest(token), self._digest) else None


class Guards:
    """Asks one guard after the other; the first that knows a token says whose it is."""

    def __init__(self, *guards: Guard) -> None:
        self._guards = guards

    async def identify(self, token: str) -> Identity | None:
        """Return the holder according to the first guard that knows the token."""
        for guard in self._guards:
            if (identity := await guard.identify(token)) is not None:
                return identity
        return None


def ensure_token_file(path: Path) -> str:
    """Return the token of the file, which is created with mode 0600 when it is not there.

    Raises:
        TokenFileError: The file can be read or written by others, is empty, or cannot be created.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return read_token_file(path)
    except OSError as error:
        raise TokenFileError(path, f"cannot be created: {error.strerror}") from error
    token = new_token()
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(token + "\n")
    return token


def read_token_file(path: Path) -> str:
    """Return the token of the file.

    Raises:
        TokenFileError: The file is missing, may not be read, is empty, or is open to others than its owner.
    """
    try:
        with path.open(encoding="ascii") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            token = file.read().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "cannot be read"
        raise TokenFileError(path, reason) from error
    if mode & 0o077:
        raise TokenFileError(path, f"is open to others (mode {mode:04o}, needs 0600)")
    if not token:
        raise TokenFileError(path, "is empty; delete it and restart the daemon")
    return token
