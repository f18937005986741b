"""What can go wrong with the control API, on either side of it."""

from pathlib import Path


class ControlError(Exception):
    """Base of all errors of the control API."""


class TokenFileError(ControlError):
    """The file with the administrator's token cannot be used."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


class ListenError(ControlError):
    """The address of the control API cannot be used."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(address, reason)
        self.address = address
        self.reason = reason

    def __str__(self) -> str:
        return f"control API on {self.address}: {self.reason}"


class DaemonAway(ControlError):
    """Nobody answers at the address of the control API: the daemon does not run, or listens elsewhere."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(address, reason)
        self.address = address
        self.reason = reason

    def __str__(self) -> str:
        return f"no daemon at {self.address}: {self.reason}"


class RequestRefused(ControlError):
    """The daemon answered and said no."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, code, message)
        self.status = status
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.message} ({self.code}, HTTP {self.status})"


class StoreAway(ControlError):
    """Tokens and trail cannot be read or written: the database is away."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"database: {self.reason}"


class TokenWrong(ControlError):
    """A token that cannot be made or named so."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason
