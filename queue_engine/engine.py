"""The engine's contract: `handle(input, now)`, `advance(now)`, `next_deadline()`, `snapshot()`.

It owns no clock: time comes in, and it keeps the larger of `now` and the last one it saw. Each entry first does what
has become due, then takes the input, then dispatches, and goes on until nothing is due: a call that comes back from a
restart with its maximum wait behind it has the chance of a free operator before it leaves.

It never raises on anything that the world can send, in any order, twice, late or not at all. Decisions live in
`calls.py`, `agents.py`, `dispatch.py` and `reload.py`; here is only who is asked.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

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
from queue_engine.quick import quick
from queue_engine.snapshot import AgentView, EngineCounts, EngineSnapshot
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
        TAKES[type(event)](floor, event)
        if floor.left_lines:
            waiting.ease_after_logout(floor)
        if floor.turns:
            turns.take(floor)
        if floor.freed or floor.arrived:
            dispatch(floor)
        if timers.next_at <= floor.now:
            self._run_due()
        return self._step() if floor.facts or floor.effects else NOTHING

    def advance(self, now: Instant) -> Step:
        """Do what has become due."""
        floor = self._floor
        if now > floor.now:  # noqa: PLR1730 - a call of max() costs more than the rest of the line
            floor.now = now
        self._run_due()
        return self._step() if floor.facts or floor.effects else NOTHING

    def next_deadline(self) -> Instant | None:
        """Return when `advance` wants to be called; None when nothing is waited for."""
        return self._floor.timers.next_due()

    def snapshot(self) -> EngineSnapshot:
        """Return all lines with their calls in order, and all operators. Costs their number."""
        return views.snapshot(self._floor)

    def agents(self) -> tuple[AgentView, ...]:
        """Return all operators. Costs their number, and none of the callers'."""
        return views.agents(self._floor)

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
        step = Step(tuple(floor.facts), tuple(floor.effects))
        floor.facts.clear()
        floor.effects.clear()
        return step

    def _run_due(self) -> None:
        """Fire the timers that are due, each with its dispatch, until none is."""
        floor = self._floor
        while (due := floor.timers.pop_due(floor.now)) is not None:
            what, owner = due
            _FIRES[what](floor, owner)
            if floor.left_lines:
                waiting.ease_after_logout(floor)
            if floor.turns:
                turns.take(floor)
            if floor.freed or floor.arrived:
                dispatch(floor)


TAKES: Final[Mapping[type, Callable[[Floor, Any], None]]] = {
    CallArrived: calls.arrive,
    GreetingEnded: calls.greeted,
    CallerHungUp: calls.caller_hung_up,
    OfferRang: rings.offer_rang,
    OfferAnswered: rings.offer_answered,
    OfferFailed: rings.offer_failed,
    TalkEnded: calls.talk_ended,
    TalkFound: calls.talk_found,
    CallLost: calls.call_lost,
    AgentLoggedIn: agents.log_in,
    AgentLoggedOut: agents.log_out,
    AgentPaused: agents.pause,
    AgentResumed: agents.resume,
    WrapUpExtended: agents.extend_wrap_up,
    WrapUpEnded: agents.end_wrap_up,
    QuestioningMarked: agents.questioning_over,
    AgentBecameReachable: agents.reach,
    AgentBecameUnreachable: agents.reach,
    AgentBusyElsewhere: agents.occupy,
    AgentFreeElsewhere: agents.occupy,
    KeyPressed: waiting.key_pressed,
    CallGivenTo: waiting.give_to,
    CallMovedTo: waiting.move_by_hand,
    PrioritySet: waiting.set_priority,
    LineOpened: calls.line_opened,
    CallbackDue: callbacks.due,
    CallbackWithdrawn: callbacks.withdrawn,
    CallPlaced: callbacks.placed,
    CallBooked: callbacks.booked,
    PoliciesLoaded: reload.load,
}
"""Who takes an input, by its kind. A table and no `match`: trying one class after the other costs a call as much as the
rest of `handle`. That each kind of `Input` has its own taker is a test (`tests/queue_engine/test_tables.py`)."""

_FIRES: Final[Mapping[What, Callable[[Floor, Any], None]]] = {
    What.CALL_STEP: waiting.step_due,
    What.OFFER_GUARD: rings.guard_due,
    What.REST_OVER: settling.rest_over,
    What.PAUSE_OVER: settling.pause_over,
    What.PATIENCE_OVER: waiting.patience_over,
    What.RING_MORE: ring_more,
    What.HOLD_OVER: rings.hold_over,
    What.SAY_AGAIN: waiting.say_again,
    What.AUTO_LOGOUT: agents.long_away,
}
"""What a timer does, by what it is for; its owner is of the kind that whoever armed it gave."""
