"""Recorded talks with somebody outside, as Asterisk's channels show them."""

import pytest

from acd.recordings.outside import Outside, outside_among
from ami_bridge.message import AmiMessage
from queue_engine.ids import CallId, Instant, QueueName


def channel(name: str, **variables: str) -> AmiMessage:
    """Return a channel as `Status` tells it."""
    rows = [f"{key}={value}" for key, value in variables.items()] or ["ACD_TALK=(null)"]
    return AmiMessage({"Event": "Status", "Channel": name, "Variable": rows[0]}, {"Variable": rows})


def test_visit_outside_names_who_handed_the_caller_on():
    """The recorded channel is the trunk's; the caller's says from which telephone he was handed on."""
    caller = channel("PJSIP/trunk-city-1", ACD_CALL="main-1.1-1", ACD_FROM="PJSIP/op101")
    there = channel("PJSIP/trunk-city-2", ACD_TALK="1005500_oms_main-1.1-1_trunk-city", ACD_PAUSED="1")
    assert outside_among([caller, there]) == [
        Outside(
            CallId("main-1.1-1"), QueueName("oms"), "trunk-city", "op101", Instant(1005.5), True, "PJSIP/trunk-city-2"
        )
    ]


@pytest.mark.parametrize(
    ("call", "telephone", "by"),
    [("main-2.1-hot-line", "op101", "op101"), ("main-1.1-1", "trunk-city", "")],
    ids=["an operator's own call", "a visit of which nobody knows whose it was"],
)
def test_whose_talk_it_is(call, telephone, by):
    """An operator's own call is recorded on his telephone's channel."""
    (found,) = outside_among([channel("PJSIP/x-1", ACD_TALK=f"1005500_oms_{call}_{telephone}")])
    assert (found.call, found.telephone, found.by, found.paused) == (call, telephone, by, False)


def test_other_channels_are_no_recorded_talks():
    """Without a name, or with one that is none of ours."""
    assert (
        outside_among([channel("PJSIP/x-1"), channel("PJSIP/x-2", ACD_TALK="../../etc"), channel("Local/1@x-1;1")])
        == []
    )
