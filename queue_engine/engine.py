"""The engine's contract: `handle(input, now)`, `advance(now)`, `next_deadline()`, `snapshot()`.

It owns no clock: time comes in, and it keeps the larger of `now` and the last one it saw. Each entry first does what
has become due, then takes the input, then dispatches, and goes on until nothing is due: a call that comes back from a
restart with its maximum wait behind it has the chance of a free operator before it leaves.

It never raises on anything that the world can send, in any order, twice, late or not at all. Decisions live in
`calls.py`, `agents.py`, `dispatch.py` and `reload.py`; here is only who is asked.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, assert_never

from queue_engine import agents, callbacks, calls, reload, rings, settling, turns, waiting
from queue_engine import snapshot as views
from queue_engine.dispatch import dispatch, ring_more
from queue_engine.effects import Effect
from queue_engine.facts import Fact
from queue_engine.floor import Floor
from queue_engine.ids import Instant, QueueName
from queue_engine.inputs import (
    AgentBecameReachable,
    AgentBecameUnreachable,
    AgentBusyElsewhere,
    AgentFreeElsewhere,
    AgentLoggedIn,
    AgentLoggedOut,
    AgentPaused,
    AgentResumed,
    CallArrived,
    CallbackDue,
    CallbackWithdrawn,
    CallBooked,
    CallerHungUp,
    CallGivenTo,
    CallLost,
    CallMovedTo,
    CallPlaced,
    GreetingEnded,
    Input,
    KeyPressed,
    LineOpened,
    OfferAnswered,
    OfferFailed,
    OfferRang,
    PoliciesLoaded,
    PrioritySet,
    QuestioningMarked,
    TalkEnded,
    TalkFound,
    WrapUpEnded,
    WrapUpExtended,
)
from queue_engine.live import Agent, Call, Offer
from queue_engine.quick import quick
from queue_engine.snapshot import EngineCounts, EngineSnapshot
from queue_engine.timers import What


@quick
@dataclass(frozen=True, slots=True)
class Step:
    """What one entry has brought: facts in the order they became true, effects in the order they must be done."""

    facts: tuple[Fact, ...]
    effects: tuple[Effect, ...]


NOTHING: Final = Step((), ())


class QueueEngine:
    """Who waits, who is free, who is offered to whom, what is due when."""

    __slots__ = ("_floor",)

    def __init__(self, first_offer: int, draw: Callable[[], float] | None = None) -> None:
        """Make an engine without lines and operators: `PoliciesLoaded` brings them.

        Args:
            first_offer: Number of the first offer, above all that were ever used, also before a restart.
            draw: Draws from [0, 1), for lines whose strategy is random; a seeded one makes a run repeatable.
        """
        self._floor = Floor(first_offer, draw)

    def handle(self, event: Input, now: Instant) -> Step:
        """Take one input, with everything that has become due before it."""
        floor = self._floor
        if now > floor.now:  # noqa: PLR1730 - a call of max() costs more than the rest of the line
            floor.now = now
        timers = floor.timers
        if timers.next_at <= floor.now:
            self._run_due()
        self._take(event)
        if floor.left_lines:
            waiting.ease_after_logout(floor)
        if floor.turns:
            turns.take(floor)
        if floor.freed or floor.arrived:
            dispatch(floor)
        if timers.next_at <= floor.now:
            self._run_due()
        return self._step()

    def advance(self, now: Instant) -> Step:
        """Do what has become due."""
        floor = self._floor
        if now > floor.now:  # noqa: PLR1730 - a call of max() costs more than the rest of the line
            floor.now = now
        self._run_due()
        return self._step()

    def next_deadline(self) -> Instant | None:
        """Return when `advance` wants to be called; None when nothing is waited for."""
        return self._floor.timers.next_due()

    def snapshot(self) -> EngineSnapshot:
        """Return all lines with their calls in order, and all operators. Costs their number."""
        return views.snapshot(self._floor)

    def counts(self) -> EngineCounts:
        """Return how many calls and operators there are of each kind. Cheap."""
        return views.counts(self._floor)

    def expected_wait_s(self, queue: QueueName) -> float | None:
        """Return how long a caller who joined the line now would wait, in seconds (method: `ewt.py`).

        0 while somebody is ready for the line; None if nobody is on duty or the line is unknown.
        """
        line = self._floor.lines.get(queue)
        return None if line is None else line.wait_of_a_new_call_s()

    def _step(self) -> Step:
        floor = self._floor
        facts, effects = floor.facts, floor.effects
        if facts or effects:
            floor.facts, floor.effects = [], []
            return Step(tuple(facts), tuple(effects))
        return NOTHING

    def _run_due(self) -> None:  # noqa: C901, PLR0912 - one flat match over what timers are for
        """Fire the timers that are due, each with its dispatch, until none is."""
        floor = self._floor
        while (due := floor.timers.pop_due(floor.now)) is not None:
            match due:
                case (What.CALL_STEP, Call() as call):
                    waiting.step_due(floor, call)
                case (What.OFFER_GUARD, Offer() as offer):
                    rings.guard_due(floor, offer)
                case (What.REST_OVER, Agent() as agent):
                    settling.rest_over(floor, agent)
                case (What.PAUSE_OVER, Agent() as agent):
                    settling.pause_over(floor, agent)
                case (What.PATIENCE_OVER, Call() as call):
                    waiting.patience_over(floor, call)
                case (What.RING_MORE, Call() as call):
                    ring_more(floor, call)
                case (What.HOLD_OVER, Call() as call):
                    rings.hold_over(floor, call)
                case (What.SAY_AGAIN, Call() as call):
                    waiting.say_again(floor, call)
                case (What.AUTO_LOGOUT, Agent() as agent):
                    agents.long_away(floor, agent)
            if floor.left_lines:
                waiting.ease_after_logout(floor)
            if floor.turns:
                turns.take(floor)
            if floor.freed or floor.arrived:
                dispatch(floor)

    def _take(self, event: Input) -> None:  # noqa: C901, PLR0912, PLR0915 - one flat match over the closed union
        """Give the input to whom it concerns; the frequent ones are asked for first."""
        floor = self._floor
        match event:
            case CallArrived():
                calls.arrive(floor, event)
            case OfferAnswered():
                rings.offer_answered(floor, event.offer)
            case TalkEnded():
                calls.talk_ended(floor, event)
            case CallerHungUp():
                calls.caller_hung_up(floor, event)
            case OfferRang():
                pass  # an offer rings for us from the moment it is made
            case OfferFailed():
                rings.offer_failed(floor, event.offer, event.failure)
            case GreetingEnded():
                calls.greeted(floor, event.call)
            case AgentBusyElsewhere():
                agents.set_busy_elsewhere(floor, event.agent, busy=True)
            case AgentFreeElsewhere():
                agents.set_busy_elsewhere(floor, event.agent, busy=False)
            case AgentBecameReachable():
                agents.set_reachable(floor, event.agent, reachable=True)
            case AgentBecameUnreachable():
                agents.set_reachable(floor, event.agent, reachable=False)
            case WrapUpEnded():
                agents.end_wrap_up(floor, event.agent, event.by)
            case QuestioningMarked():
                agents.questioning_over(floor, event.agent, event.at)
            case AgentPaused():
                agents.pause(floor, event.agent, event.reason, event.by, event.limit_s)
            case AgentResumed():
                agents.resume(floor, event.agent, event.by, once=event.once)
            case AgentLoggedIn():
                agents.log_in(floor, event.agent, event.by, once=event.once)
            case AgentLoggedOut():
                agents.log_out(floor, event.agent, event.by, event.reason)
            case TalkFound():
                calls.talk_found(floor, event)
            case CallLost():
                calls.call_lost(floor, event.call, event.reason)
            case KeyPressed():
                waiting.key_pressed(floor, event)
            case WrapUpExtended():
                agents.extend_wrap_up(floor, event.agent, event.by, event.extra_s)
            case CallGivenTo():
                waiting.give_to(floor, event)
            case CallMovedTo():
                waiting.move_by_hand(floor, event)
            case PrioritySet():
                waiting.set_priority(floor, event)
            case CallbackDue():
                callbacks.due(floor, event)
            case CallbackWithdrawn():
                callbacks.withdrawn(floor, event.call)
            case CallPlaced():
                callbacks.placed(floor, event)
            case CallBooked():
                callbacks.booked(floor, event.call)
            case LineOpened():
                calls.line_opened(floor, event)
            case PoliciesLoaded():
                reload.load(floor, event)
            case _:
                assert_never(event)
