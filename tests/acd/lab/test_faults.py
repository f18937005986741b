"""The comparison after a fault: each thing that can be wrong is found, and nothing is found where nothing is wrong."""

from typing import Any

import pytest

from acd.lab.addresses import Slice
from acd.lab.capture import SipMessage
from acd.lab.faults.books import Books, balance
from acd.lab.faults.plan import Fault, Trial, draw
from acd.lab.faults.seen import Ring, Story, overtaken, stories
from acd.lab.plans import Caller
from acd.lab.sipp import Step

NUMBER, SECOND = "79270000001", "79270000002"
NET = Slice("127.64.1")
TRIAL = Trial(Fault.NOTHING, 0, (), (Caller(NUMBER, patience_ms=45_000),), ())


def story(number: str = NUMBER, came_at: float = 100.0) -> Story:
    """A caller who was accepted, rang at op101, talked for two seconds and was hung up by the operator."""
    ring = Ring(came_at + 1.0, "op101", came_at + 2.0, came_at + 4.0)
    return Story(number, came_at, came_at, came_at + 4.0, left_himself=False, rings=[ring])


def row(**how: Any) -> dict[str, Any]:
    """The record of that call."""
    usual = {"call": "a-1", "caller": NUMBER, "kind": "incoming", "ended_at": 104.0, "outcome": "answered"}
    return usual | {"waited_s": 2.0, "talked_s": 2.0} | how


def books(**how: Any) -> Books:
    """Books that agree with the story."""
    usual: dict[str, Any] = {
        "calls": [row()],
        "facts": [{"run": "r", "seq": 1, "kind": "CallAccepted", "call": "a-1"}],
        "offers": [],
        "call_backs": [],
        "attempts": [],
        "agents": {"101": "ready"},
        "channels": 0,
    }
    return Books(**(usual | how))


def found(story_: Story = story(), end: str = "served", **how: Any) -> dict[str, int]:  # noqa: B008 - never changed
    """Return how many findings of each kind there are."""
    result = balance(TRIAL, [Step(end, NUMBER, "1")], {NUMBER: story_}, books(**how), ())
    kinds = ("lost", "doubled", "wrong", "stuck", "disordered", "late")
    return {kind: len(texts) for kind in kinds if (texts := getattr(result, kind))}


def test_books_that_balance_have_no_findings():
    """One caller, one talk, one record."""
    assert found() == {}


def test_call_without_a_record_is_lost():
    """Asterisk accepted it and nobody wrote it down."""
    assert found(calls=[]) == {"lost": 1}


def test_caller_who_was_dropped_before_anybody_spoke_to_him_is_lost():
    """The record agrees, and that does not help him."""
    dropped = Story(NUMBER, 100.0, 100.0, 103.0)
    assert found(dropped, calls=[row(outcome="abandoned")]) == {"lost": 1}


def test_patient_caller_who_gave_up_is_lost():
    """He waited for three quarters of a minute with operators free."""
    gave_up = Story(NUMBER, 100.0, 100.0, 145.0, left_himself=True)
    assert found(gave_up, "left", calls=[row(outcome="abandoned")]) == {"lost": 1}


def test_fact_that_is_missing_is_lost():
    """Facts of a run are numbered without gaps."""
    assert found(facts=[{"run": "r", "seq": 2, "kind": "CallAccepted", "call": "a-1"}]) == {"lost": 1}


def test_second_record_or_second_end_is_double():
    """One visit has one record, and ends once."""
    assert found(calls=[row(), row(call="a-2")]) == {"doubled": 1}
    ends = [{"run": "r", "seq": n, "kind": kind, "call": "a-1"} for n, kind in ((1, "CallEnded"), (2, "CallDied"))]
    assert found(facts=ends) == {"doubled": 1}


@pytest.mark.parametrize("how", [{"outcome": "abandoned"}, {"talked_s": 9.0}, {"waited_s": 9.0}])
def test_record_that_tells_something_else_is_wrong(how):
    """The wire knows who talked, and for how long."""
    assert found(calls=[row(**how)]) == {"wrong": 1}


def test_sipp_and_the_wire_must_agree():
    """Who ended the call is seen by both."""
    assert found(end="left") == {"wrong": 1}


@pytest.mark.parametrize(
    "how",
    [
        {"agents": {"101": "ringing"}},
        {"channels": 2},
        {"offers": [{"offer": 1, "result": None}]},
        {"calls": [row(ended_at=None)]},
    ],
)
def test_what_does_not_come_to_rest_is_stuck(how):
    """An operator, a channel, an offer, a call."""
    assert found(**how) == {"stuck": 1}


def test_call_back_that_nobody_made_is_late():
    """Owed, and neither made nor given up."""
    owed = {"request": 1, "number": f"+{NUMBER}", "ended_at": None, "result": None}
    assert found(call_backs=[owed]) == {"late": 1}


def test_late_call_back_must_be_recorded_as_late():
    """Being late is bad luck; saying that one was not is a lie."""
    owed = {"request": 1, "number": f"+{NUMBER}", "ended_at": 130.0, "result": "done"}
    attempt = {"request": 1, "of_break": 1, "after_break_s": 20.0}
    assert found(call_backs=[owed], attempts=[attempt | {"within_limit": True}]) == {"late": 1}
    assert found(call_backs=[owed], attempts=[attempt | {"within_limit": False}]) == {}


def test_who_came_first_must_ring_first():
    """He who was passed is named, with those who passed him; a caller who had gone by then was passed by nobody."""
    first, second = story(), story(SECOND, 101.0)
    assert overtaken([first, second], 0.25) == []
    first.rings[0] = Ring(104.5, "op101", 104.7, 106.0)
    assert overtaken([first, second], 0.25) == [f"{NUMBER} was passed by {SECOND}"]
    first.rings, first.ended_at = [], 101.5
    assert overtaken([first, second], 0.25) == []


def test_story_is_read_from_the_wire():
    """Calls of the trunk and rings of telephones are joined by the caller's number."""

    def told(at: float, source: str, target: str, method: str, status: int, leg: str) -> SipMessage:
        user = "op101" if leg == "t" else "122"
        return SipMessage(at, source, target, method, status, leg, 1, "" if status else user, NUMBER)

    trunk, asterisk, telephone = NET.trunk.address, NET.asterisk.address, NET.telephones.address
    wire = [
        told(1.0, trunk, asterisk, "INVITE", 0, "c"),
        told(1.1, asterisk, trunk, "INVITE", 200, "c"),
        told(2.0, asterisk, telephone, "INVITE", 0, "t"),
        told(2.4, telephone, asterisk, "INVITE", 200, "t"),
        told(2.5, asterisk, telephone, "ACK", 0, "t"),
        told(5.0, telephone, asterisk, "BYE", 0, "t"),
        told(5.1, asterisk, trunk, "BYE", 0, "c"),
    ]
    seen = stories(wire, NET)[NUMBER]
    assert (seen.accepted_at, seen.ended_at, seen.left_himself) == (1.1, 5.1, False)
    assert seen.talk == Ring(2.0, "op101", 2.5, 5.0, picked_up=True)


def test_a_trial_is_drawn_from_its_seed():
    """The same seed gives the same trial, another one another."""
    assert draw(Fault.AMI_CUT, 3, 122) == draw(Fault.AMI_CUT, 3, 122)
    assert draw(Fault.AMI_CUT, 3, 122) != draw(Fault.AMI_CUT, 3, 123)
    numbers = [caller.number for fault in Fault for caller in draw(fault, 0, 1).callers]
    assert len(numbers) == len(set(numbers))


def test_moments_of_a_trial_follow_each_other_under_one_load():
    """No moment is drawn before the one before it is over, and callers come from the first to the last of them."""
    trial = draw(Fault.AMI_HALF_OPEN, 1, 122, moments=5)
    assert len(trial.moments) == 5
    for one, following in zip(trial.moments, trial.moments[1:], strict=False):
        assert following.at_s > one.at_s + one.lasts_s - 4.0
    came_s = [caller.at_ms / 1000 for caller in trial.callers]
    assert min(came_s) < trial.moments[0].at_s + 4.0
    assert max(came_s) > trial.moments[-1].at_s
    numbers = {caller.number for caller in trial.callers}
    assert len(numbers) == len(trial.callers) == 50


def test_what_is_told_late_is_allowed_for_whom_it_was_late_for():
    """A caller who had left before the fault struck has no excuse for a wrong record."""
    slow = Trial(Fault.AMI_SLOW, 0, (), (Caller(NUMBER, patience_ms=45_000),), ())
    steps, told = [Step("served", NUMBER, "1")], {NUMBER: story()}
    off = books(calls=[row(talked_s=7.0)])
    assert balance(slow, steps, told, off, [(101.0, 103.0)]).wrong == []
    assert len(balance(slow, steps, told, off, [(105.0, 109.0)]).wrong) == 1


@pytest.mark.parametrize(("after_s", "findings"), [(0.004, 0), (0.4, 1)])
def test_fault_that_strikes_before_an_end_has_come_to_us_holds_it_up(after_s, findings):
    """Frozen four milliseconds after his BYE: Asterisk was not done with it. Half a second after it the end is here."""
    trial = Trial(Fault.DAEMON_FROZEN, 0, (), TRIAL.callers, ())
    struck = [(104.0 + after_s, 104.0 + after_s + 7.0)]
    told = balance(trial, [Step("served", NUMBER, "1")], {NUMBER: story()}, books(calls=[row(talked_s=9.0)]), struck)
    assert len(told.wrong) == findings


def test_who_had_an_operator_kept_for_him_was_passed_by_nobody():
    """His own connection was late: the later caller took nothing from him. An operator who was busy was not kept."""
    late, quick = story(came_at=100.0), story(SECOND, 101.0)
    late.rings = [Ring(104.5, "op102", 104.7, 106.0)]
    late.ended_at = 106.0
    assert overtaken([late, quick], 0.25) == []
    third = Story("79270000003", 99.0, 99.0, 103.0, rings=[Ring(99.5, "op102", 99.7, 103.0)])
    assert overtaken([late, quick, third], 0.25) == [f"{NUMBER} was passed by {SECOND}"]
    third.rings = [Ring(99.5, "op102", failed_at=101.0)]
    assert overtaken([late, quick, third], 0.25) == []


def test_talk_with_an_asterisk_that_stood_still_was_none():
    """It had acknowledged the answer and was frozen: nobody heard a word, so a record without a talk is not wrong."""
    frozen = Trial(Fault.ASTERISK_FROZEN, 0, (), (Caller(NUMBER, patience_ms=1500),), ())
    steps, told = [Step("left", NUMBER, "1")], {NUMBER: story()}
    told[NUMBER].left_himself = True
    without = books(calls=[row(outcome="abandoned")])
    assert balance(frozen, steps, told, without, [(102.1, 108.0)]).findings == []
    assert len(balance(frozen, steps, told, without, [(103.0, 108.0)]).wrong) == 1
