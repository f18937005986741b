"""Visits and indicators read from packets, worked out by hand."""

from math import inf

import pytest

from acd.lab.capture import SipMessage
from acd.lab.wire import Visit, differences, indicators, visits

TRUNK, PBX, PHONES = "127.64.7.4", "127.64.7.2", "127.64.7.3"


def sip(at, source, target, method, call, *, status=0, user="", from_user=""):
    """Return a message."""
    return SipMessage(at, source, target, method, status, call, 1, user, from_user)


def arrival(at, caller):
    """Return the INVITE of a caller, whose number names his dialogue too."""
    return sip(at, TRUNK, PBX, "INVITE", caller, user="122", from_user=caller)


def ring(at, call, telephone, caller):
    """Return the INVITE to an operator's telephone."""
    return sip(at, PBX, PHONES, "INVITE", call, user=telephone, from_user=caller)


def test_an_answered_call_is_refused_once_and_ended_by_the_operator():
    """The wait ends with the telephone that answered; the talk with the first BYE of either side."""
    found = visits(
        [
            arrival(0.0, "7900"),
            ring(1.0, "x", "op101", "7900"),
            sip(2.0, PHONES, PBX, "INVITE", "x", status=603),
            ring(2.5, "y", "op102", "7900"),
            sip(4.0, PHONES, PBX, "INVITE", "y", status=200),
            sip(9.0, PHONES, PBX, "BYE", "y"),
            sip(9.1, PBX, TRUNK, "BYE", "7900"),
        ],
        TRUNK,
        PHONES,
    )
    visit = found["7900"]
    assert (visit.waited_s, visit.talked_s, visit.telephone, visit.rings, visit.by) == (4.0, 5.0, "op102", 2, PHONES)


def test_a_ring_that_is_cancelled_ends_no_call():
    """Asterisk's CANCEL to one telephone is no end of the caller's visit, his own BYE is."""
    found = visits(
        [
            arrival(0.0, "7900"),
            ring(1.0, "x", "op101", "7900"),
            sip(21.0, PBX, PHONES, "CANCEL", "x"),
            sip(30.0, TRUNK, PBX, "BYE", "7900"),
        ],
        TRUNK,
        PHONES,
    )
    visit = found["7900"]
    assert (visit.waited_s, visit.talked_s, visit.by) == (30.0, None, TRUNK)


def test_the_indicators_by_hand():
    """Ten calls: six in 60 s, one in 61 s, one given up, one sent away at 120.5 s, one who gave up after 121 s."""
    calls = [Visit(f"c{n}", 0.0, 1, "op101", 10.0 * n, 100.0, PHONES) for n in range(1, 7)]
    calls.append(Visit("late", 0.0, 2, "op101", 61.0, 100.0, PHONES))
    calls.append(Visit("gone", 0.0, 0, None, None, 5.0, TRUNK))
    calls.append(Visit("away", 0.0, 0, None, None, 120.5, PBX))
    calls.append(Visit("lost", 0.0, 0, None, None, 121.0, TRUNK))
    figures = indicators(calls, TRUNK, 60.0, 120.0, 1.0)
    assert (figures["accepted"], figures["answered"], figures["abandoned"], figures["overflowed"]) == (10, 7, 2, 1)
    assert (figures["K1"], figures["K2"], figures["K7"]) == (0.6, 0.3, 1)
    assert figures["missed_offers"] == 1
    assert figures["waited_mean"] == pytest.approx(271 / 7)
    assert (figures["waited_p50"], figures["waited_p90"], figures["waited_max"]) == (40.0, 61.0, 61.0)


def test_nothing_called_has_no_shares():
    """Without calls the counts are 0 and the rest is not there."""
    figures = indicators([], TRUNK, 60.0, 120.0, 1.0)
    assert (figures["accepted"], figures["K1"], figures["waited_p90"]) == (0, None, None)


def test_a_caller_whom_one_side_does_not_know_differs_without_end():
    """A call that only the packets or only the records have is never close."""
    wire = {"a": Visit("a", 0.0, ended_at=5.0), "b": Visit("b", 0.0, ended_at=7.0), "d": Visit("d", 0.0)}
    found = differences(wire, {"a": 5.5, "c": 1.0, "d": None}, lambda visit: visit.waited_s)
    assert found == {"a": 0.5, "b": inf, "c": inf}
