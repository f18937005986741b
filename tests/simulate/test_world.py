"""The world around the engine: repeatable, nothing lost, counted as the records count."""

from collections import defaultdict

import pytest

from acd.simulate.callers import stream
from acd.simulate.durations import Constant, Exponential, Lognormal
from acd.simulate.roster import Roster, by_numbers
from acd.simulate.scenario import CallBacks, Redial, Telephones, Traffic
from acd.simulate.setting import Setting, with_drawn_wrap_up
from acd.simulate.tally import histogram
from acd.simulate.world import World
from callback.policy import CallbackPolicy
from metrics.counts import CallCounts, counts_of
from metrics.norms import Norms, Standard
from metrics.records.derive_calls import call_after
from queue_engine.facts import AgentState, AgentStateChanged, CallOffered, Fact, OfferMissed
from queue_engine.ids import AgentId, QueueName
from queue_engine.inputs import AgentLoggedIn, AgentLoggedOut, AgentPaused
from queue_engine.policy import AgentPolicy, QueuePolicy, Strategy
from tests.simulate.lines import LINE, START, seeded

SECOND_LINE = QueueName("123")
HOUR = 3600.0


def busy(
    seed: int = 1,
    *,
    operators: int = 8,
    call_backs: bool = False,
    strategy: Strategy = Strategy.LONGEST_IDLE,
    ring_at_once: int = 1,
    watch=None,
) -> World:
    """Return a line with everything that there is: impatience, redials, misses, a second line, wrap-up, a pause."""
    line = QueuePolicy(
        LINE, ring_s=15.0, at_max_wait="second", wrap_up_s=20.0, strategy=strategy, ring_at_once=ring_at_once
    )
    other = QueuePolicy(SECOND_LINE, ring_s=15.0)
    agents = [AgentPolicy(AgentId(f"10{n}"), (LINE, SECOND_LINE)) for n in range(operators)]
    roster = by_numbers([operators, operators + 2], [START, START + HOUR / 2], agents, [LINE])
    pause = (START + 600.0, AgentPaused(AgentId("100"), "lunch", "plan", 900.0))
    planned = tuple(sorted((*roster.planned, pause), key=lambda each: each[0]))
    roster, queues = with_drawn_wrap_up(Roster(roster.agents, planned), (line, other), {LINE})
    traffic = Traffic(
        calls=(0.0,) * 24,
        talk=Lognormal(kind="lognormal", mean_s=120.0, cv=1.0),
        wrap_up=Exponential(kind="exponential", mean_s=20.0),
        patience=Exponential(kind="exponential", mean_s=150.0),
        redial=Redial(share=0.5, after=Exponential(kind="exponential", mean_s=60.0)),
        greeting_s=6.0,
        broken_share=0.03,
    )
    setting = Setting(
        queues,
        roster,
        Standard(Norms()),
        Telephones(no_answer_share=0.04, busy_share=0.02, unreachable_share=0.01),
        {"second": SECOND_LINE},
        count_from=START + 300.0,
        call_backs=CallBacks() if call_backs else None,
        call_back_policies=(CallbackPolicy(LINE), CallbackPolicy(SECOND_LINE)),
    )
    numbers = (f"+79{number:09}" for number in range(10**9))
    generators = seeded(seed)
    callers = stream(traffic, LINE, [(START, START + HOUR, 400.0)], generators, numbers)
    return World(setting, [callers], generators, watch)


@pytest.mark.parametrize("strategy", [Strategy.LONGEST_IDLE, Strategy.RANDOM])
def test_one_seed_is_one_day(strategy):
    """The same seed gives the same facts to the last digit; another seed gives others."""
    told: dict[int, list[Fact]] = defaultdict(list)
    outcomes = [busy(seed, strategy=strategy, watch=told[place].append).run() for place, seed in enumerate((5, 5, 6))]
    assert told[0] == told[1]
    assert outcomes[0] == outcomes[1]
    assert told[0] != told[2]


@pytest.mark.parametrize("operators", [1, 3, 8, 14])
@pytest.mark.parametrize("call_backs", [False, True])
def test_no_call_is_lost(operators, call_backs):
    """Whoever comes goes, by exactly one end, however few the operators."""
    outcome = busy(operators=operators, call_backs=call_backs).run()
    total = outcome.total
    assert outcome.came == outcome.went > 300
    assert total.accepted == total.answered + total.abandoned + total.overflowed + total.died


@pytest.mark.parametrize("ring_at_once", [1, 3])
def test_sums_are_those_of_the_records(ring_at_once):
    """Rows derived from the same facts, counted one by one as the reports do, give the same counts."""
    rows = {}

    def see(fact: Fact) -> None:
        call = getattr(fact, "call", None)
        if call is not None and not isinstance(fact, AgentStateChanged):
            row = call_after(rows.get(call), fact)
            if row is not None:
                rows[call] = row

    outcome = busy(watch=see, ring_at_once=ring_at_once).run()
    counted = sum(
        (counts_of(row, Norms()) for row in rows.values() if row.entered_at >= START + 300.0),
        CallCounts(),
    )
    total = outcome.total
    for name in CallCounts.__slots__:
        assert getattr(total, name) == pytest.approx(getattr(counted, name)), name


def test_the_day_is_as_lively_as_it_should_be():
    """Misses, redials, overflows to the second line and pauses all happen in the day that the other tests trust."""
    facts: list[Fact] = []
    outcome = busy(watch=facts.append, operators=4).run()
    total = outcome.total
    assert min(total.answered, total.abandoned, total.overflowed, total.missed_offers) > 0
    assert any(isinstance(fact, OfferMissed) for fact in facts)
    assert {queue for queue, _ in outcome.by_slot} == {LINE, SECOND_LINE}
    changes = [fact for fact in facts if isinstance(fact, AgentStateChanged)]
    assert {AgentState.WRAP_UP, AgentState.PAUSED, AgentState.BACK_OFF} <= {fact.after for fact in changes}
    assert outcome.came > 400
    assert sum(histogram(outcome.waits)) == total.answered


def test_operators_time_is_counted_whole():
    """The seconds of all states together are those between log-ins and the end."""
    facts: list[Fact] = []
    outcome = busy(watch=facts.append).run()
    ends = max(fact.at for fact in facts)
    logged_in_s = 8 * (ends - START) + 2 * (ends - START - HOUR / 2)
    assert sum(outcome.by_state.values()) == pytest.approx(logged_in_s, rel=0.01)


def test_who_is_not_reached_is_called_back():
    """Breaks and left calls become call-backs: first attempts start in time and people are reached."""
    call_backs = busy(call_backs=True, operators=6).run().call_backs
    assert call_backs.owed > 20
    assert call_backs.reached > 10
    assert call_backs.attempts >= call_backs.reached
    assert call_backs.longest_first_s <= 15.0 or call_backs.late > 0


def test_drawn_wrap_up_lasts_as_drawn():
    """Every operator is kept from the next call for exactly the time that was drawn."""
    facts: list[Fact] = []
    line = QueuePolicy(LINE)
    roster, queues = with_drawn_wrap_up(by_numbers([2], [START], (), [LINE]), (line,), {LINE})
    traffic = Traffic(calls=(0.0,) * 24, talk=Constant(mean_s=50.0), wrap_up=Constant(mean_s=7.0))
    setting = Setting(queues, roster, Standard(), Telephones(answer=Constant(mean_s=0.0)))
    callers = stream(traffic, LINE, [(START, START + HOUR, 40.0)], seeded(1), (f"+79{n:09}" for n in range(10**9)))
    World(setting, [callers], seeded(1), facts.append).run()
    rests = [
        fact.before_s for fact in facts if isinstance(fact, AgentStateChanged) and fact.before is AgentState.WRAP_UP
    ]
    assert rests == pytest.approx([7.0] * len(rests))
    assert len(rests) > 20


def test_who_goes_off_duty_finishes_his_talk():
    """Fewer operators from an instant on: nobody is cut off, and no new call is offered to who has gone."""
    facts: list[Fact] = []
    roster = by_numbers([5, 1], [START, START + HOUR / 2], (), [LINE])
    assert [type(told) for _, told in roster.planned] == [AgentLoggedIn] * 5 + [AgentLoggedOut] * 4
    traffic = Traffic(calls=(0.0,) * 24, talk=Constant(mean_s=100.0))
    setting = Setting((QueuePolicy(LINE, max_wait_s=600.0),), roster, Standard())
    callers = stream(traffic, LINE, [(START, START + HOUR, 100.0)], seeded(1), (f"+79{n:09}" for n in range(10**9)))
    outcome = World(setting, [callers], seeded(1), facts.append).run()
    gone = {told.agent for _, told in roster.planned if isinstance(told, AgentLoggedOut)}
    late = [fact for fact in facts if isinstance(fact, CallOffered) and fact.at > START + HOUR / 2]
    assert late
    assert not gone.intersection(fact.agent for fact in late)
    assert min(outcome.talks) == pytest.approx(100.0)


def test_callers_are_the_same_whatever_the_rules():
    """With one seed the same people call at the same instants for the same time, however many operators there are."""
    traffic = Traffic(calls=(0.0,) * 24, patience=Exponential(kind="exponential", mean_s=100.0))

    def draw() -> list[tuple[float, str, float, float]]:
        callers = stream(traffic, LINE, [(START, START + HOUR, 50.0)], seeded(3), (f"+79{n:09}" for n in range(10**9)))
        return [(each.at, each.number, each.talk_s, each.patience_s) for each in callers]

    assert draw() == draw()
