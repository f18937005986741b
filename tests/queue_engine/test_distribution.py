"""Which operator gets the call: strategies, levels, skills, several telephones at once."""

import random
from collections import Counter

import pytest

from queue_engine.effects import OfferCall, WithdrawOffer
from queue_engine.facts import AgentState, CallAnswered, CallEnded, OfferMissed, OfferWithdrawn, ReachWidened
from queue_engine.ids import CallId
from queue_engine.inputs import AgentLoggedOut, CallerHungUp, GreetingEnded, OfferAnswered, OfferFailed, RingFailure
from queue_engine.policy import AgentPolicy, QueuePolicy, Relax, Skill, Strategy, Widen
from tests.queue_engine.centre import LINE, Centre, agent, of


def serve(centre, call, talk_s):
    """Let the call be offered, answered, talked and ended; return who served it."""
    centre.call(call)
    (who,) = centre.offers()
    centre.feed(OfferAnswered(centre.offer_of(who)))
    centre.wait(talk_s)
    centre.feed(CallerHungUp(CallId(call)))
    return who


def three(strategy, **more):
    """Three operators, logged in one second after the other, in the order 3, 1, 2."""
    policy = QueuePolicy(LINE, strategy=strategy, **more)
    centre = Centre(policy, agents=tuple(agent(name) for name in "123"))
    for name in "312":
        centre.log_in(name)
        centre.wait(1)
    return centre


@pytest.mark.parametrize(
    ("strategy", "served"),
    [
        (Strategy.LONGEST_IDLE, "312312"),
        (Strategy.FEWEST_CALLS, "312312"),
        (Strategy.LEAST_TALK, "312121"),
        (Strategy.ROUND_ROBIN, "312312"),
        (Strategy.FIXED_ORDER, "111111"),
    ],
)
def test_strategy_chooses(strategy, served):
    """Each strategy serves its own order of operators, worked out by hand for talks of 30, 10, 10, 10, 10, 10 s."""
    centre = three(strategy)
    assert "".join(serve(centre, f"c{n}", talk_s) for n, talk_s in enumerate((30, 10, 10, 10, 10, 10))) == served


def test_fewest_calls_count_from_the_login():
    """Whoever logs in anew starts from none."""
    centre = three(Strategy.FEWEST_CALLS)
    for n in range(5):
        serve(centre, f"c{n}", 5)
    centre.feed(AgentLoggedOut("3", "3"))
    centre.log_in("3")
    assert serve(centre, "x", 5) == "3"


def test_random_is_fair_and_repeatable():
    """Each of the ready operators is as likely, however long they stand there; the same seed gives the same run."""

    def run(seed):
        centre = Centre(QueuePolicy(LINE, strategy=Strategy.RANDOM), agents=tuple(agent(n) for n in "123"))
        centre.engine._floor.draw = random.Random(seed).random
        centre.log_in("1", "2", "3")
        return [serve(centre, f"c{n}", 1) for n in range(600)]

    served = run(1)
    assert served == run(1)
    assert served != run(2)
    assert all(150 < count < 250 for count in Counter(served).values())


def test_ring_all_rings_everybody_and_the_first_wins():
    """The others stop ringing as answered elsewhere, which is no miss, and keep their turn."""
    centre = three(Strategy.LONGEST_IDLE, ring_at_once=0)
    step = centre.call("a")
    (effect,) = of(step, OfferCall)
    assert [ring.agent for ring in effect.rings] == ["3", "1", "2"]
    centre.call("b")
    step = centre.feed(OfferAnswered(centre.offer_of("1")))
    assert [fact.agent for fact in of(step, CallAnswered)] == ["1"]
    assert [(fact.agent, fact.reason) for fact in of(step, OfferWithdrawn)] == [
        ("3", "answered_elsewhere"),
        ("2", "answered_elsewhere"),
    ]
    assert of(step, OfferMissed) == []
    assert centre.offers() == {"3": "b", "2": "b"}


def test_ring_all_goes_on_when_one_drops_out():
    """asterisk#1557: one refusal leaves the others ringing; the call is back in its line only after the last."""
    centre = three(Strategy.LONGEST_IDLE, ring_at_once=0)
    centre.call("a")
    step = centre.feed(OfferFailed(centre.offer_of("3"), RingFailure.REFUSED))
    assert of(step, OfferCall) == []
    assert centre.offers() == {"1": "a", "2": "a"}
    centre.feed(OfferFailed(centre.offer_of("1"), RingFailure.NO_ANSWER))
    centre.feed(OfferFailed(centre.offer_of("2"), RingFailure.NO_ANSWER))
    assert centre.call_state("a") == "waiting"
    centre.wait(2)
    assert centre.offers() == {"1": "a"}


def test_two_answer_at_once_and_one_talks():
    """asterisk#176: the second who picks up is hung up, and misses nothing."""
    centre = three(Strategy.LONGEST_IDLE, ring_at_once=0)
    centre.call("a")
    late = centre.offer_of("2")
    centre.feed(OfferAnswered(centre.offer_of("1")))
    step = centre.feed(OfferAnswered(late))
    assert [effect.offer for effect in of(step, WithdrawOffer)] == [late]
    assert (centre.state("1"), centre.state("2")) == (AgentState.TALKING, AgentState.READY)


def test_ring_two_at_once():
    """Two ring for the first call, the third for the second."""
    centre = three(Strategy.LONGEST_IDLE, ring_at_once=2)
    centre.call("a")
    centre.call("b")
    assert centre.offers() == {"3": "a", "1": "a", "2": "b"}


def test_ring_progressively_adds_one_after_the_other():
    """Each span one more telephone rings, beside those that ring already and under their old offers."""
    centre = three(Strategy.LONGEST_IDLE, ring_more_every_s=5)
    first = of(centre.call("a"), OfferCall)[0].rings
    assert of(centre.wait(4), OfferCall) == []
    (second,) = of(centre.wait(1), OfferCall)
    assert second.rings[:1] == first
    assert [ring.agent for ring in second.rings] == ["3", "1"]
    centre.wait(5)
    assert centre.offers() == {"3": "a", "1": "a", "2": "a"}
    assert of(centre.wait(5), OfferCall) == []
    centre.feed(OfferAnswered(centre.offer_of("1")))
    assert of(centre.wait(30), OfferCall) == []


def levels():
    """A line with three levels: the second after 20 s, the third after 40 s."""
    policy = QueuePolicy(LINE, steps=(Widen(20, 2), Widen(40, 3)))
    staff = tuple(AgentPolicy(name, (LINE,), levels=(level,)) for name, level in (("1", 1), ("2", 2), ("3", 3)))
    return Centre(policy, agents=staff)


def test_levels_widen_by_waiting_time():
    """D3: a call is offered to the next level when the one before has not taken it, to the instant."""
    centre = levels()
    centre.log_in("3", "2")
    centre.call("a")
    assert centre.wait(19.9).effects == ()
    step = centre.wait(0.1)
    assert [(fact.level, fact.reason) for fact in of(step, ReachWidened)] == [(2, "waited")]
    assert centre.offers() == {"2": "a"}
    centre.feed(OfferAnswered(centre.offer_of("2")))
    centre.call("b")
    assert of(centre.wait(39.9), OfferCall) == []
    centre.wait(0.1)
    assert centre.offers() == {"3": "b"}


def test_the_nearest_level_goes_first():
    """Whoever is of the first level is asked first, also when the call has waited long and others idle longer."""
    centre = levels()
    centre.log_in("3", "2")
    centre.call("a", greeted=False)
    centre.wait(50)
    centre.log_in("1")
    centre.feed(GreetingEnded(CallId("a")))
    assert centre.offers() == {"1": "a"}


def test_a_second_level_operator_takes_who_has_waited_long_before_who_came_now():
    """The head of the first lane is not his to take."""
    centre = levels()
    centre.call("old")
    centre.wait(25)
    centre.call("new", priority=9)
    centre.log_in("2")
    assert centre.offers() == {"2": "old"}


def skilled(*steps, **more):
    """A line that asks for Tatar of grade 2, and operators with grades 0, 1 and 2."""
    policy = QueuePolicy(LINE, skills=(Skill("tatar", 2),), steps=steps, **more)
    staff = (
        AgentPolicy("none", (LINE,)),
        AgentPolicy("some", (LINE,), skills=(Skill("tatar", 1),)),
        AgentPolicy("well", (LINE,), skills=(Skill("tatar", 2),)),
    )
    return Centre(policy, agents=staff)


def test_skills_are_asked_for_and_relaxed():
    """Grade 2 at first, grade 1 after 10 s, none after 30 s."""
    centre = skilled(Relax(10, (Skill("tatar", 1),)), Relax(30))
    centre.log_in("none", "some", "well")
    centre.call("a")
    assert centre.offers() == {"well": "a"}
    centre.call("b")
    centre.wait(10)
    assert centre.offers()["some"] == "b"
    centre.feed(OfferAnswered(centre.offer_of("well")))
    centre.feed(OfferAnswered(centre.offer_of("some")))
    centre.call("c")
    centre.wait(29)
    assert "none" not in centre.offers()
    centre.wait(1)
    assert centre.offers()["none"] == "c"


def test_a_skill_nobody_has_blocks_no_longer_than_the_norm():
    """At the target wait the call goes to who is there."""
    centre = skilled()
    centre.log_in("none")
    centre.call("a")
    centre.wait(59)
    assert centre.offers() == {}
    step = centre.wait(1)
    assert [(fact.skills, fact.reason) for fact in of(step, ReachWidened)] == [((), "nobody_with_the_skill")]
    assert centre.offers() == {"none": "a"}


def test_a_skill_whose_last_holder_leaves_after_the_norm_blocks_nobody():
    """Somebody with the skill was there and busy at the norm; when he goes, the others take over at once."""
    centre = skilled()
    centre.log_in("well", "none")
    centre.call("a")
    centre.call("b")
    centre.feed(OfferAnswered(centre.offer_of("well")))
    centre.wait(70)
    assert centre.call_state("b") == "waiting"
    centre.feed(AgentLoggedOut("well", "well"))
    assert of(centre.feed(CallerHungUp(CallId("a"))), CallEnded)
    assert centre.offers() == {"none": "b"}


def test_whisper_tells_line_and_wait():
    """The operator hears where the call comes from and how long the caller has waited."""
    centre = Centre(QueuePolicy(LINE, whisper=True), agents=(agent("1"),))
    centre.call("a")
    centre.wait(12)
    centre.log_in("1")
    (effect,) = of(centre.steps[-1], OfferCall)
    assert effect.whisper is not None
    assert (effect.whisper.queue, effect.whisper.waited_s) == (LINE, 12)
