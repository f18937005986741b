"""The demonstration must not pass while a call is unaccounted for."""

import pytest

from acd.lab.demo import DemoResult, Mismatch, compare
from acd.lab.sipp import CallerCounts, Step, TelephoneCounts


def record(caller, outcome, call="lab-1"):
    """Return what the comparison reads of a call record."""
    return {"caller": caller, "outcome": outcome, "call": call}


@pytest.mark.parametrize(
    ("event", "outcome"),
    [("served", "answered"), ("served", "overflowed"), ("left", "abandoned"), ("left", "answered")],
)
def test_what_agrees(event, outcome):
    """A served caller was answered or sent elsewhere; one who left gave up or ended the talk himself."""
    steps = [Step("placed", "7900", "c"), Step("connected", "7900", "c"), Step(event, "7900", "c")]
    assert compare(steps, [record("7900", outcome)]) == ()


@pytest.mark.parametrize(
    ("steps", "rows"),
    [
        ([Step("placed", "7900", "c"), Step("served", "7900", "c")], []),
        ([Step("placed", "7900", "c"), Step("served", "7900", "c")], [record("7900", "abandoned")]),
        ([Step("placed", "7900", "c"), Step("left", "7900", "c")], [record("7900", None)]),
        ([Step("placed", "7900", "c"), Step("left", "7900", "c")], [record("7900", "abandoned")] * 2),
        ([Step("placed", "7900", "c"), Step("connected", "7900", "c")], [record("7900", "answered")]),
        ([Step("placed", "7900", "c"), Step("refused 503", "7900", "c")], [record("7900", "answered")]),
        ([], [record("7900", "answered")]),
    ],
    ids=["not recorded", "wrong outcome", "left open", "twice", "never ended", "refused", "from nowhere"],
)
def test_what_does_not_agree(steps, rows):
    """Each way in which the two accounts can differ names the caller."""
    assert [mismatch.caller for mismatch in compare(steps, rows)] == ["7900"]


def result(**changes):
    """Return a result in which all is well, but for `changes`."""
    values = {
        "callers": CallerCounts(placed=2, connected=2, served=1, left=1, refused=0),
        "telephones": TelephoneCounts(offered=1, answered=1, hung_up=1, left=0, cancelled=0, refused=0, busy=0),
        "recorded": 2,
        "answered": 1,
        "abandoned": 1,
        "returned": 0,
        "mismatches": (),
        "report": None,
    }
    return DemoResult(**(values | changes))


def test_accounted_needs_every_single_call():
    """A missing record, a mismatch, or a talk that no telephone had, each fails the demonstration."""
    assert result().accounted
    assert not result(recorded=1).accounted
    assert not result(mismatches=(Mismatch("7900", "served", "nothing"),)).accounted
    assert not result(answered=2).accounted
