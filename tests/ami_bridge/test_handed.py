"""What the dialplan says of callers who were handed on, in the words of today's dialplan and of the one before."""

import pytest

from ami_bridge.handed import first_visit, parse_handed, parse_outside, visit_after, visit_before
from ami_bridge.server_clock import ServerClock
from queue_engine.ids import CallId


@pytest.mark.parametrize(
    ("said", "to", "before"),
    [
        ("102|PJSIP/op101|122", "102", ""),
        ("102|PJSIP/op101|122|callback-7-2", "102", "callback-7-2"),
        ("back|PJSIP/op101|122|a1-100.1-1", "back", "a1-100.1-1"),
    ],
)
def test_who_handed_on_whom_to_whom(said, to, before):
    """The visit before is named since a call-back's is not to be told from the channel."""
    handed = parse_handed(said)
    assert handed is not None
    assert (handed.to, handed.telephone, handed.queue, handed.before) == (to, "op101", "122", before)


@pytest.mark.parametrize("said", ["", "102", "102|op101", "1|2|3|4|5"])
def test_anything_else_says_nothing(said):
    """Nobody has handed the caller on."""
    assert parse_handed(said) is None


@pytest.mark.parametrize(("more", "before"), [("", ""), ("|callback-7-2", "callback-7-2")])
def test_visit_outside_names_the_visit_before(more, before):
    """An entry that an older dialplan has written is read all the same."""
    entry = f"outside|122|PJSIP/op101|insurer|1000.5|1010.5|1004500|ANSWER||attended{more}"
    visit = parse_outside("a1-100.1-1", entry, ServerClock("a1"))
    assert visit is not None
    assert (visit.before, visit.answered_at, visit.attended) == (before, 1004.5, True)


@pytest.mark.parametrize(
    ("call", "following"),
    [("a1-100.1", "a1-100.1-1"), ("a1-100.1-1", "a1-100.1-2"), ("callback-7-2", "a1-100.1-1")],
)
def test_visits_are_counted_by_the_channel(call, following):
    """The first of somebody who was called back has the call-back's name; what follows is named after his channel."""
    assert visit_after(CallId(call), first_visit("a1", "100.1")) == following


@pytest.mark.parametrize(("call", "before"), [("a1-100.1-1", "a1-100.1"), ("a1-100.1-3", "a1-100.1-2")])
def test_visit_before_is_counted_back(call, before):
    """Where an older dialplan does not name it."""
    assert visit_before(CallId(call), "a1-100.1") == before
