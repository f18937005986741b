"""The journal of ended calls, as this dialplan writes it and as those before it did."""

import pytest

from ami_bridge.ended import parse_entry
from ami_bridge.handed import parse_outside
from ami_bridge.server_clock import ServerClock
from queue_engine.ids import Instant

CLOCK = ServerClock("main")
ENTERED, ANSWERED, ENDED = 1795251600.5, 1795251610.0, 1795251670.25
BEFORE = f"122|+79271234567|{ENTERED}|{ENDED}|ANSWER|op101-00000002|{ANSWERED * 1000:.0f}|16||served|waiting"
"""As it was before the end of questioning could be marked."""
QUESTIONED = f"{BEFORE}|{(ANSWERED + 20) * 1000:.0f}"
OUTSIDE = f"outside|122|PJSIP/op101|hot-line|{ENTERED}|{ENDED}|{ANSWERED * 1000:.0f}|ANSWER|operator"
"""As it was before somebody outside could be asked first."""


@pytest.mark.parametrize("value", [BEFORE, f"{BEFORE}|", f"{BEFORE}||||"], ids=["eleven", "twelve", "fifteen"])
def test_an_entry_of_every_dialplan_is_read(value):
    """Calls that ended between the upgrade and the new dialplan are recorded like all others."""
    ended = parse_entry("main-1.1", value, CLOCK)
    assert ended is not None
    assert (ended.queue, ended.caller, ended.telephone, ended.destination) == ("122", "+79271234567", "op101", "served")
    assert (ended.entered_at, ended.answered_at, ended.ended_at) == (ENTERED, ANSWERED, ENDED)
    assert (ended.questioned_at, ended.message) == (None, None)


def test_what_a_newer_dialplan_adds_is_read():
    """The mark of questioning, and the message that its caller ended by hanging up."""
    ended = parse_entry("main-1.1", f"{QUESTIONED}|2026-11-21/main-1.1.wav|{ANSWERED}|", CLOCK)
    assert ended is not None
    assert ended.questioned_at == Instant(ANSWERED + 20)
    assert ended.message is not None
    assert (ended.message.began_at, ended.message.ended_at) == (ANSWERED, ENDED)


@pytest.mark.parametrize(
    ("value", "attended"),
    [
        (OUTSIDE, False),
        (f"{OUTSIDE}|", False),
        (f"{OUTSIDE}|attended", True),
        (f"{OUTSIDE}||main-1.1", False),
        (f"{OUTSIDE}|attended|callback-1-1", True),
    ],
)
def test_a_visit_outside_is_read_from_every_dialplan(value, attended):
    """One that the dialplan of before the upgrade wrote was blind, as all were then."""
    visit = parse_outside("main-1.1-1", value, CLOCK)
    assert visit is not None
    assert (visit.destination, visit.agreed, visit.attended) == ("hot-line", "operator", attended)
    assert (visit.entered_at, visit.answered_at, visit.ended_at) == (ENTERED, ANSWERED, ENDED)


@pytest.mark.parametrize(
    "value", ["", OUTSIDE, f"{OUTSIDE}|", f"{OUTSIDE}||", f"{BEFORE}||||||", BEFORE.replace("ANSWER|", "")]
)
def test_other_entries_are_no_calls(value):
    """Visits outside, and whatever else somebody wrote there."""
    assert parse_entry("main-1.1", value, CLOCK) is None


@pytest.mark.parametrize("value", ["", BEFORE, QUESTIONED, OUTSIDE.replace("outside", "survey"), f"{OUTSIDE}|||"])
def test_other_entries_are_no_visits_outside(value):
    """Calls, surveys, entries of another length."""
    assert parse_outside("main-1.1", value, CLOCK) is None
