"""What a line and an operator are told to do: frozen, checked once. Every duration ends in `_s` and is in seconds."""

from dataclasses import dataclass
from enum import StrEnum

from queue_engine.errors import PolicyError
from queue_engine.ids import AgentId, QueueName


class Strategy(StrEnum):
    """Which of the ready operators of one level is offered the call. How many ring at once is `ring_at_once`."""

    LONGEST_IDLE = "longest_idle"
    FEWEST_CALLS = "fewest_calls"
    """Since logging in; among equals the longest idle."""
    LEAST_TALK = "least_talk"
    """Seconds talked since logging in."""
    ROUND_ROBIN = "round_robin"
    """Whose last offer of this line is longest ago."""
    FIXED_ORDER = "fixed_order"
    """In the order of the configuration."""
    RANDOM = "random"
    """With the generator that the engine was given."""


@dataclass(frozen=True, slots=True)
class Skill:
    """What an operator can do, or a line asks for, and how well: 1 is the lowest grade."""

    name: str
    grade: int = 1


@dataclass(frozen=True, slots=True)
class Widen:
    """From this wait on, operators up to this level are offered the call too."""

    at_s: float
    level: int


@dataclass(frozen=True, slots=True)
class Relax:
    """From this wait on, only these skills are asked for."""

    at_s: float
    skills: tuple[Skill, ...] = ()


@dataclass(frozen=True, slots=True)
class Say:
    """At this wait something is said to the caller, and again every so often."""

    at_s: float
    announcement: str
    every_s: float = 0.0
    """0: once."""


@dataclass(frozen=True, slots=True)
class MoveTo:
    """At this wait the call goes over to another line, with its place by its instant of entry."""

    at_s: float
    queue: QueueName


@dataclass(frozen=True, slots=True)
class LeaveFor:
    """At this wait the call leaves the line for a destination of the dialplan: voice message, outside number."""

    at_s: float
    destination: str


WaitStep = Widen | Relax | Say | MoveTo | LeaveFor


class JoinCondition(StrEnum):
    """Why a call does not join a line."""

    CLOSED = "closed"
    NO_OPERATOR = "no_operator"
    """Nobody who serves the line is logged in."""
    LINE_TOO_LONG = "line_too_long"
    """So many calls wait already."""
    WAIT_TOO_LONG = "wait_too_long"
    """The expected wait is longer than so many seconds."""


@dataclass(frozen=True, slots=True)
class JoinRule:
    """Where a call goes that does not join the line."""

    condition: JoinCondition
    destination: str
    limit: float = 0.0
    """Calls or seconds, for the conditions that have a limit."""


@dataclass(frozen=True, slots=True)
class KeyRule:
    """What a key pressed while waiting does: leave for a destination, or ask for a call-back and wait on."""

    key: str
    destination: str = ""
    callback: bool = False


@dataclass(frozen=True, slots=True)
class QueuePolicy:
    """One line."""

    name: QueueName
    target_wait_s: float = 60.0
    """Normative wait; the order of the line is entry + this."""
    max_wait_s: float = 120.0
    """At this wait the call leaves the line for `at_max_wait`."""
    at_max_wait: str = "hangup"
    """Name of the destination (see `effects.SendCallTo`) that takes a call at the maximum wait."""
    ring_s: float = 20.0
    """How long a telephone rings before the offer counts as ring-no-answer."""
    wrap_up_s: float = 0.0
    min_talk_s: float = 1.0
    """A talk that the operator's side ends sooner was no talk: the caller goes back to his old place."""
    weight: float = 1.0
    """Between lines that share operators: how long before its norm breaks a call counts as urgent, relatively."""
    strategy: Strategy = Strategy.LONGEST_IDLE
    ring_at_once: int = 1
    """So many telephones ring for a call at once; 0 is all that are ready (ring-all)."""
    ring_more_every_s: float = 0.0
    """One more telephone rings after each of these spans, beside those that ring already; 0 is never."""
    level: int = 1
    """Operators up to this level are offered a new call."""
    skills: tuple[Skill, ...] = ()
    """What an operator must be able to do. A skill that nobody logged in has is asked for until the norm only."""
    steps: tuple[WaitStep, ...] = ()
    """What happens to a call by its waiting time, beside the norm and the maximum."""
    on_join: tuple[JoinRule, ...] = ()
    """The first that applies sends a new call away at once."""
    keys: tuple[KeyRule, ...] = ()
    last_agent_wait_s: float = 0.0
    """So long a caller waits for the operator of his last talk, if that one is there; 0 is not at all."""
    redial_s: float = 0.0
    """Whoever gave up waiting and calls again within this time has the old place; 0 is never."""
    whisper: bool = False
    """The operator hears the line's name and the waiting time before the talk."""
    ring_past_max_wait: bool = False
    """Whether a telephone that rings at the maximum wait rings to its end; otherwise the call leaves at once."""

    def __post_init__(self) -> None:
        if not 0 < self.target_wait_s <= self.max_wait_s:
            raise PolicyError(f"line {self.name}", "target_wait_s", "must be above 0 and at most max_wait_s")
        if self.ring_s <= 0:
            raise PolicyError(f"line {self.name}", "ring_s", "must be above 0")
        if self.wrap_up_s < 0 or self.min_talk_s < 0:
            raise PolicyError(f"line {self.name}", "wrap_up_s, min_talk_s", "must not be negative")
        if self.weight <= 0:
            raise PolicyError(f"line {self.name}", "weight", "must be above 0")
        if self.ring_at_once < 0 or self.ring_more_every_s < 0:
            raise PolicyError(f"line {self.name}", "ring_at_once, ring_more_every_s", "must not be negative")
        if self.last_agent_wait_s < 0 or self.redial_s < 0:
            raise PolicyError(f"line {self.name}", "last_agent_wait_s, redial_s", "must not be negative")
        if not all(0 <= step.at_s <= self.max_wait_s for step in self.steps):
            raise PolicyError(f"line {self.name}", "steps", "must be between 0 and max_wait_s")
        if len({rule.key for rule in self.keys}) != len(self.keys):
            raise PolicyError(f"line {self.name}", "keys", "must not name a key twice")


@dataclass(frozen=True, slots=True)
class AgentPolicy:
    """One operator."""

    agent: AgentId
    queues: tuple[QueueName, ...]
    """The lines this operator serves."""
    wrap_up_s: float | None = None
    """Overrides the line's own."""
    pause_after_misses: int = 2
    """So many missed offers in a row pause the operator, the reason shown; 0 means never."""
    back_off_no_answer_s: float = 2.0
    """How long an operator who missed an offer is left in peace."""
    back_off_busy_s: float = 2.0
    back_off_refused_s: float = 5.0
    back_off_unreachable_s: float = 5.0
    levels: tuple[int, ...] = ()
    """The operator's level at each of `queues`, in their order; 1 at all of them when empty."""
    skills: tuple[Skill, ...] = ()
    logout_after_pause_s: float = 0.0
    """A pause longer than this logs the operator out; 0 is never."""
    logout_unreachable_s: float = 0.0
    """A telephone away for longer than this logs the operator out; 0 is never."""

    def __post_init__(self) -> None:
        if self.pause_after_misses < 0:
            raise PolicyError(f"operator {self.agent}", "pause_after_misses", "must not be negative")
        if self.levels and len(self.levels) != len(self.queues):
            raise PolicyError(f"operator {self.agent}", "levels", "must be as many as the lines served")
