"""The shapes of the control API's answers: what goes over the wire, and what the OpenAPI document is made of.

Instants are seconds since the epoch (UTC), durations end in `_s` and are seconds, shares are ratios from 0 to 1. A
field is never renamed or given another meaning within `/v1`; new ones may be added.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LineView:
    """One line, now and today."""

    line: str
    title: str
    """What people read."""
    waiting: int
    """Callers in the line without an operator, those whose greeting still plays included."""
    ringing: int
    """Waiting callers for whom a telephone rings."""
    talking: int
    longest_wait_s: float
    """How long the caller who has waited longest has waited; 0 when nobody waits."""
    operators_logged_in: int
    operators_ready: int
    target_wait_s: float | None
    """Null, as the next, for a line that was taken out of the configuration and still has calls."""
    max_wait_s: float | None
    accepted_today: int
    answered_today: int
    abandoned_today: int
    share_in_norm_today: float | None
    """Of the calls decided today, the share answered within the normative wait; null before the first."""
    norm_share: float | None
    """What that share must be at least; null when the profile sets no norm."""
    open: bool = True
    switched_by: str | None = None
    """Who has opened or closed it by hand; null while its hours decide."""
    switched_for: str | None = None
    """Why."""
    next_change_at: float | None = None
    """When it opens or closes next by itself; null when it does not within three weeks."""


@dataclass(frozen=True, slots=True)
class AgentView:
    """One operator."""

    agent: str
    name: str
    state: str
    for_s: float
    """How long in this state."""
    reason: str
    """Of a pause: why."""
    lines: tuple[str, ...]
    telephone: str | None
    """Name of the telephone where the operator sits; null when unknown."""
    call: str | None
    caller: str | None
    """The caller's number, masked for those who need not see it; null without a call."""
    misses: int
    """Missed offers in a row."""


@dataclass(frozen=True, slots=True)
class CallView:
    """One call that is in a line or in a talk."""

    call: str
    line: str
    state: str
    """`greeting`, `waiting`, `ringing` or `talking`."""
    caller: str
    """Masked for those who need not see it."""
    entered_at: float
    waited_s: float
    """Until now, or until an operator answered."""
    position: int | None
    """Place in the line, from 1; null in a talk."""
    agents: tuple[str, ...]
    """The operator who talks, or those whose telephones ring."""
    priority: int


@dataclass(frozen=True, slots=True)
class ServerView:
    """The link to one Asterisk."""

    server: str
    up: bool
    for_s: float
    reason: str
    version: str


@dataclass(frozen=True, slots=True)
class HealthView:
    """How the daemon and what it leans on are doing."""

    status: str
    """`ok`; `degraded` when calls go on but something is missing; `down` when no Asterisk is connected."""
    version: str
    up_s: float
    draining: bool
    servers: tuple[ServerView, ...]
    agi_listening: bool
    agi_sessions: int
    database_up: bool
    spooled_bytes: int
    """Of facts that wait in the spool file for the database."""
    facts_held: int = 0
    """In memory because the spool file cannot be written: the disk is full."""
    facts_lost: int = 0
    """Because memory was full too."""
    facts_set_aside: int = 0
    """That the database refuses for what they say, kept in `rejected.spool`."""
    records_error: str = ""
    """What is wrong with the records, in the system's words; empty when nothing is."""
    process: int = 0
    """The daemon's process id."""
    stood_still_s: float | None = None
    """For how long nobody distributed when this daemon took over from another; None if it was started anew."""


@dataclass(frozen=True, slots=True)
class StatusView:
    """The whole at a glance."""

    site: str
    at: float
    lines: tuple[LineView, ...]
    agents_by_state: dict[str, int]
    health: HealthView
    callbacks_owed: int = 0
    """Requests for a call-back whose caller is not being spoken to."""
    callback_due_in_s: float | None = None
    """Until the nearest limit of those that no attempt was made for; negative when it has passed."""


@dataclass(frozen=True, slots=True)
class LinesView:
    """All lines."""

    at: float
    lines: tuple[LineView, ...]


@dataclass(frozen=True, slots=True)
class AgentsView:
    """All operators, or those that the asker may see."""

    at: float
    agents: tuple[AgentView, ...]


@dataclass(frozen=True, slots=True)
class CallsView:
    """All calls under way, or those that the asker may see."""

    at: float
    calls: tuple[CallView, ...]


@dataclass(frozen=True, slots=True)
class UpgradeView:
    """The daemon that takes over."""

    successor: int
    """Its process id."""


@dataclass(frozen=True, slots=True)
class ReloadView:
    """What came of reading the configuration again."""

    reloaded: bool
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TrailEntryView:
    """One entry of the audit trail."""

    id: int
    at: float
    who: str
    role: str
    address: str
    action: str
    """`look` for a caller's number that was shown; else what was asked: `POST /v1/agents/101/pause`."""
    object: str
    """A call or an operator."""
    detail: str
    outcome: str
    """`done`, or the code of the refusal."""


@dataclass(frozen=True, slots=True)
class TrailView:
    """A part of the audit trail, in order."""

    entries: tuple[TrailEntryView, ...]


@dataclass(frozen=True, slots=True)
class ErrorView:
    """Why a request was refused."""

    code: str
    """Stable, for programs: `agent_unknown`."""
    message: str
    """For people, English."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The body of every answer that is not 2xx."""

    error: ErrorView
