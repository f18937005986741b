"""What the control API needs of the running daemon, whose composition root provides it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from acd.control.events import EventLog
from config.model import Config
from metrics.live import LiveSnapshot
from queue_engine.ids import AgentId, CallId, Instant
from queue_engine.inputs import Input
from queue_engine.snapshot import AgentView, EngineSnapshot

if TYPE_CHECKING:
    from acd.campaigns.joined import Campaigning
    from acd.control.callbacks import CallbackDesk
    from acd.control.recordings import RecordingDesk
    from acd.control.supervision import SupervisionDesk
    from acd.messages.desk import MessageDesk
    from acd.opening.keeper import LineHours
    from acd.transfer_targets import Target


class TransferDesk(Protocol):
    """What the API asks of those who hand callers on."""

    def targets(self) -> "list[Target]":
        """Return every place where callers can be handed on to."""

    async def transfer(self, call: CallId, to: str, by: str, *, agreed: bool) -> "Target":
        """Hand the caller of a talk on; raises TransferImpossible."""

    async def ask(self, call: CallId, to: str, by: str, *, agreed: bool) -> "Target":
        """Let the operator of a talk ask somebody first; raises TransferImpossible."""

    async def join_asked(self, call: CallId) -> None:
        """Join the caller to whoever is asked; raises TransferImpossible."""

    async def ask_no_more(self, call: CallId) -> None:
        """Bring the operator back to his caller; raises TransferImpossible."""

    def is_asking(self, call: CallId) -> bool:
        """Tell whether the operator of a talk is with somebody whom he asks, and his caller hears music."""


@dataclass(frozen=True, slots=True)
class ServerHealth:
    """The link to one Asterisk server."""

    server: str
    up: bool
    since: Instant
    """Since when the link is up, or down."""
    reason: str = ""
    """Why it is down, in Asterisk's or the system's words."""
    version: str = ""
    """Asterisk's own version, once it has told."""


@dataclass(frozen=True, slots=True)
class Health:
    """How the parts around the engine are doing."""

    started_at: Instant
    draining: bool
    """True after the first signal: calls under way are finished, no new ones taken up."""
    servers: tuple[ServerHealth, ...]
    agi_listening: bool
    agi_sessions: int
    """Callers held by a FastAGI session now."""
    database_up: bool
    spooled: int
    """Bytes of facts that wait in the spool file for the database."""
    held: int = 0
    """Facts in memory because the spool file cannot be written: the disk is full."""
    lost: int = 0
    """Facts lost because memory was full too."""
    set_aside: int = 0
    """Facts that the database refuses for what they say, kept in `rejected.spool`."""
    records_error: str = ""
    """What is wrong with the records, in the system's words; empty when nothing is."""
    process: int = 0
    """The daemon's process id."""
    stood_still_s: float | None = None
    """For how long nobody distributed when this daemon took over from another; None if it was started anew."""


class Centre(Protocol):
    """The running call centre, as seen by the control API.

    All but `reload` and `upgrade` return at once and never raise.
    """

    @property
    def config(self) -> Config:
        """The configuration in force."""
        ...

    @property
    def events(self) -> EventLog:
        """Every fact since the start, for those who follow."""
        ...

    @property
    def callbacks(self) -> "CallbackDesk":
        """Who is owed a call-back."""
        ...

    @property
    def messages(self) -> "MessageDesk":
        """Voice messages that callers have left."""
        ...

    @property
    def campaigning(self) -> "Campaigning":
        """Call lists and the do-not-call list."""
        ...

    @property
    def hours(self) -> "LineHours":
        """Which lines are open."""
        ...

    @property
    def transfers(self) -> TransferDesk:
        """Callers who are handed on."""
        ...

    @property
    def recording_desk(self) -> "RecordingDesk | None":
        """Recorded talks; None where the site records none."""
        ...

    @property
    def lag_s(self) -> float:
        """How late the event loop has been in the last seconds."""
        ...

    def now(self) -> Instant:
        """The engine's instant."""
        ...

    def snapshot(self) -> EngineSnapshot:
        """Return who waits, who is free and who talks to whom. Costs all of them: 0.1 s where 10 000 wait."""
        ...

    def agents(self) -> tuple[AgentView, ...]:
        """Return the operators and what each does; cheap however many callers wait."""
        ...

    def live(self) -> LiveSnapshot:
        """Return the figures of this moment and of today."""
        ...

    def telephone_of(self, agent: AgentId) -> str | None:
        """Return the name of the telephone where the operator sits; None when at none."""
        ...

    @property
    def supervising(self) -> "SupervisionDesk":
        """Supervisors on the telephone."""
        ...

    def log_in_at(self, agent: AgentId, telephone: str, by: str, *, oust: bool) -> str:
        """Log an operator in at the telephone of this name; return why not, empty when he sits there.

        `telephone_unknown`; `telephone_taken`: somebody else sits there, and only `oust` would log him out.
        """
        ...

    def health(self) -> Health:
        """Return how the parts around the engine are doing."""
        ...

    def post(self, item: Input) -> None:
        """Hand an input to the engine, which may have handled it already when this returns."""
        ...

    async def upgrade(self) -> int:
        """Let a new daemon take over; return its process id.

        Raises:
            NotReady: It did not get ready; this one goes on.
        """
        ...

    async def reload(self) -> Sequence[str]:
        """Read the configuration again; return its mistakes, with which nothing has changed, or nothing."""
        ...
