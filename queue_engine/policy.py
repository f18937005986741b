"""What a line and an operator are told to do: frozen, checked once. Every duration ends in `_s` and is in seconds."""

from dataclasses import dataclass
from enum import StrEnum

from queue_engine.errors import PolicyError
from queue_engine.ids import AgentId, QueueName


class Strategy(StrEnum):
    """Which of the free operators is offered the call."""

    LONGEST_IDLE = "longest_idle"


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

    def __post_init__(self) -> None:
        if not 0 < self.target_wait_s <= self.max_wait_s:
            raise PolicyError(f"line {self.name}", "target_wait_s", "must be above 0 and at most max_wait_s")
        if self.ring_s <= 0:
            raise PolicyError(f"line {self.name}", "ring_s", "must be above 0")
        if self.wrap_up_s < 0 or self.min_talk_s < 0:
            raise PolicyError(f"line {self.name}", "wrap_up_s, min_talk_s", "must not be negative")
        if self.weight <= 0:
            raise PolicyError(f"line {self.name}", "weight", "must be above 0")


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

    def __post_init__(self) -> None:
        if self.pause_after_misses < 0:
            raise PolicyError(f"operator {self.agent}", "pause_after_misses", "must not be negative")
