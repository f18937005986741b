"""Whatever breaks, rings, answers, fails, restarts or crosses in whatever order, the promises hold.

Several small machines bite where one large one does not: one number and every message; several numbers on two lines;
and many breaks with hardly an operator.
"""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from callback.ids import RequestId, attempt_call
from callback.inputs import (
    AttemptFailed,
    BreakFound,
    BreakReported,
    CallbackAsked,
    CallbackCancelled,
    CallbackClosed,
    CallerAnswered,
    CallerDialled,
    CallerRang,
    CapacityChanged,
    ChannelsChanged,
    NumberBarred,
    NumberFreed,
    NumbersLoaded,
    OutcomeGiven,
    PlaceExchanged,
)
from callback.kinds import AttemptFailure, BarScope, Leg, LiveStage, Origin, TalkOutcome
from callback.policy import CallbackPolicy, Spacing
from callback.request import ListCall
from callback.states import FINAL, RequestState
from queue_engine.facts import (
    AbandonStage,
    CallAbandoned,
    CallAccepted,
    CallAnswered,
    CallDied,
    CallEnded,
    CallOffered,
    CallOverflowed,
    CallRecovered,
    OfferMissed,
)
from queue_engine.ids import AgentId, CallId, Instant, OfferId, QueueName
from queue_engine.inputs import Party, RingFailure
from tests.callback.centre import ANNA, BORIS, LINE, OTHER_LINE, START
from tests.callback.world import World

SPACING = Spacing(
    busy_s=60.0,
    no_answer_s=300.0,
    unreachable_s=120.0,
    refused_s=90.0,
    left_s=30.0,
    machine_s=200.0,
    no_line_max_s=600.0,
)
GRID_S = st.sampled_from([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 10.0, 12.0, 15.0, 30.0, 45.0, 60.0, 90.0, 300.0, 4000.0])
FAILURES = st.sampled_from(AttemptFailure)
BY_BRIDGE = [CallerDialled, CallerRang, CallerAnswered]


class AnyDay(RuleBasedStateMachine):
    """Callers, operators, trunks and restarts in any order."""

    numbers = ("+79000000001", "+79000000002")
    queues = (LINE, OTHER_LINE)
    first_leg = Leg.CALLER

    def __init__(self) -> None:
        super().__init__()
        self.world = World(
            tuple(
                CallbackPolicy(
                    queue,
                    spacing=SPACING,
                    first_leg=self.first_leg,
                    max_per_number_day=5,
                    max_per_hour=6,
                    max_open=3,
                    give_up_after_s=20_000.0,
                    permitted_minutes=((0, 5_000), (6_000, 10_080)),
                )
                for queue in self.queues
            )
        )
        self.calls = 0
        self.operators: int | None = None

    @rule(data=st.data(), shown=st.sampled_from(["", "x", "+18765551234", None, None, None, None]))
    def somebody_calls(self, data: st.DataObject, shown: str | None):
        """Somebody calls."""
        number = data.draw(st.sampled_from(self.numbers)) if shown is None else shown
        queue = data.draw(st.sampled_from(self.queues))
        self.calls += 1
        call = CallId(f"a-{self.calls}.1")
        self.world.fact(CallAccepted(self.world.now, call, queue, number, self.world.now, 0))
        self.world.live[call] = number, queue

    @precondition(lambda self: self.world.live)
    @rule(data=st.data(), agent=st.sampled_from([ANNA, BORIS]))
    def a_caller_is_answered(self, data: st.DataObject, agent: AgentId):
        """A caller is answered."""
        call = data.draw(st.sampled_from(sorted(self.world.live)))
        self.world.talking.add(call)
        self.world.fact(CallAnswered(self.world.now, call, self.world.live[call][1], None, agent, 1.0))

    @precondition(lambda self: self.world.talking)
    @rule(
        data=st.data(),
        by=st.sampled_from(Party),
        cause=st.sampled_from([16, 16, 44]),
        talked_s=st.sampled_from([2.0, 99.0]),
        agent=st.sampled_from([ANNA, BORIS]),
    )
    def a_talk_ends(self, data: st.DataObject, by: Party, cause: int, talked_s: float, agent: AgentId):
        """A talk ends."""
        call = data.draw(st.sampled_from(sorted(self.world.talking)))
        number, queue = self.world.live.pop(call)
        self.world.talking.discard(call)
        self.world.fact(CallEnded(self.world.now, call, queue, number, agent, by, cause, 1.0, talked_s))

    @precondition(lambda self: self.world.live.keys() - self.world.talking)
    @rule(data=st.data(), waited_s=st.sampled_from([3.0, 30.0]), how=st.sampled_from(["left", "died", "overflowed"]))
    def a_caller_leaves(self, data: st.DataObject, waited_s: float, how: str):
        """A caller leaves."""
        call = data.draw(st.sampled_from(sorted(self.world.live.keys() - self.world.talking)))
        number, queue = self.world.live.pop(call)
        now = self.world.now
        match how:
            case "left":
                self.world.fact(CallAbandoned(now, call, queue, number, AbandonStage.WAITING, waited_s, 16))
            case "died":
                self.world.fact(CallDied(now, call, queue, number, "lost", waited_s))
            case _:
                self.world.fact(CallOverflowed(now, call, queue, "hangup", "max_wait", waited_s))

    @precondition(lambda self: self.world.live.keys() - self.world.talking)
    @rule(data=st.data())
    def a_place_is_exchanged(self, data: st.DataObject):
        """A place is exchanged."""
        call = data.draw(st.sampled_from(sorted(self.world.live.keys() - self.world.talking)))
        number, queue = self.world.live[call]
        refused = self.world.book.refusal(queue, number, self.world.now)
        self.world.tell(PlaceExchanged(call, queue, number, Instant(self.world.now + 40)))
        assert (refused is None) == (call not in self.world.live), "what was offered must be kept"

    @rule(
        data=st.data(),
        origin=st.sampled_from([Origin.WEB, Origin.BOOKED]),
        in_s=GRID_S,
        agent=st.none() | st.just(ANNA),
    )
    def a_call_back_is_asked_for(self, data: st.DataObject, origin: Origin, in_s: float, agent: AgentId | None):
        """A call back is asked for."""
        number, queue = data.draw(st.sampled_from(self.numbers)), data.draw(st.sampled_from(self.queues))
        due_at = Instant(self.world.now + in_s) if origin is Origin.BOOKED else None
        self.world.tell(CallbackAsked(queue, number, "somebody", origin, due_at, agent))

    @rule(data=st.data(), menu=st.sampled_from(["", "survey"]), first=st.sampled_from([None, *Leg]), in_s=GRID_S)
    def a_list_calls(self, data: st.DataObject, menu: str, first: Leg | None, in_s: float):
        """A call list has a contact called."""
        number, queue = data.draw(st.sampled_from(self.numbers)), data.draw(st.sampled_from(self.queues))
        expires_at = Instant(self.world.now + in_s)
        of_list = ListCall(len(self.world.rows), -1, first, menu)
        self.world.tell(CallbackAsked(queue, number, "list", Origin.LIST, listed=of_list, expires_at=expires_at))

    @rule(data=st.data(), scope=st.none() | st.sampled_from(BarScope))
    def a_number_is_barred_or_freed(self, data: st.DataObject, scope: BarScope | None):
        """Somebody does not want our calls, or does again."""
        number = data.draw(st.sampled_from(self.numbers))
        if scope is None:
            self.world.barred.pop(number, None)
            self.world.tell(NumberFreed(number))
        else:
            self.world.barred[number] = scope
            self.world.tell(NumberBarred(number, scope, "101"))

    @rule(data=st.data(), ago_s=GRID_S)
    def a_break_is_found(self, data: st.DataObject, ago_s: float):
        """A break is found."""
        number, queue = data.draw(st.sampled_from(self.numbers)), data.draw(st.sampled_from(self.queues))
        self.calls += 1
        ended_at = Instant(self.world.now - ago_s)
        call = CallId(f"a-{self.calls}.1")
        self.world.tell(BreakFound(call, queue, number, ended_at, 1.0, 60.0, Party.CALLER, 44, ANNA))

    @rule(agent=st.sampled_from([ANNA, BORIS]))
    def an_operator_reports_a_break(self, agent: AgentId):
        """An operator reports a break."""
        self.world.tell(BreakReported(agent, agent))

    @precondition(lambda self: self.world.items.keys() - self.world.kept.keys())
    @rule(data=st.data(), agent=st.sampled_from([ANNA, BORIS]))
    def an_operator_is_kept(self, data: st.DataObject, agent: AgentId):
        """An operator is kept."""
        call = data.draw(st.sampled_from(sorted(self.world.items.keys() - self.world.kept.keys())))
        self.world.keep_operator(call, self.world.items[call].agent or agent)
        legs = self.world.legs.get(call)
        if legs is not None and legs.stage is LiveStage.CONNECTED:
            self.world.talk(call)

    @precondition(lambda self: self.world.kept)
    @rule(data=st.data())
    def an_operator_does_not_pick_up(self, data: st.DataObject):
        """An operator does not pick up."""
        self.world.miss(data.draw(st.sampled_from(sorted(self.world.kept))))

    @precondition(lambda self: self.in_stage(LiveStage.OPERATOR))
    @rule(data=st.data())
    def an_operator_picks_up(self, data: st.DataObject):
        """An operator picks up."""
        self.world.pick_up(data.draw(st.sampled_from(self.in_stage(LiveStage.OPERATOR))))

    @precondition(lambda self: self.in_stage(LiveStage.DIALLING))
    @rule(data=st.data(), told=st.booleans())
    def the_far_side_rings(self, data: st.DataObject, told: bool):
        """The far side rings."""
        call = data.draw(st.sampled_from(self.in_stage(LiveStage.DIALLING)))
        if told:
            self.world.tell(CallerDialled(call))
        self.world.legs[call].stage = LiveStage.RINGING
        self.world.tell(CallerRang(call))

    @precondition(lambda self: self.in_stage(LiveStage.DIALLING, LiveStage.RINGING))
    @rule(data=st.data())
    def the_caller_answers(self, data: st.DataObject):
        """The caller answers."""
        self.world.answer(data.draw(st.sampled_from(self.in_stage(LiveStage.DIALLING, LiveStage.RINGING))))

    @precondition(lambda self: self.in_stage(LiveStage.DIALLING, LiveStage.RINGING))
    @rule(data=st.data(), failure=FAILURES)
    def an_attempt_fails(self, data: st.DataObject, failure: AttemptFailure):
        """An attempt fails."""
        call = data.draw(st.sampled_from(self.in_stage(LiveStage.DIALLING, LiveStage.RINGING)))
        self.world.fail(call, failure)

    @precondition(lambda self: self.in_stage(LiveStage.CONNECTED))
    @rule(data=st.data(), left=st.booleans())
    def a_connected_caller_leaves(self, data: st.DataObject, left: bool):
        """A connected caller leaves."""
        call = data.draw(st.sampled_from(self.in_stage(LiveStage.CONNECTED)))
        legs = self.world.legs.pop(call)
        now = self.world.now
        if left:
            self.world.fact(CallAbandoned(now, call, legs.queue, legs.number, AbandonStage.WAITING, 5.0, 16))
        else:
            self.world.fact(CallOverflowed(now, call, legs.queue, "hangup", "max_wait", 5.0))

    @precondition(lambda self: self.in_stage(LiveStage.TALKING))
    @rule(data=st.data(), how=st.sampled_from(["returned", "ended", "broke"]))
    def a_call_backs_talk_ends(self, data: st.DataObject, how: str):
        """A call backs talk ends."""
        call = data.draw(st.sampled_from(self.in_stage(LiveStage.TALKING)))
        if how == "returned" and not self.world.legs[call].menu:
            self.world.return_talk(call)
        else:
            self.world.end_talk(call, 16 if how == "ended" else 44)

    @precondition(lambda self: self.world.rows)
    @rule(data=st.data(), outcome=st.sampled_from(TalkOutcome))
    def an_outcome_is_given(self, data: st.DataObject, outcome: TalkOutcome):
        """An outcome is given."""
        self.world.tell(OutcomeGiven(data.draw(st.sampled_from(sorted(self.world.rows))), outcome, "101"))

    @precondition(lambda self: self.world.rows)
    @rule(data=st.data(), said=st.sampled_from([CallbackClosed, CallbackCancelled]))
    def somebody_ends_it(self, data: st.DataObject, said: type):
        """Somebody ends it."""
        self.world.tell(said(data.draw(st.sampled_from(sorted(self.world.rows))), "supervisor"))

    @rule(operators=st.sampled_from([None, 0, 1, 2]), channels=st.sampled_from([None, 0, 1, 2]))
    def capacity_changes(self, operators: int | None, channels: int | None):
        """Capacity changes."""
        self.world.channels = channels
        self.operators = operators
        self.tell_capacity()

    @rule(seconds=GRID_S)
    def time_passes(self, seconds: float):
        """Time passes."""
        self.world.pass_time(seconds)

    @rule(data=st.data(), away_s=GRID_S)
    def the_daemon_is_killed(self, data: st.DataObject, away_s: float):
        """The daemon is killed."""
        self.world.now = Instant(self.world.now + away_s)
        self.world.restart()
        for call, (number, queue) in self.world.live.items():
            self.world.fact(CallRecovered(self.world.now, call, queue, number, START))
        for call in sorted(self.world.talking):
            self.world.fact(CallAnswered(self.world.now, call, self.world.live[call][1], None, ANNA, 1.0))
        self.world.pass_time(data.draw(GRID_S))
        self.tell_capacity()
        self.world.tell(NumbersLoaded(tuple(self.world.barred.items())))
        assert not self.world.items, "something was done before Asterisk had said what it holds"
        self.world.resynchronise()

    @rule(data=st.data(), failure=FAILURES)
    def something_stale_is_told(self, data: st.DataObject, failure: AttemptFailure):
        """Something stale is told."""
        known = sorted(self.world.rows) or [RequestId(1)]
        request = data.draw(st.sampled_from([*known, RequestId(99)]))
        present = self.world.rows[request].attempt if request in self.world.rows else 1
        call = attempt_call(request, data.draw(st.sampled_from([0, max(present - 1, 0), present + 1])))
        now = self.world.now
        for told in BY_BRIDGE:
            self.world.tell(told(call))
        self.world.tell(AttemptFailed(call, failure))
        self.world.fact(CallOffered(now, call, LINE, OfferId(0), ANNA, 0.0))
        self.world.fact(OfferMissed(now, call, LINE, OfferId(0), ANNA, RingFailure.BUSY, 0.0))
        self.world.fact(CallAbandoned(now, call, LINE, "", AbandonStage.WAITING, 5.0, 16))

    @invariant()
    def all_is_in_step(self):
        """All is in step."""
        self.world.check()

    def tell_capacity(self) -> None:
        """Say how many operators and channels there are, as the shell does at a change and after a start."""
        self.world.tell(ChannelsChanged(self.world.channels))
        for queue in self.queues:
            self.world.tell(CapacityChanged(queue, self.operators))

    def in_stage(self, *stages: LiveStage) -> list[CallId]:
        """Return the attempts whose legs are in one of these stages."""
        return sorted(call for call, legs in self.world.legs.items() if legs.stage in stages)

    def teardown(self):
        """However the day went, everything owed ends: in a talk, the full number of attempts, or with a reason."""
        world = self.world
        world.tell(NumbersLoaded(tuple(world.barred.items())))
        world.resynchronise()
        for call in self.in_stage(LiveStage.TALKING):
            world.end_talk(call, 16)
        for call, (number, queue) in list(world.live.items()):
            del world.live[call]
            world.fact(CallAbandoned(world.now, call, queue, number, AbandonStage.WAITING, 1.0, 16))
        for _ in range(40):
            for call in list(world.legs):
                world.fail(call, AttemptFailure.BUSY)
            world.pass_time(600.0)
        assert {row.state for row in world.rows.values()} <= FINAL
        for row in world.rows.values():
            assert row.ended_at is not None
            assert (row.reason is None) == (row.state in {RequestState.DONE, RequestState.MERGED})


class OneNumber(AnyDay):
    """One caller, one line, the operator's telephone first: every message meets every state."""

    numbers = ("+79000000001",)
    queues = (LINE,)
    first_leg = Leg.OPERATOR


TestAnyDay = AnyDay.TestCase
TestAnyDay.settings = settings(
    max_examples=100,
    derandomize=True,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestOneNumber = OneNumber.TestCase
TestOneNumber.settings = settings(
    max_examples=100,
    derandomize=True,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    pauses=st.lists(st.sampled_from([0.0, 0.5, 1.0, 5.0, 11.0, 15.0]), min_size=1, max_size=25),
    kept=st.sets(st.integers(0, 24), max_size=4),
    first_leg=st.sampled_from(Leg),
    same=st.booleans(),
)
def test_deadlines_hold_with_operators_scarce(pauses: list[float], kept: set[int], first_leg: Leg, same: bool):
    """Breaks in any number, operators for hardly any of them: every first attempt starts within the limit."""
    world = World((CallbackPolicy(LINE, first_leg=first_leg, max_per_hour=1000),))
    for visit, pause_s in enumerate(pauses):
        number = f"+790000000{visit:02}"
        call = CallId(f"a-{visit}.1")
        if same:
            world.fact(CallEnded(world.now, call, LINE, number, ANNA, Party.CALLER, 44, 1.0, 60.0))
        else:
            world.fact(CallAbandoned(world.now, call, LINE, number, AbandonStage.WAITING, 30.0, 16))
        if visit in kept:
            world.keep_operator(attempt_call(RequestId(visit + 1), 1), ANNA)
        _pass_and_dial(world, pause_s)
    for _ in range(15):
        _pass_and_dial(world, 1.0)
    assert len(world.starts) == world.owed == len(pauses)
    assert all(start.within_limit for start in world.starts)
    assert not world.late


def _pass_and_dial(world: World, seconds: float) -> None:
    """Let time pass; every ordered leg to a caller leaves the house at once, as a trunk that is up does."""
    until = world.now + seconds
    while True:
        for call, legs in list(world.legs.items()):
            if legs.stage is LiveStage.DIALLING:
                legs.stage = LiveStage.RINGING
                world.tell(CallerDialled(call))
        due = world.book.next_deadline()
        if due is None or due > until:
            break
        world.pass_time(due - world.now)
    world.pass_time(max(0.0, until - world.now))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    queue=st.sampled_from([LINE, QueueName("none")]),
    shown=st.text(max_size=20) | st.sampled_from(["+79000000001"]),
    call=st.text(max_size=12) | st.sampled_from(["callback-1-1", "callback-99999999999999999999-1"]),
)
def test_nothing_that_is_shown_raises(queue: QueueName, shown: str, call: str):
    """Callers send any number and any id; the book records and goes on."""
    world = World((CallbackPolicy(LINE),))
    for _ in range(2):
        world.fact(CallAccepted(world.now, CallId(call), queue, shown, world.now, 0))
        world.fact(CallEnded(world.now, CallId(call), queue, shown, ANNA, Party.CALLER, 44, 1.0, 60.0))
