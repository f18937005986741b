"""What can go wrong between us and Asterisk, sorted by whose fault it is.

    BridgeError
    ├── InjectionRefused      our caller handed in a value that would end the line it is written in
    ├── TooLong               our caller handed in more than Asterisk reads
    ├── MissingHeader         (a KeyError) the message lacks a header that was relied on
    ├── AmiError
    │   ├── AmiProtocolError  the peer does not speak AMI
    │   ├── ActionRefused     Asterisk said no
    │   ├── AmiTimeout        Asterisk did not answer in time: the outcome is unknown
    │   ├── AmiConnectionLost the link is gone: the outcome is unknown if the action had been sent
    │   ├── AmiOverloaded     Asterisk does not read what we send; the action was not sent
    │   └── AmiLoginRefused   user, secret or address are not accepted
    ├── SupervisionRefused    a supervisor cannot come into that talk now
    └── AgiError
        ├── AgiProtocolError  the peer does not speak AGI
        ├── AgiHungUp         the command needs a living channel (511)
        ├── AgiUsage          the command is unknown or malformed (510, 520)
        └── AgiLost           the session's connection is gone

No error carries a header's value: numbers of callers and secrets do not belong into a log.
"""


class BridgeError(Exception):
    """Base of all errors of the bridge."""


class InjectionRefused(BridgeError):
    """A value holds CR, LF or NUL and would have become an action, a header or a command of its own."""

    def __init__(self, command: str, field: str) -> None:
        super().__init__(command, field)
        self.command = command
        self.field = field

    def __str__(self) -> str:
        text = f"{self.command}: {self.field} holds a line break or NUL"
        return text.translate({ord("\r"): "?", ord("\n"): "?", 0: "?"})


class TooLong(BridgeError):
    """A line is longer, or has more parts, than Asterisk's buffers take."""

    def __init__(self, command: str, field: str, limit: int) -> None:
        super().__init__(command, field, limit)
        self.command = command
        self.field = field
        self.limit = limit

    def __str__(self) -> str:
        return f"{self.command}: {self.field} exceeds {self.limit}"


class MissingHeader(BridgeError, KeyError):
    """A message lacks a header that the reader relied on."""

    def __init__(self, header: str, message: str) -> None:
        super().__init__(header, message)
        self.header = header
        self.message = message

    def __str__(self) -> str:
        return f"{self.message} has no header {self.header}"


class AmiError(BridgeError):
    """Base of what goes wrong on the manager interface."""


class AmiProtocolError(AmiError):
    """The peer broke the manager protocol, or is not Asterisk at all."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"not AMI: {self.reason}"


class ActionRefused(AmiError):
    """Asterisk answered an action with an error."""

    def __init__(self, action: str, message: str) -> None:
        super().__init__(action, message)
        self.action = action
        self.message = message

    def __str__(self) -> str:
        return f"Asterisk refused {self.action}: {self.message}"


class AmiTimeout(AmiError):
    """Asterisk did not answer an action in time. It may still carry it out: the outcome is unknown."""

    def __init__(self, action: str, timeout_s: float) -> None:
        super().__init__(action, timeout_s)
        self.action = action
        self.timeout_s = timeout_s

    def __str__(self) -> str:
        return f"{self.action} was not answered within {self.timeout_s:g} s: outcome unknown"


class AmiConnectionLost(AmiError):
    """There is no link to Asterisk."""

    def __init__(self, action: str, reason: str, *, sent: bool) -> None:
        super().__init__(action, reason, sent)
        self.action = action
        self.reason = reason
        self.sent = sent
        """True when the action had been written: the outcome is unknown. False when it never left."""

    def __str__(self) -> str:
        outcome = "outcome unknown" if self.sent else "not sent"
        return f"{self.action}: no link to Asterisk ({self.reason}): {outcome}"


class AmiOverloaded(AmiError):
    """Asterisk reads too slowly: the action was not sent, so that memory and delay stay bounded."""

    def __init__(self, action: str, backlog: str) -> None:
        super().__init__(action, backlog)
        self.action = action
        self.backlog = backlog

    def __str__(self) -> str:
        return f"{self.action} was not sent: {self.backlog} before it"


class AmiLoginRefused(AmiError):
    """Asterisk does not let us in: user, secret, or the address that `permit` allows."""

    def __init__(self, server: str, username: str, message: str) -> None:
        super().__init__(server, username, message)
        self.server = server
        self.username = username
        self.message = message

    def __str__(self) -> str:
        return f"{self.server}: login as {self.username} refused: {self.message}"


class AgiError(BridgeError):
    """Base of what goes wrong in a FastAGI session; by itself: an answer with a code nobody expects."""

    def __init__(self, command: str, reason: str) -> None:
        super().__init__(command, reason)
        self.command = command
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.command}: {self.reason}"


class AgiProtocolError(AgiError):
    """The peer broke the AGI protocol, or is not Asterisk at all."""

    def __init__(self, reason: str) -> None:
        super().__init__("session", reason)


class AgiHungUp(AgiError):
    """The command needs a living channel and the channel is dead (511)."""


class AgiUsage(AgiError):
    """Asterisk does not know the command (510) or its syntax (520); `reason` is what it said."""

    def __init__(self, command: str, code: int, reason: str) -> None:
        super().__init__(command, reason)
        self.code = code

    def __str__(self) -> str:
        return f"{self.command}: {self.code} {self.reason}"


class AgiLost(AgiError):
    """The connection of the session is gone; what the command has done is unknown."""


class SupervisionRefused(BridgeError):
    """A supervisor cannot come into the talk; it goes on as it was."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        """`agent_talks_not`, `telephone_elsewhere`, `telephone_busy`, `take_impossible` or `server_away`."""
        self.message = message

    def __str__(self) -> str:
        return self.message
