"""From the configuration to what the book of call-backs is told, and to how a line's numbers are dialled."""

from collections.abc import Mapping
from dataclasses import dataclass

from acd.numbers import DialForm, normaliser
from callback.kinds import BreakKind, Leg, Mode
from callback.numbers import NumberRule
from callback.policy import CallbackPolicy, Spacing
from config.callback import Callback, permitted_minutes
from config.lines import Line
from config.model import Config
from queue_engine.ids import Instant, QueueName


@dataclass(frozen=True, slots=True)
class WayOut:
    """How the numbers of one line's call-backs leave the house."""

    server: str
    """The Asterisk that the trunk is at."""
    endpoint: str
    """The trunk's PJSIP endpoint."""
    dial_as: DialForm


def callback_policies(config: Config, rule: NumberRule, at: Instant) -> tuple[CallbackPolicy, ...]:
    """Return the policy of every line that has call-backs, in the order of the configuration."""
    normalised = normaliser(rule)
    ours = {
        number
        for line in config.lines
        for shown in (*line.numbers, (line.callback and line.callback.caller_id) or "")
        if (number := normalised(shown)) is not None
    }
    return tuple(
        _policy(line, line.callback, frozenset(ours), config.site.time_zone, at)
        for line in config.lines
        if line.callback is not None
    )


def caller_id(line: Line, settings: Callback) -> str:
    """Return what a called person sees: the line's number."""
    return settings.caller_id or line.numbers[0]


def ways_out(config: Config) -> Mapping[QueueName, WayOut]:
    """Return for every line that has call-backs where its numbers are dialled."""
    trunks = {trunk.name: trunk for trunk in config.trunks}
    first = config.servers[0].name
    return {
        QueueName(line.name): WayOut(
            trunks[line.callback.trunk].server or first, trunks[line.callback.trunk].endpoint, line.callback.dial_as
        )
        for line in config.lines
        if line.callback is not None
    }


def channels(config: Config) -> int | None:
    """Return how many call-backs may be out at once; None for no limit."""
    named = [line.callback.channels for line in config.lines if line.callback and line.callback.channels is not None]
    return min(named, default=None)


def _policy(line: Line, settings: Callback, own_numbers: frozenset[str], time_zone: str, at: Instant) -> CallbackPolicy:
    return CallbackPolicy(
        queue=QueueName(line.name),
        caller_id=caller_id(line, settings),
        breaks=frozenset(BreakKind(kind) for kind in settings.breaks),
        short_talk_s=settings.short_talk_s,
        min_wait_s=settings.min_wait_s,
        report_within_s=settings.report_within_s,
        mode=Mode(settings.mode),
        same_operator_s=settings.same_operator_s,
        booked_operator_s=settings.booked_operator_s,
        first_leg=Leg(settings.first_leg),
        first_attempt_s=settings.first_attempt_s,
        dial_margin_s=settings.dial_margin_s,
        min_attempts=settings.min_attempts,
        attempts=settings.attempts,
        spacing=Spacing(
            busy_s=settings.after_busy_s,
            no_answer_s=settings.after_no_answer_s,
            unreachable_s=settings.after_unreachable_s,
            refused_s=settings.after_refused_s,
            left_s=settings.after_left_s,
            machine_s=settings.after_machine_s,
        ),
        ring_s=settings.ring_s,
        operator_ring_s=settings.operator_ring_s,
        # A caller who has answered waits as the line's callers do; what is far above that was forgotten by somebody.
        connected_max_s=max(600.0, 2 * line.max_wait_s),
        outcome_within_s=settings.outcome_within_s,
        give_up_after_s=settings.give_up_after_s,
        permitted_minutes=permitted_minutes(settings.hours, time_zone, at),
        permitted_prefixes=settings.permitted_prefixes,
        forbidden_prefixes=settings.forbidden_prefixes,
        own_numbers=own_numbers,
        max_per_number_day=settings.max_per_number_day,
        max_per_hour=settings.max_per_hour,
        max_per_person_hour=settings.max_per_person_hour,
        max_open=settings.max_open,
        priority=settings.priority,
    )
