"""Callers between their channel and their session: who is late, who is over, who is gone."""

import pytest

from ami_bridge.arrivals import LATE_IN_TROUBLE_S, LATE_S, TROUBLE_S, Arrivals
from ami_bridge.message import AmiMessage
from queue_engine.ids import Instant
from tests.ami_bridge.board import Bench, hangup, newchannel

NOW = Instant(1000.0)
LATER = Instant(NOW + LATE_S + 0.1)


def from_trunk(uniqueid: str) -> AmiMessage:
    """A caller's channel as Asterisk tells of it."""
    told = newchannel(f"PJSIP/trunk-city-{uniqueid}", uniqueid)
    return AmiMessage(told | {"Context": "acd-incoming", "Exten": "122", "CallerIDNum": "79270000001"})


@pytest.fixture
def arrivals() -> Arrivals:
    """Nobody is coming yet."""
    return Arrivals()


def test_caller_who_has_not_come_in_time_is_late(arrivals):
    """Half a second is Asterisk's; who needs longer was refused by our port."""
    arrivals.saw(from_trunk("1.1"), NOW)
    assert not arrivals.is_anybody_late(NOW, "1.2")
    assert arrivals.is_anybody_late(LATER, "1.2")


def test_caller_does_not_wait_for_himself(arrivals):
    """Who is late himself has nobody before him."""
    arrivals.saw(from_trunk("1.1"), NOW)
    assert not arrivals.is_anybody_late(LATER, "1.1")


def test_while_sessions_break_who_is_a_moment_late_is_looked_for(arrivals):
    """A telephone that sends speech is refused within milliseconds; half a minute later that proves nothing."""
    early = Instant(NOW + LATE_IN_TROUBLE_S + 0.01)
    arrivals.saw(from_trunk("1.1"), NOW)
    assert not arrivals.is_anybody_late(early, "1.2")
    arrivals.session_broke(Instant(NOW - 1.0))
    assert arrivals.is_anybody_late(early, "1.2")
    arrivals.over("1.1")
    quiet = Instant(NOW + TROUBLE_S)
    arrivals.saw(from_trunk("1.3"), quiet)
    assert not arrivals.is_anybody_late(Instant(quiet + LATE_IN_TROUBLE_S + 0.01), "1.4")


def test_caller_who_has_come_is_not_late(arrivals):
    """His session is what takes him off the list."""
    arrivals.saw(from_trunk("1.1"), NOW)
    arrivals.over("1.1")
    assert not arrivals.is_anybody_late(LATER, "1.2")


def test_other_channels_are_nobody_coming(arrivals):
    """A telephone that is rung, or one that dials a code, is no caller."""
    arrivals.saw(AmiMessage(newchannel("PJSIP/op101-1", "1.2") | {"Context": "acd-operators"}), NOW)
    assert len(arrivals) == 0


def test_who_vanished_is_told_once(arrivals):
    """With the number he dialled and his own, from which his record is made."""
    arrivals.saw(from_trunk("1.1"), NOW)
    arrivals.saw(from_trunk("1.2"), NOW)
    [gone] = arrivals.vanished({"1.2"})
    assert (gone.uniqueid, gone.dialled, gone.caller) == ("1.1", "122", "79270000001")
    assert arrivals.vanished({"1.2"}) == []


def test_caller_whose_session_came_before_the_event_is_not_awaited():
    """AMI may be slower than FastAGI: the news that he is coming is old by then."""
    bench = Bench()
    bench.call()
    bench.board.on_event(from_trunk("100.1"))
    assert len(bench.board.arrivals) == 0


def test_board_follows_channels_to_their_session_or_end():
    """Nothing is kept of a caller who has come or gone."""
    bench = Bench()
    bench.board.on_event(from_trunk("100.1"))
    bench.board.on_event(from_trunk("100.2"))
    assert len(bench.board.arrivals) == 2
    bench.call()
    bench.happens(hangup("PJSIP/trunk-city-100.2", "100.2"))
    assert len(bench.board.arrivals) == 0
