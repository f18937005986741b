"""The promises hold whatever comes, in any order, twice, late or not at all.

Several small machines instead of one large one: a bug that needs one operator and exact times is found by the machine
that has just that. Inputs are drawn from what is alive, plus something that is long gone; times from the very values
that the policies hold, so that deadlines are met to the instant and missed by a hair.
"""

import os

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from queue_engine.facts import CallOffered
from queue_engine.ids import AgentId, CallId, Instant, OfferId, QueueName
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
    KeyPressed,
    LineOpened,
    OfferAnswered,
    OfferFailed,
    OfferRang,
    Party,
    PoliciesLoaded,
    PrioritySet,
    QuestioningMarked,
    RingFailure,
    TalkEnded,
    TalkFound,
    Turn,
    WrapUpEnded,
    WrapUpExtended,
)
from queue_engine.policy import (
    AgentPolicy,
    JoinCondition,
    JoinRule,
    KeyRule,
    LeaveFor,
    MoveTo,
    QueuePolicy,
    Relax,
    Say,
    Skill,
    Strategy,
    Widen,
)
from tests.queue_engine.centre import Centre

EXAMPLES = int(os.environ.get("ACD_EXAMPLES", "40"))

settings.register_profile(
    "promises",
    max_examples=EXAMPLES,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    phases=(Phase.generate, Phase.shrink) if os.environ.get("ACD_SHRINK") != "0" else (Phase.generate,),
    suppress_health_check=[HealthCheck.too_slow],
)
PROMISES = settings.get_profile("promises")

Q1, Q2 = QueueName("one"), QueueName("two")
WRAP_UP_S, RING_S, TARGET_S, MAX_S, PAUSE_S, BACK_OFF_S, MIN_TALK_S = 15.0, 20.0, 60.0, 120.0, 45.0, 2.0, 1.0
TIMES = st.sampled_from(
    [
        0.0,
        0.5,
        MIN_TALK_S,
        BACK_OFF_S,
        5.0,
        WRAP_UP_S / 2,
        WRAP_UP_S,
        RING_S,
        RING_S + 5,
        PAUSE_S,
        TARGET_S,
        MAX_S,
        500.0,
    ]
)


class Floor(RuleBasedStateMachine):
    """What all machines share: a centre, and drawing from what is alive."""

    queues: tuple[QueuePolicy, ...] = (QueuePolicy(Q1, TARGET_S, MAX_S, "out", RING_S, WRAP_UP_S, MIN_TALK_S),)
    staff: tuple[AgentPolicy, ...] = ()

    def __init__(self):
        super().__init__()
        self.centre = Centre(*self.queues, agents=self.staff)
        self.count = 0

    def a_call(self, data):
        """A live call, or one that is gone or never was."""
        return data.draw(st.sampled_from([*self.centre.ledger.live, CallId("c1")]))

    def an_offer(self, data):
        """A live offer, or one that is long over."""
        return data.draw(st.sampled_from([*self.centre.ledger.ringing, OfferId(1), OfferId(2)]))

    def an_agent(self, data):
        """An operator, or somebody unknown."""
        return data.draw(st.sampled_from([*(policy.agent for policy in self.staff), AgentId("nobody")]))

    def new_call(self):
        """A name never used before."""
        self.count += 1
        return CallId(f"c{self.count}")


class Calls(Floor):
    """Callers come, wait, are answered and go."""

    @rule(queue=st.sampled_from([Q1, Q2]), greeted=st.booleans(), priority=st.sampled_from([0, 0, 1]), data=st.data())
    def call(self, queue, greeted, priority, data):
        """A caller arrives; or one who arrived already is told again."""
        name = data.draw(st.sampled_from([self.new_call(), *self.centre.ledger.live]))
        self.centre.call(name, queue, greeted=greeted, priority=priority)

    @rule(data=st.data())
    def greeting_ends(self, data):
        """A greeting is over, perhaps of a call that had none."""
        self.centre.feed(GreetingEnded(self.a_call(data)))

    @rule(data=st.data())
    def answer(self, data):
        """A telephone is picked up, perhaps too late."""
        self.centre.feed(OfferAnswered(self.an_offer(data)))

    @rule(data=st.data(), why=st.sampled_from(RingFailure))
    def ring_fails(self, data, why):
        """A telephone rings no more, perhaps for the second time."""
        self.centre.feed(OfferFailed(self.an_offer(data), why))

    @rule(data=st.data(), by=st.sampled_from(Party))
    def talk_ends(self, data, by):
        """A talk is over, perhaps of a call that waits."""
        self.centre.feed(TalkEnded(self.a_call(data), by))

    @rule(data=st.data(), lost=st.booleans())
    def caller_goes(self, data, lost):
        """A caller hangs up, or is found gone."""
        call = self.a_call(data)
        self.centre.feed(CallLost(call, "not_found") if lost else CallerHungUp(call))

    @rule(seconds=TIMES, at_deadlines=st.booleans())
    def time_passes(self, seconds, at_deadlines):
        """Time goes on with a tick at each deadline, or with none until the next input."""
        if at_deadlines:
            self.centre.wait(seconds)
        else:
            self.centre.now += seconds


class Operators(Calls):
    """Operators come, go, pause, lose their telephones."""

    @rule(data=st.data(), what=st.sampled_from([AgentLoggedIn, AgentLoggedOut, AgentResumed, WrapUpEnded]))
    def operator_does(self, data, what):
        """An operator or a supervisor does something."""
        self.centre.feed(what(self.an_agent(data), "somebody"))

    @rule(data=st.data(), limit_s=st.sampled_from([None, PAUSE_S, WRAP_UP_S]), reason=st.sampled_from(["a", "b"]))
    def pause(self, data, limit_s, reason):
        """Somebody pauses, with a limit or without."""
        self.centre.feed(AgentPaused(self.an_agent(data), reason, "somebody", limit_s))

    @rule(
        data=st.data(),
        what=st.sampled_from([AgentBecameReachable, AgentBecameUnreachable, AgentBusyElsewhere, AgentFreeElsewhere]),
    )
    def telephone_does(self, data, what):
        """Something befalls a telephone."""
        self.centre.feed(what(self.an_agent(data)))

    @rule(data=st.data(), known=st.booleans(), ago=st.sampled_from([0.0, 30.0]))
    def talk_is_found(self, data, known, ago):
        """Asterisk shows a talk."""
        call = self.a_call(data) if known else self.new_call()
        now = self.centre.now
        answered = data.draw(st.sampled_from([None, Instant(now - ago)]))
        who = self.an_agent(data)
        self.centre.feed(TalkFound(call, Q1, who, call, Instant(now - 2 * ago), answered))


def staff(*names, **more):
    """Operators of both lines."""
    return tuple(AgentPolicy(AgentId(name), (Q1, Q2), **more) for name in names)


class OneOperator(Operators):
    """Timers and marks: everything happens to one operator, who is there from the start."""

    staff = staff("1", pause_after_misses=3)

    def __init__(self):
        super().__init__()
        self.centre.log_in("1")

    @rule()
    def answer_whatever_rings(self):
        """The operator picks up."""
        for offer in list(self.centre.ledger.ringing):
            self.centre.feed(OfferAnswered(offer))

    @rule()
    def end_whatever_is_talked(self):
        """The caller hangs up."""
        for call, state in list(self.centre.ledger.live.items()):
            if state == "talking":
                self.centre.feed(CallerHungUp(call))


class ManyOffers(Calls):
    """Offers that fail, race and pass from one to the next: three operators who are always there."""

    staff = staff("1", "2", "3", pause_after_misses=0, back_off_no_answer_s=0.0)

    def __init__(self):
        super().__init__()
        self.centre.log_in("1", "2", "3")

    @rule(data=st.data())
    def call_of_many(self, data):
        """Several callers at once, and Asterisk hears of an offer twice."""
        for _ in range(3):
            self.centre.call(self.new_call(), Q1)
        self.centre.feed(OfferRang(self.an_offer(data)))


class TwoLines(Operators):
    """Two lines that share operators, and a configuration that changes under them."""

    queues = (
        QueuePolicy(Q1, TARGET_S, MAX_S, "out", RING_S, WRAP_UP_S, MIN_TALK_S),
        QueuePolicy(Q2, 20.0, TARGET_S, "out", RING_S, 0.0, MIN_TALK_S, weight=2.0),
    )
    staff = (*staff("1", "2"), AgentPolicy(AgentId("3"), (Q2,)))

    def __init__(self):
        super().__init__()
        self.centre.log_in("1", "3")

    @rule(data=st.data())
    def reload(self, data):
        """Lines and operators come and go, norms change."""
        queues = data.draw(st.lists(st.sampled_from(self.queues), unique=True))
        agents = data.draw(st.lists(st.sampled_from(self.staff), unique=True))
        self.centre.feed(PoliciesLoaded(tuple(queues), tuple(agents)))


class EverySetting(TwoLines):
    """Lines with lanes, several telephones, patience, kept places, keys; supervisors and call-backs in between."""

    queues = (
        QueuePolicy(
            Q1,
            TARGET_S,
            MAX_S,
            "out",
            RING_S,
            WRAP_UP_S,
            MIN_TALK_S,
            ring_at_once=2,
            ring_more_every_s=5.0,
            skills=(Skill("s", 2),),
            steps=(Say(5.0, "p", 10.0), Widen(WRAP_UP_S, 2), Relax(RING_S, (Skill("s"),)), MoveTo(PAUSE_S, Q2)),
            on_join=(JoinRule(JoinCondition.LINE_TOO_LONG, "x", 4), JoinRule(JoinCondition.CLOSED, "y")),
            keys=(KeyRule("0", "duty"), KeyRule("1", callback=True)),
            last_agent_wait_s=BACK_OFF_S,
            redial_s=WRAP_UP_S,
        ),
        QueuePolicy(
            Q2,
            20.0,
            TARGET_S,
            "out",
            RING_S,
            0.0,
            MIN_TALK_S,
            weight=2.0,
            strategy=Strategy.ROUND_ROBIN,
            ring_at_once=0,
            ring_past_max_wait=True,
            steps=(LeaveFor(PAUSE_S, "voice"), MoveTo(PAUSE_S / 2, Q1)),
        ),
    )
    staff = (
        AgentPolicy(AgentId("1"), (Q1, Q2), skills=(Skill("s", 2),)),
        AgentPolicy(AgentId("2"), (Q1, Q2), levels=(2, 1), skills=(Skill("s"),), logout_after_pause_s=PAUSE_S),
        AgentPolicy(AgentId("3"), (Q1,), pause_after_misses=0, logout_unreachable_s=PAUSE_S),
    )

    def __init__(self):
        super().__init__()
        self.centre.log_in("2")

    @rule(data=st.data(), key=st.sampled_from("019"))
    def key(self, data, key):
        """A key is pressed."""
        self.centre.feed(KeyPressed(self.a_call(data), key))

    @rule(data=st.data(), priority=st.sampled_from([0, 1]), queue=st.sampled_from([Q1, Q2]), which=st.integers(0, 2))
    def supervise(self, data, priority, queue, which):
        """A supervisor does something to a call."""
        call = self.a_call(data)
        events = (
            CallGivenTo(call, self.an_agent(data), "s"),
            CallMovedTo(call, queue, "s"),
            PrioritySet(call, priority, "s"),
        )
        self.centre.feed(events[which])

    @rule(data=st.data(), known=st.booleans(), somebody=st.booleans(), due_in=st.sampled_from([-20.0, 15.0]))
    def call_back(self, data, known, somebody, due_in):
        """A call-back is due, or told again in another way."""
        call = self.a_call(data) if known else self.new_call()
        who = self.an_agent(data) if somebody else None
        self.centre.feed(CallbackDue(call, Q1, "+7", Instant(self.centre.now + due_in), 0, who))

    @rule(data=st.data(), which=st.integers(0, 2))
    def call_back_ends(self, data, which):
        """A call-back is withdrawn, a caller placed or booked."""
        call = self.a_call(data)
        placed = CallPlaced(call, Instant(self.centre.now - 30), self.an_agent(data))
        self.centre.feed((CallbackWithdrawn(call), placed, CallBooked(call))[which])

    @rule(data=st.data())
    def call_prefers(self, data):
        """A caller of before calls again and would like his operator."""
        who = self.an_agent(data)
        call = self.new_call()
        self.centre.feed(CallArrived(call, Q1, "7900", Instant(self.centre.now), preferred=who))

    @rule(data=st.data(), patience_s=st.sampled_from([1.0, RING_S, 90.0]), count=st.integers(1, 3))
    def a_caller_is_handed_on(self, data, patience_s, count):
        """He waits for some operators one after the other, who may be anything or nobody."""
        turns = tuple(
            Turn(self.an_agent(data), patience_s, "transferred", at_once=data.draw(st.booleans())) for _ in range(count)
        )
        call = self.new_call()
        self.centre.feed(CallArrived(call, Q1, "7901", Instant(self.centre.now), turns=turns))

    @rule(data=st.data(), opens=st.booleans(), extra_s=st.sampled_from([5.0, PAUSE_S]))
    def small_things(self, data, opens, extra_s):
        """Hours begin and end, wrap-ups are extended, somebody comes for one call."""
        self.centre.feed(LineOpened(Q1, opens))
        self.centre.feed(WrapUpExtended(self.an_agent(data), "x", extra_s))
        self.centre.feed(QuestioningMarked(self.an_agent(data), "x"))
        self.centre.feed(AgentResumed(self.an_agent(data), "x", once=True))


class FirstComeFirstServed(Calls):
    """One line, one class, one operator without back-off: nobody is ever overtaken."""

    staff = staff("1", pause_after_misses=0, back_off_no_answer_s=0.0, back_off_busy_s=0.0, back_off_refused_s=0.0)

    def __init__(self):
        super().__init__()
        self.centre.log_in("1")

    @rule(seconds=TIMES, at_deadlines=st.just(True))
    def time_passes(self, seconds, at_deadlines):
        """A tick at each deadline, so that a step holds either what was due or one input."""
        self.centre.wait(seconds)

    @invariant()
    def nobody_is_overtaken(self):
        """Whoever was offered in the last step stood before all who are still eligible."""
        order = self.centre.waiting(Q1)
        for fact in self.centre.steps[-1].facts:
            if isinstance(fact, CallOffered) and fact.call in order:
                ahead = order[: order.index(fact.call)]
                assert not {call for call in ahead if self.centre.call_state(call) == "waiting"}


TestOneOperator = OneOperator.TestCase
TestOneOperator.settings = PROMISES
TestManyOffers = ManyOffers.TestCase
TestManyOffers.settings = PROMISES
TestTwoLines = TwoLines.TestCase
TestTwoLines.settings = PROMISES
TestEverySetting = EverySetting.TestCase
TestEverySetting.settings = PROMISES
TestFirstComeFirstServed = FirstComeFirstServed.TestCase
TestFirstComeFirstServed.settings = PROMISES
