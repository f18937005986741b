"""Each promise that is checked in use says so when it is broken."""

import pytest

from queue_engine.call import CallState
from queue_engine.facts import AgentState
from queue_engine.ids import AgentId, CallId, OfferId
from queue_engine.inputs import OfferAnswered
from queue_engine.invariants import check
from queue_engine.line import Line
from queue_engine.offer import OfferState
from queue_engine.policy import QueuePolicy, Skill
from queue_engine.timers import What
from tests.queue_engine.centre import LINE, Centre, agent


def busy():
    """A floor with a call that talks (t), one that rings (r), one that waits (w); operator 3 is logged out."""
    skills = (Skill("s"),)
    centre = Centre(QueuePolicy(LINE, skills=skills), agents=tuple(agent(name, skills=skills) for name in "123"))
    centre.log_in("1", "2")
    for name in "trw":
        centre.call(name)
    centre.feed(OfferAnswered(centre.offer_of("1")))
    return centre.engine


def breaks(change):
    """Return what is said of a floor that was changed behind its back."""
    engine = busy()
    assert check(engine) == []
    change(engine._floor)
    return "\n".join(check(engine))


def call(floor, name):
    """The call of this name."""
    return floor.calls[CallId(name)]


def operator(floor, name):
    """The operator of this number."""
    return floor.agents[AgentId(name)]


CHANGES = [
    (lambda f: setattr(f, "accepted", 9), "9 calls were taken in"),
    (lambda f: setattr(call(f, "w").line, "calls", 9), "counts 9 calls"),
    (lambda f: setattr(call(f, "w"), "state", CallState.GONE), "is gone, but still here"),
    (lambda f: f.lines.update({LINE: Line(QueuePolicy(LINE))}), "in a line that is not there"),
    (lambda f: setattr(call(f, "w"), "agent", operator(f, "1")), "does not talk, but has operator"),
    (lambda f: setattr(call(f, "t"), "offers", call(f, "r").offers), "talks, but telephones ring"),
    (lambda f: setattr(operator(f, "1"), "call", call(f, "w")), "who does not know it"),
    (lambda f: setattr(operator(f, "1"), "call", None), "the call is None"),
    (lambda f: setattr(operator(f, "2"), "offer", None), "the offer is None"),
    (lambda f: setattr(operator(f, "2").offer, "state", OfferState.FAILED), "which is over"),
    (lambda f: setattr(call(f, "w"), "state", CallState.OFFERED), "but 0 telephones ring"),
    (lambda f: setattr(operator(f, "2"), "offer", f.offers[OfferId(1)]), "who does not know it"),
    (lambda f: setattr(operator(f, "2").offer, "timer", 0), "without a guard"),
    (lambda f: f.change(operator(f, "3"), AgentState.READY, "", ""), "has not been run"),
    (lambda f: setattr(operator(f, "3"), "queued", True), "among the ready: True"),
    (lambda f: operator(f, "3").own.add(call(f, "w").entry), "more entries wait"),
    (lambda f: f.drop_from_line(call(f, "w")), "stands in its line: False"),
    (lambda f: setattr(call(f, "w"), "lane", 1), "stands in a wrong place"),
    (lambda f: call(f, "w").line.ready[1].add((0.0, 0.0, 0, operator(f, "3"))), "more entries are ready"),
    (lambda f: call(f, "w").line.ready[0].add((0.0, 0.0, 0, operator(f, "3"))), "waits while operator 3 is ready"),
    (lambda f: setattr(call(f, "w").line, "on_duty", 9), "and 9, not"),
    (lambda f: setattr(call(f, "w"), "priority", 9), "lost its place"),
    (lambda f: f.timers.arm(0.0, What.CALL_STEP, call(f, "w")), "is due since"),
    (lambda f: f.stop_timers(call(f, "w")), "waits for ever"),
    (lambda f: f.stop_timers(call(f, "r")), "has no maximum wait"),
    (lambda f: setattr(call(f, "r"), "entered_at", call(f, "r").entered_at - 121), "waits past the maximum"),
    (lambda f: setattr(call(f, "w"), "state", CallState.HELD), "held for ever"),
    (lambda f: setattr(call(f, "t"), "timer", 9), "its wait goes on"),
    (lambda f: setattr(operator(f, "3"), "logged_in", True), "is logged_out, not ready"),
    (lambda f: setattr(operator(f, "3"), "rest_timer", 9), "rests without end"),
    (lambda f: f.arm_rest(operator(f, "3"), AgentState.WRAP_UP, 9, ""), "rests while"),
    (lambda f: setattr(operator(f, "3"), "pause_timer", 9), "without the pause"),
]


@pytest.mark.parametrize(("change", "said"), CHANGES, ids=[said for _, said in CHANGES])
def test_a_broken_promise_is_told(change, said):
    """Whatever is changed behind the engine's back is named in a sentence."""
    assert said in breaks(change)


def test_a_skill_that_blocks_is_told():
    """Past the norm, in a lane that nobody logged in can serve."""

    def change(floor):
        call(floor, "w").target_passed = True
        line = call(floor, "w").line
        line.staff[:] = [0, 2]
        for name in "12":
            for seat in operator(floor, name).seats:
                seat.lane = 1

    assert "waits for what nobody can" in breaks(change)


def test_ready_without_a_seat_is_told():
    """Somebody ready who stands nowhere is as good as lost."""

    def change(floor):
        floor.leave_line(call(floor, "w"))
        one = operator(floor, "3")
        one.logged_in = True
        floor.change(one, AgentState.READY, "", "")
        floor.freed.clear()
        one.queued = True

    assert "not at one of his seats" in breaks(change)
