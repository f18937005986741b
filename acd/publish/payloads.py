"""The messages of MQTT, version 1: models from which their JSON, their schemas and docs/mqtt.md are made.

Within `acd/<site>/v1` no field is renamed or given another meaning; new ones may come. No message holds a caller's
number in full: it is masked as in the log. Instants are seconds since the epoch (UTC), durations end in `_s`.
"""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class Payload(BaseModel):
    """What is told."""

    model_config = ConfigDict(frozen=True)


class Status(Payload):
    """Whether the daemon is there. Retained; the broker tells `offline` by itself when the daemon is gone."""

    state: Literal["online", "offline"]
    version: str
    since: float
    """When the daemon started."""


class LineState(Payload):
    """One line, now and today. Retained."""

    at: float
    line: str
    title: str
    waiting: int
    talking: int
    oldest_entered_at: float | None
    """When the caller entered who has waited longest; null when nobody waits."""
    target_wait_s: float
    max_wait_s: float
    accepted_today: int
    answered_today: int
    abandoned_today: int
    in_norm_today: float | None
    """K1 of today, 0 to 1; null before the first call."""
    open: bool = True
    """Whether it takes callers now, by its hours or by hand."""
    messages: int = 0
    """Voice messages that nobody has processed yet."""


class AgentState(Payload):
    """One operator. Retained."""

    agent: str
    name: str
    state: str
    since: float
    reason: str
    call: str | None
    line: str | None = None
    """Of the call that rings at, or is talked to by, the operator."""
    script: str | None = None
    """Name of that line's script: what the operator's screen shows. Its text is retained at `scripts/<line>`."""


class ScriptState(Payload):
    """What is said on a line. Retained; empty for a line without a script."""

    line: str
    script: str
    title: str
    text: str
    source: str | None = None
    """The section of the regulation, or the order, that it follows."""


EventKind = Literal[
    "accepted",
    "recovered",
    "refused",
    "offered",
    "missed",
    "withdrawn",
    "answered",
    "returned",
    "ended",
    "abandoned",
    "overflowed",
    "died",
    "norm_passed",
    "moved",
]


class CallEvent(Payload):
    """Something happened to a call. Not retained; may come twice, with the same `id`."""

    id: str
    """As in the event stream of the control API: `<run>/<number>`; numbers grow, with gaps."""
    at: float
    event: EventKind
    call: str
    line: str
    caller: str | None = None
    """Masked."""
    agent: str | None = None
    waited_s: float | None = None
    talked_s: float | None = None
    reason: str | None = None
    to: str | None = None
    """The line or destination that the call went to."""


class MessageEvent(Payload):
    """Something happened to a voice message. Not retained; may come twice, with the same `id`."""

    id: str
    """As of a call's event."""
    at: float
    event: Literal["left", "heard", "done", "destroyed"]
    call: str
    """The call that left it: the message's own name."""
    line: str | None = None
    caller: str | None = None
    """Masked."""
    length_s: float | None = None
    by: str | None = None


class SurveyEvent(Payload):
    """Somebody was asked by a menu, after a talk or in a call of its own. Not retained; may come twice, same `id`."""

    id: str
    """As of a call's event."""
    at: float
    event: Literal["taken"]
    call: str
    """The call that it followed, or in which it was asked."""
    line: str
    survey: str
    caller: str
    """Masked."""
    answers: dict[str, str]
    """The key for each question that was answered."""


class TransferEvent(Payload):
    """A caller was handed on, or taken over by a supervisor. Not retained; may come twice, with the same `id`."""

    id: str
    """As of a call's event."""
    at: float
    event: Literal["handed_on", "outside_ended", "refused", "taken_over", "takeover_ended"]
    call: str
    """The visit that is over with it; of `outside_ended` the visit outside, `next_call` of its `handed_on`."""
    line: str | None = None
    agent: str | None = None
    """Who handed the caller on, or whose caller was taken."""
    way: str | None = None
    """`blind` or `attended`."""
    target_kind: str | None = None
    """`operator`, `line`, `destination`, `return` (back to who had handed him on)."""
    target: str | None = None
    """Number of the operator, name of the line or destination; of a takeover the supervisor's telephone."""
    next_call: str | None = None
    """The visit that follows: its events tell what becomes of the caller."""
    consent: str | None = None
    """Where the caller had to agree: `key`, `operator` (who has asked him)."""
    result: str | None = None
    """Of `outside_ended`: `answered`, `not_answered`, `no_consent`, `caller_left`."""
    rang_s: float | None = None
    talked_s: float | None = None
    by: str | None = None
    reason: str | None = None
    """Of `refused`."""


class RecordingEvent(Payload):
    """Something happened to the recording of a talk. Not retained; may come twice, with the same `id`."""

    id: str
    """As of a call's event."""
    at: float
    event: Literal["kept", "destroyed", "failed", "paused", "resumed", "suspended", "allowed"]
    """`suspended` and `allowed` are about a server: its disk is nearly full, or has room again."""
    call: str | None = None
    server: str | None = None
    recording: str | None = None
    """Its id, as the control API knows it."""
    telephone: str | None = None
    started_at: float | None = None
    duration_s: float | None = None
    size: int | None = None
    """Bytes of the sound."""
    keep_until: float | None = None
    free_bytes: int | None = None
    by: str | None = None
    reason: str | None = None


class AppealEvent(Payload):
    """Something happened to an appeal in the journal. Not retained; may come twice, with the same `id`.

    Nothing of its contents and no contact: the state, the limits, and who did it.
    """

    id: str
    """`journal/<number>`; numbers grow, with gaps. In an order of its own, not that of the calls' events."""
    at: float
    event: Literal["opened", "edited", "moved", "ahead", "breach"]
    """`ahead`: four fifths of a limit are over; `breach`: all of it."""
    appeal: str
    """Its number."""
    service: str
    channel: str
    line: str | None = None
    urgency: str
    state: str
    """After the event."""
    before: str | None = None
    """The state before it; null for `opened`."""
    holder: str
    """`centre`, `second_line`, `third_line`, `clinic`, `ministry`, `insurer`."""
    trigger: str | None = None
    """Of `moved`: what moved it: `register`, `hand_over`, `finish`, ..."""
    limit: str | None = None
    """Of `ahead` and `breach`: `register`, `resolve` or `feedback`."""
    due_at: float | None = None
    """Of `ahead` and `breach`: when the limit breaks, or broke."""
    by: str
    """Login of the person; `system`, `clock`, or the name of an outside system."""


CallbackEventKind = Literal[
    "owed",
    "impossible",
    "held",
    "late",
    "attempt",
    "rang",
    "connected",
    "failed",
    "reached",
    "called_in",
    "resumed",
    "merged",
    "done",
    "given_up",
]


class CallbackEvent(Payload):
    """Something happened to a call-back. Not retained; may come twice, with the same `id`."""

    id: str
    """As of the events of calls: one running order for both."""
    at: float
    event: CallbackEventKind
    request: int
    line: str
    number: str | None = None
    """Masked."""
    call: str | None = None
    """The call of the attempt, or the caller's own."""
    broken_call: str | None = None
    """The call that broke."""
    agent: str | None = None
    attempt: int | None = None
    attempts: int | None = None
    """Made until the end."""
    after_break_s: float | None = None
    within_limit: bool | None = None
    due_at: float | None = None
    next_at: float | None = None
    """When the next attempt may start."""
    reason: str | None = None


class _Command(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    id: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.-]+$")]
    """Of the asker's choice; stands in the answer's topic. The same id again is answered, not done again."""


class Pause(_Command):
    """Pause an operator; during a call, after it."""

    command: Literal["pause"]
    agent: Annotated[str, Field(pattern=r"^[0-9]{1,10}$")]
    reason: Annotated[str, Field(min_length=1, max_length=100)]
    limit_s: Annotated[float, Field(gt=0, le=86_400)] | None = None


class Resume(_Command):
    """End an operator's pause."""

    command: Literal["resume"]
    agent: Annotated[str, Field(pattern=r"^[0-9]{1,10}$")]


class AddCallback(_Command):
    """Call somebody back: a citizen who asked for it on a web site."""

    command: Literal["add_callback"]
    line: Annotated[str, Field(min_length=1, max_length=40)]
    number: Annotated[str, Field(min_length=1, max_length=40, repr=False)]


Command = Annotated[Pause | Resume | AddCallback, Field(discriminator="command")]
COMMANDS: Final[TypeAdapter[Pause | Resume | AddCallback]] = TypeAdapter(Command)


class Answer(Payload):
    """What came of a command."""

    id: str
    ok: bool
    code: str
    """`done`, `agent_unknown`, `line_unknown`, `number_refused` or `command_wrong`."""
    message: str = ""
