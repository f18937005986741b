"""What callers and telephones do is drawn from a seed, and only from it."""

import random

from acd.lab.demo import DemoPlan
from acd.lab.plans import Caller, Kind, arriving, exponential, lognormal


def test_same_seed_same_play():
    """Two plans of one seed are equal call by call; another seed gives another play."""
    assert DemoPlan(seed=7).calls() == DemoPlan(seed=7).calls()
    assert DemoPlan(seed=7).answers() == DemoPlan(seed=7).answers()
    assert DemoPlan(seed=7).calls() != DemoPlan(seed=8).calls()


def test_callers_arrive_in_order_within_their_time():
    """Arrivals are sorted instants of the interval, one for each caller."""
    callers = arriving([Caller(str(number)) for number in range(50)], random.Random(1), 10_000)
    instants = [caller.at_ms for caller in callers]
    assert instants == sorted(instants)
    assert all(0 <= at_ms < 10_000 for at_ms in instants)
    assert [caller.number for caller in callers] == [str(number) for number in range(50)]


def test_every_caller_has_a_number_of_his_own():
    """The comparison with the records tells callers apart by number."""
    numbers = [caller.number for caller in DemoPlan(callers=500).calls()]
    assert len(set(numbers)) == 500


def test_demonstration_has_all_kinds_of_people():
    """Refusals, silences, answers, patient and impatient callers all occur with the default seed."""
    plan = DemoPlan()
    assert {answer.kind for answer in plan.answers()} == {Kind.ANSWER, Kind.REFUSE, Kind.SILENT}
    patience = [caller.patience_ms for caller in plan.calls()]
    assert min(patience) < 5_000
    assert max(patience) > 120_000


def test_durations_stay_within_their_bounds():
    """However long the tail of a distribution is, a drawn duration is cut to its range."""
    source = random.Random(3)
    drawn = [exponential(source, 1000, least_ms=300, most_ms=2000) for _ in range(1000)]
    assert (min(drawn), max(drawn)) == (300, 2000)
    assert max(lognormal(source, 1000, sigma=2.0, most_ms=5000) for _ in range(1000)) == 5000


def test_from_header_carries_whatever_the_plan_says():
    """A hostile display name or user reaches the wire as it was written."""
    assert Caller("79001112233").from_header("127.0.0.2") == "<sip:79001112233@127.0.0.2>"
    hostile = Caller("1", display='"a&b,${X}"', user="${SHELL(id)}")
    assert hostile.from_header("127.0.0.2") == '"a&b,${X}" <sip:${SHELL(id)}@127.0.0.2>'
