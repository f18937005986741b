"""Whom an operator asks by key or API is known from the pair of Local channels that dial for him."""

import pytest

from ami_bridge.consultations import Consultations
from ami_bridge.message import AmiMessage
from tests.ami_bridge.board import dial_begin, dial_end, hangup, newchannel

ONE, TWO = "Local/102@acd-operators-0000000a;1", "Local/102@acd-operators-0000000a;2"
COLLEAGUE = "PJSIP/op102-00000002"


def of_pair(event: dict[str, str], channel: str) -> dict[str, str]:
    """Return an event of a dialled telephone as the half that dials it sends it."""
    return event | {"Channel": channel}


def seen(*events: dict[str, str]) -> Consultations:
    """Return what is known after these events."""
    consultations = Consultations()
    for event in events:
        consultations.on_event(AmiMessage(event))
    return consultations


BEGAN = (newchannel(ONE, "1.3"), newchannel(TWO, "1.4"))
RINGS = of_pair(dial_begin(COLLEAGUE, "1.5"), TWO)


def test_who_is_asked_is_known_from_either_half():
    """The dialled number at once, the telephone when it rings, the answer when it comes."""
    for half in (ONE, TWO):
        begun = seen(*BEGAN).by_channel(half)
        assert begun is not None
        assert (begun.dialled, begun.uniqueid, begun.answered) == ("102", "", False)
        answered = seen(*BEGAN, RINGS, of_pair(dial_end("1.5", "ANSWER") | {"DestChannel": COLLEAGUE}, TWO))
        found = answered.by_channel(half)
        assert found is not None
        assert (found.channel, found.uniqueid, found.answered) == (COLLEAGUE, "1.5", True)


@pytest.mark.parametrize("status", ["NOANSWER", "BUSY", "CANCEL"])
def test_any_other_end_is_no_answer(status):
    """A telephone that was not picked up has not answered."""
    ended = seen(*BEGAN, RINGS, of_pair(dial_end("1.5", status) | {"DestChannel": COLLEAGUE}, TWO)).by_channel(ONE)
    assert ended is not None
    assert not ended.answered


def test_what_is_over_or_none_of_ours_is_not_known():
    """The end of a pair that rang nobody, and of whoever was rung; a pair that a daemon before us saw begin; others."""
    assert seen(*BEGAN, RINGS, hangup(TWO, "1.4"), hangup(COLLEAGUE, "1.5")).by_channel(ONE) is None
    assert seen(*BEGAN, hangup(TWO, "1.4")).by_channel(ONE) is None
    assert seen(RINGS).by_channel(ONE) is None
    assert seen(newchannel(COLLEAGUE, "1.5")).by_channel(COLLEAGUE) is None
    assert seen(newchannel("Local/1@elsewhere-0000000a;1", "1.6")).by_channel("Local/1@elsewhere-0000000a;1") is None


def test_pair_that_asterisk_has_taken_out_of_the_talk_is_still_known():
    """The transfer names it all the same."""
    left = seen(*BEGAN, RINGS, hangup(TWO, "1.4"), hangup(ONE, "1.3")).by_channel(ONE)
    assert left is not None
    assert left.uniqueid == "1.5"


def test_of_a_line_one_telephone_is_rung_after_the_other():
    """Whoever did not pick up is forgotten with his channel; the next is asked in the same pair."""
    missed = (of_pair(dial_end("1.5", "NOANSWER") | {"DestChannel": COLLEAGUE}, TWO), hangup(COLLEAGUE, "1.5"))
    between = seen(*BEGAN, RINGS, *missed).by_channel(ONE)
    assert between is not None
    assert (between.uniqueid, between.answered) == ("", False)
    other = of_pair(dial_begin("PJSIP/op103-00000003", "1.6"), TWO)
    following = seen(*BEGAN, RINGS, *missed, other).by_channel(ONE)
    assert following is not None
    assert (following.channel, following.uniqueid) == ("PJSIP/op103-00000003", "1.6")


def test_of_several_telephones_that_ring_the_one_that_answered_counts():
    """The others are told to be over after it, and go."""
    other = "PJSIP/op103-00000003"
    both = (RINGS, of_pair(dial_begin(other, "1.6"), TWO))
    answered = of_pair(dial_end("1.6", "ANSWER") | {"DestChannel": other}, TWO)
    cancelled = of_pair(dial_end("1.5", "CANCEL") | {"DestChannel": COLLEAGUE}, TWO)
    found = seen(*BEGAN, *both, answered, cancelled, hangup(COLLEAGUE, "1.5")).by_channel(ONE)
    assert found is not None
    assert (found.channel, found.uniqueid, found.answered) == (other, "1.6", True)


def test_last_one_of_a_talk_is_found_by_the_channels_common_id():
    """An earlier one of the same talk was called off; another talk's is none of it."""
    again = "Local/103@acd-operators-0000000b;1"
    events = (*BEGAN, newchannel(again, "1.7"), newchannel("Local/104@acd-operators-0000000c;1", "2.7", "2.1"))
    found = seen(*events).by_linkedid("100.1")
    assert found is not None
    assert found.dialled == "103"
    assert seen(*events).by_linkedid("3.1") is None
    assert seen(*events).by_linkedid("") is None
