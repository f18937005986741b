"""The book and the real engine joined as the shell joins them: one message queue, facts one way, inputs the other."""

from callback.book import CallbackBook
from callback.book import Step as BookStep
from callback.effects import (
    CallbackEffect,
    DialCaller,
    EnqueueCallback,
    PlaceCaller,
    ReleaseCaller,
    StopDialling,
    WithdrawCallback,
)
from callback.facts import CallbackAttemptStarted, CallbackFact, CallbackReached
from callback.inputs import CallbackInput, CallerAnswered, CallerDialled, CapacityChanged, PlaceExchanged
from callback.kinds import Leg
from callback.policy import CallbackPolicy
from callback.states import RequestState
from queue_engine.effects import Effect, OfferCall
from queue_engine.engine import QueueEngine
from queue_engine.engine import Step as EngineStep
from queue_engine.facts import AgentState
from queue_engine.ids import CallId, Instant
from queue_engine.inputs import (
    AgentLoggedIn,
    CallArrived,
    CallbackDue,
    CallbackWithdrawn,
    CallBooked,
    CallerHungUp,
    CallPlaced,
    Input,
    OfferAnswered,
    OfferFailed,
    Party,
    PoliciesLoaded,
    RingFailure,
    TalkEnded,
)
from queue_engine.policy import AgentPolicy, QueuePolicy
from tests.callback.centre import ANNA, BORIS, CALL, CALLER, LINE, START, as_shown


class Joined:
    """An engine and a book on one clock; the test is Asterisk."""

    def __init__(self, policy: CallbackPolicy, *agents: str, wrap_up_s: float = 30.0) -> None:
        self.engine = QueueEngine(1)
        self.book = CallbackBook([policy], as_shown)
        self.now = START
        self.engine_effects: list[Effect] = []
        self.effects: list[CallbackEffect] = []
        self.facts: list[CallbackFact] = []
        line = QueuePolicy(LINE, max_wait_s=100_000.0, wrap_up_s=wrap_up_s)
        self.post(PoliciesLoaded((line,), tuple(AgentPolicy(agent, (LINE,)) for agent in agents)))
        for agent in agents:
            self.post(AgentLoggedIn(agent, agent))
        self.tell(CapacityChanged(LINE, len(agents)))

    def post(self, told: Input) -> None:
        """Something happens to the engine; the book sees every fact of it."""
        self._of_engine(self.engine.handle(told, self.now))

    def tell(self, told: CallbackInput) -> None:
        """Something is said to the book."""
        self._of_book(self.book.handle(told, self.now))

    def after(self, seconds: float) -> None:
        """Let time pass for both, instant by instant."""
        until = Instant(self.now + seconds)
        while True:
            dues = [due for due in (self.engine.next_deadline(), self.book.next_deadline()) if due is not None]
            if not dues or min(dues) > until:
                break
            self.now = Instant(max(self.now, min(dues)))
            self._of_engine(self.engine.advance(self.now))
            self._of_book(self.book.advance(self.now))
        self.now = until

    def _of_engine(self, step: EngineStep) -> None:
        self.engine_effects += step.effects
        for fact in step.facts:
            self._of_book(self.book.observe(fact, self.now))

    def _of_book(self, step: BookStep) -> None:
        self.facts += step.facts
        self.effects += step.effects
        for effect in step.effects:
            match effect:
                case EnqueueCallback():
                    self.post(
                        CallbackDue(
                            effect.call, effect.queue, effect.number, effect.due_at, effect.priority, effect.agent
                        )
                    )
                case WithdrawCallback():
                    self.post(CallbackWithdrawn(effect.call))
                case PlaceCaller():
                    self.post(CallPlaced(effect.call, effect.due_at, effect.agent))
                case ReleaseCaller():
                    self.post(CallBooked(effect.call))
                case DialCaller() | StopDialling():
                    pass

    def talk(self, call: CallId = CALL, caller: str = CALLER) -> None:
        """A caller calls and the operator who is offered the call answers."""
        self.post(CallArrived(call, LINE, caller, self.now))
        self.post(OfferAnswered(self.offered.rings[0].offer))

    @property
    def offered(self) -> OfferCall:
        """The newest offer that rings telephones for a caller on the line."""
        return [effect for effect in self.engine_effects if isinstance(effect, OfferCall)][-1]

    @property
    def dials(self) -> list[DialCaller]:
        """All orders to dial."""
        return [effect for effect in self.effects if isinstance(effect, DialCaller)]

    def state(self, agent: str) -> AgentState:
        """Return what an operator is doing."""
        return next(seen.state for seen in self.engine.snapshot().agents if seen.agent == agent)


def test_the_operator_of_the_broken_talk_is_taken_out_of_wrap_up_at_once():
    """From the break to the order to dial no time passes; the talk that follows settles it."""
    joined = Joined(CallbackPolicy(LINE), ANNA, BORIS)
    joined.talk()
    broken_by = joined.offered.rings[0].agent
    joined.after(60.0)
    joined.post(CallerHungUp(CALL, 44))
    dial = joined.dials[0]
    assert (dial.first, dial.agent, dial.offer is not None) == (Leg.OPERATOR, broken_by, True)
    assert joined.state(broken_by) is AgentState.RINGING
    joined.after(3.0)
    joined.tell(CallerDialled(dial.call))
    joined.after(5.0)
    joined.tell(CallerAnswered(dial.call))
    joined.post(OfferAnswered(dial.offer))
    assert joined.state(broken_by) is AgentState.TALKING
    assert joined.book.snapshot().rows[0].state is RequestState.TALKING
    joined.after(20.0)
    joined.post(TalkEnded(dial.call, Party.AGENT))
    joined.after(60.0)
    assert not joined.book.snapshot().rows
    assert joined.state(broken_by) is AgentState.READY


def test_an_operator_who_does_not_pick_up_gives_way_to_the_next():
    """His miss puts the item back in the line, and the other operator has it at once."""
    joined = Joined(CallbackPolicy(LINE), ANNA, BORIS)
    joined.talk()
    first = joined.offered.rings[0].agent
    joined.post(CallerHungUp(CALL, 44))
    joined.after(5.0)
    joined.post(OfferFailed(joined.dials[0].offer, RingFailure.NO_ANSWER))
    assert [dial.agent for dial in joined.dials] == [first, ({ANNA, BORIS} - {first}).pop()]


def test_with_all_busy_the_caller_is_dialled_first_and_joined_to_the_next_free():
    """He hears music until the one operator has finished, and then has the same place as if he had never gone."""
    joined = Joined(CallbackPolicy(LINE), ANNA, wrap_up_s=0.0)
    joined.talk()
    left, later = CallId("a-2.1"), CallId("a-3.1")
    joined.post(CallArrived(left, LINE, "+79000000002", joined.now))
    joined.after(20.0)
    joined.post(CallerHungUp(left))
    joined.after(5.0)
    joined.post(CallArrived(later, LINE, "+79000000003", joined.now))
    joined.after(7.0)
    dial = joined.dials[0]
    assert (dial.first, dial.agent) == (Leg.CALLER, None)
    joined.tell(CallerDialled(dial.call))
    joined.after(6.0)
    joined.tell(CallerAnswered(dial.call))
    joined.post(CallArrived(dial.call, LINE, dial.number, joined.now))
    joined.after(2.0)
    joined.post(TalkEnded(CALL, Party.AGENT))
    assert joined.offered.call == dial.call
    joined.post(OfferAnswered(joined.offered.rings[0].offer))
    reached = [fact for fact in joined.facts if isinstance(fact, CallbackReached)]
    assert [fact.call for fact in reached] == [dial.call]


def test_an_operator_kept_while_the_caller_rings_is_offered_as_he_answers():
    """Caller-first with somebody free: the moment he answers, the operator's telephone rings."""
    joined = Joined(CallbackPolicy(LINE, first_leg=Leg.CALLER), ANNA, BORIS)
    joined.talk()
    free = ({ANNA, BORIS} - {joined.offered.rings[0].agent}).pop()
    joined.post(CallArrived(CallId("a-2.1"), LINE, "+79000000002", joined.now))
    joined.after(15.0)
    joined.post(CallerHungUp(CallId("a-2.1")))
    dial = joined.dials[0]
    assert (dial.first, dial.agent) == (Leg.CALLER, free)
    joined.tell(CallerDialled(dial.call))
    joined.after(6.0)
    joined.tell(CallerAnswered(dial.call))
    joined.post(CallArrived(dial.call, LINE, dial.number, joined.now))
    assert (joined.offered.call, joined.offered.rings[0].agent) == (dial.call, free)


def test_a_caller_who_calls_in_again_goes_before_those_who_came_after_his_break():
    """He has the place of his call-back, and the operator is free for others until then."""
    joined = Joined(CallbackPolicy(LINE), ANNA, wrap_up_s=0.0)
    joined.talk()
    joined.post(CallArrived(CallId("a-2.1"), LINE, "+79000000002", joined.now))
    joined.after(20.0)
    joined.post(CallerHungUp(CallId("a-2.1")))
    joined.post(CallArrived(CallId("a-3.1"), LINE, "+79000000003", joined.now))
    joined.after(5.0)
    joined.post(CallArrived(CallId("a-4.1"), LINE, "+79000000002", joined.now))
    joined.after(60.0)
    assert not joined.dials
    joined.post(TalkEnded(CALL, Party.AGENT))
    assert joined.offered.call == "a-4.1"
    joined.post(OfferAnswered(joined.offered.rings[0].offer))
    assert not joined.book.snapshot().rows


def test_a_kept_place_is_called_in_its_turn():
    """Who exchanged his wait for a call is not overtaken by those who came later."""
    joined = Joined(CallbackPolicy(LINE, first_leg=Leg.CALLER), ANNA, wrap_up_s=0.0)
    joined.talk()
    first, second = CallId("a-2.1"), CallId("a-3.1")
    joined.post(CallArrived(first, LINE, "+79000000002", joined.now))
    due_at = Instant(joined.now + 60)
    joined.after(5.0)
    joined.post(CallArrived(second, LINE, "+79000000003", joined.now))
    joined.tell(PlaceExchanged(first, LINE, "+79000000002", due_at))
    joined.after(30.0)
    assert not joined.dials
    joined.post(TalkEnded(CALL, Party.AGENT))
    assert joined.dials[0].number == "+79000000002"


def test_with_all_operators_busy_two_hundred_breaks_are_dialled_in_time():
    """Ten operators who never finish, breaks in waves of ten: every first attempt within the limit."""
    joined = Joined(CallbackPolicy(LINE, min_wait_s=1.0), *(f"1{number:02}" for number in range(10)))
    for number in range(10):
        joined.talk(CallId(f"t-{number}.1"), f"+7900100000{number}")
    dialled = 0
    for wave in range(20):
        for number in range(10):
            call, caller = CallId(f"b-{wave}-{number}.1"), f"+790000{wave:03}{number:02}"
            joined.post(CallArrived(call, LINE, caller, Instant(joined.now - 30)))
            joined.post(CallerHungUp(call))
        joined.after(12.0)
        for dial in joined.dials[dialled:]:
            joined.tell(CallerDialled(dial.call))
        dialled = len(joined.dials)
        joined.after(45.0)
    starts = [fact for fact in joined.facts if isinstance(fact, CallbackAttemptStarted) and fact.of_break == 1]
    assert len(starts) == 200
    assert all(start.within_limit for start in starts)
