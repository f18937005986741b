"""What a line promises to those whose call broke: frozen, checked once.

Every duration ends in `_s` and is in seconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields

from callback.kinds import AttemptFailure, BreakKind, Leg, Mode
from queue_engine.errors import PolicyError
from queue_engine.ids import QueueName

MINUTES_PER_WEEK = 7 * 24 * 60


@dataclass(frozen=True, slots=True)
class Spacing:
    """How long after a failed attempt the next one may start, by what became of it."""

    busy_s: float = 60.0
    no_answer_s: float = 300.0
    unreachable_s: float = 120.0
    refused_s: float = 300.0
    left_s: float = 120.0
    """The caller answered, and hung up or was lost before an operator came."""
    machine_s: float = 900.0
    lost_s: float = 5.0
    """Nobody knows what became of it."""
    no_line_s: float = 2.0
    """Nothing left the house. Doubles each time, up to `no_line_max_s`."""
    no_line_max_s: float = 60.0

    def after(self, failure: AttemptFailure) -> float:
        """Return the seconds from the end of an attempt that failed so to the start of the next."""
        return {
            AttemptFailure.BUSY: self.busy_s,
            AttemptFailure.CALLED_IN: self.busy_s,
            AttemptFailure.WITHDRAWN: self.busy_s,
            AttemptFailure.NO_ANSWER: self.no_answer_s,
            AttemptFailure.UNREACHABLE: self.unreachable_s,
            AttemptFailure.REFUSED: self.refused_s,
            AttemptFailure.LEFT: self.left_s,
            AttemptFailure.NO_OPERATOR: self.left_s,
            AttemptFailure.MACHINE: self.machine_s,
            AttemptFailure.LOST: self.lost_s,
            AttemptFailure.NO_LINE: self.no_line_s,
        }[failure]


@dataclass(frozen=True, slots=True)
class CallbackPolicy:
    """One line."""

    queue: QueueName
    caller_id: str = ""
    """What the called person sees: the line's number."""
    breaks: frozenset[BreakKind] = frozenset(BreakKind)
    """Kinds of break that are called back."""
    short_talk_s: float = 10.0
    """A talk that the caller's side ends sooner counts as broken."""
    min_wait_s: float = 10.0
    """A caller who leaves the line sooner has thought better of it."""
    report_within_s: float = 120.0
    """So long after a talk its operator may still say that it broke."""
    mode: Mode = Mode.SAME_OPERATOR
    """For breaks during a talk; all others go to the first free operator."""
    same_operator_s: float = 4.0
    """So long the operator of the broken talk is waited for before anybody will do."""
    booked_operator_s: float = 300.0
    """The same for a booked call-back that names its operator."""
    first_leg: Leg = Leg.OPERATOR
    """Which side is dialled first when an operator is kept for the call; without one it is always the caller's."""
    first_attempt_s: float = 15.0
    """From the break to the start of the first attempt at most (C1, SAR 5.2)."""
    dial_margin_s: float = 3.0
    """So long before that limit the caller is dialled although no operator has picked up."""
    min_attempts: int = 2
    """What the norm asks for (C2, SAR 5.2)."""
    attempts: int = 2
    """The full number of attempts after a break."""
    spacing: Spacing = Spacing()
    ring_s: float = 40.0
    """How long the caller's telephone rings."""
    operator_ring_s: float = 10.0
    """How long the operator's telephone rings when it is dialled first."""
    connected_max_s: float = 600.0
    """A caller who has answered and was neither spoken to nor lost after this long was forgotten by somebody.
    Well above the line's maximum wait."""
    outcome_within_s: float = 30.0
    """So long after a call-back's talk the operator may still say that it was a machine or the wrong person."""
    give_up_after_s: float = 86_400.0
    """So long after the break (or the due time of a booked call) nobody is called any more."""
    permitted_minutes: tuple[tuple[int, int], ...] = ()
    """Hours for later attempts and for requests from the web: half-open intervals in minutes since Monday 00:00 UTC,
    sorted, apart from each other. Empty: at any time. The first attempt after a break asks nobody for the time."""
    permitted_prefixes: tuple[str, ...] = ("+73", "+74", "+78", "+79")
    """Russia's geographic, free and mobile numbers. `+76` and `+77` are Kazakhstan."""
    forbidden_prefixes: tuple[str, ...] = tuple(f"+780{digit}" for digit in range(1, 10))
    """Take precedence. Russia's 80x but for the free 800: televoting, premium rate, payment."""
    own_numbers: frozenset[str] = frozenset()
    """Numbers of our lines, E.164."""
    max_per_number_day: int = 6
    """Attempts at one number in any 24 hours."""
    max_per_hour: int = 600
    """Attempts of the line in any hour: a flood of forged numbers must not make us dial strangers in mass."""
    max_per_person_hour: int = 30
    """Requests that one operator opens in any hour, on all lines: twice what anybody at work can promise."""
    max_open: int = 5_000
    """Open requests of the line."""
    priority: int = 0
    """Class of the call in the line; a higher class is served first."""

    def __post_init__(self) -> None:
        for field, reason in _mistakes(self):
            raise PolicyError(f"call-backs of line {self.queue}", field, reason)


def _mistakes(policy: CallbackPolicy) -> Iterator[tuple[str, str]]:
    """Yield field and reason of all that contradicts itself."""
    spacing = policy.spacing
    limits = (policy.max_per_number_day, policy.max_per_hour, policy.max_per_person_hour, policy.max_open)
    bounds = (0, *(minute for interval in policy.permitted_minutes for minute in interval), MINUTES_PER_WEEK)
    checks = (
        (0 <= policy.dial_margin_s < policy.first_attempt_s, "dial_margin_s", "must be less than first_attempt_s"),
        (policy.ring_s > 0, "ring_s", "must be above 0"),
        (policy.operator_ring_s > 0, "operator_ring_s", "must be above 0"),
        (spacing.no_line_s > 0 and spacing.lost_s > 0, "spacing.no_line_s, lost_s", "must be above 0"),
        (1 <= policy.min_attempts <= policy.attempts, "attempts", "must be at least min_attempts, and that at least 1"),
        (policy.give_up_after_s > policy.first_attempt_s, "give_up_after_s", "must be above first_attempt_s"),
        (min(limits) >= 1, "max_per_number_day, max_per_hour, max_per_person_hour, max_open", "must be at least 1"),
        (
            bool(policy.permitted_prefixes) and all(prefix[:1] == "+" for prefix in policy.permitted_prefixes),
            "permitted_prefixes",
            "must be given, each beginning with +",
        ),
        (
            bounds == tuple(sorted(bounds)) and all(start < end for start, end in policy.permitted_minutes),
            "permitted_minutes",
            "must be sorted intervals within the week that do not overlap",
        ),
    )
    for owner in (policy, spacing):
        for field in fields(owner):
            if field.name.endswith("_s") and getattr(owner, field.name) < 0:
                yield field.name, "must not be negative"
    yield from ((field, reason) for holds, field, reason in checks if not holds)
