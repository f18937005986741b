"""Callers handed on and recorded talks, from their facts to their rows."""

import pytest

from metrics.facts import (
    CallTakenOver,
    CallTransferred,
    Consent,
    OutsideResult,
    OutsideTransferEnded,
    RecordingDestroyed,
    RecordingKept,
    TakeoverEnded,
    TransferTarget,
    TransferWay,
)
from metrics.records.derive_talks import next_call_of, recording_after, transfer_after
from metrics.records.rows import TransferResult
from queue_engine.facts import AbandonStage, CallAbandoned, CallAnswered, CallEnded
from queue_engine.ids import AgentId, CallId, Instant, QueueName
from queue_engine.inputs import Party

FIRST, NEXT = CallId("a1-100.1"), CallId("a1-100.1-1")
LINE = QueueName("oms")


def transferred(kind=TransferTarget.OPERATOR, target="102", consent=Consent.NOT_NEEDED):
    """Operator 101 hands the caller on at second 100."""
    return CallTransferred(
        Instant(100.0), FIRST, LINE, AgentId("101"), TransferWay.BLIND, kind, target, NEXT, "101", consent
    )


def after(*facts):
    """Return the row of the transfer after these facts."""
    row = None
    for fact in facts:
        row = transfer_after(row, fact)
    return row


def answered(agent, waited_s=7.0):
    """Somebody answers the visit that follows."""
    return CallAnswered(Instant(100.0 + waited_s), NEXT, LINE, None, AgentId(agent), waited_s)


def test_caller_taken_by_the_colleague():
    """The wait of the transfer alone, who took him, how long they talked."""
    ended = CallEnded(Instant(137.0), NEXT, LINE, "7927", AgentId("102"), Party.CALLER, 16, 7.0, 30.0)
    row = after(transferred(), answered("102"), ended)
    assert (row.result, row.taken_by, row.waited_s, row.talked_s) == (TransferResult.TAKEN, "102", 7.0, 30.0)
    assert (row.call, row.ended_at) == (FIRST, 137.0)


def test_caller_whom_nobody_took_is_back_with_who_handed_him_on():
    """The colleague did not answer; operator 101 has him again."""
    assert after(transferred(), answered("101")).result is TransferResult.RETURNED


def test_operator_who_serves_the_line_himself_has_taken_the_call():
    """Handed on to a line, it may come to the same operator in its turn: that is no return."""
    assert after(transferred(TransferTarget.LINE, "oms"), answered("101")).result is TransferResult.TAKEN


def test_caller_who_gives_up_is_told_so():
    """He hung up while the colleague's telephone rang."""
    left = CallAbandoned(Instant(109.0), NEXT, LINE, "7927", AbandonStage.RINGING, 9.0, 16)
    row = after(transferred(), left)
    assert (row.result, row.waited_s, row.ended_at) == (TransferResult.LEFT, 9.0, 109.0)


@pytest.mark.parametrize(
    ("outside", "result", "talked_s"),
    [
        (OutsideResult.ANSWERED, TransferResult.TAKEN, 60.0),
        (OutsideResult.NOT_ANSWERED, TransferResult.NOT_ANSWERED, None),
        (OutsideResult.CALLER_LEFT, TransferResult.LEFT, None),
    ],
)
def test_outside_number_answers_or_not(outside, result, talked_s):
    """Its end is a fact of its own, as no line and no operator of ours is in it."""
    ended = OutsideTransferEnded(Instant(170.0), NEXT, outside, 10.0, 60.0)
    row = after(transferred(TransferTarget.DESTINATION, "insurer", Consent.KEY), ended)
    assert (row.result, row.waited_s, row.talked_s, row.consent) == (result, 10.0, talked_s, Consent.KEY)


def test_caller_who_does_not_agree_is_recorded_so():
    """He is not handed on to somebody outside against his will (UDM 5.13)."""
    ended = OutsideTransferEnded(Instant(110.0), NEXT, OutsideResult.NO_CONSENT, 10.0, 0.0)
    assert after(transferred(TransferTarget.DESTINATION, "hot-line"), ended).consent is Consent.REFUSED


def test_caller_taken_over_by_a_supervisor():
    """S4: whose caller, by whom, at which telephone, how long they talked; told twice it is one row."""
    taken = CallTakenOver(Instant(100.0), FIRST, LINE, AgentId("101"), "op900", "Senior")
    ended = TakeoverEnded(Instant(160.0), FIRST, 60.0, "Senior")
    assert next_call_of(taken) == next_call_of(ended) == f"{FIRST}-taken"
    row = after(taken, taken, ended)
    assert (row.way, row.kind, row.target, row.by) == (TransferWay.TAKEN, TransferTarget.SUPERVISOR, "op900", "Senior")
    assert (row.call, row.agent, row.result) == (FIRST, "101", TransferResult.TAKEN)
    assert (row.waited_s, row.talked_s, row.ended_at) == (0.0, 60.0, 160.0)
    assert after(ended) is None


@pytest.mark.parametrize(
    ("call", "name"),
    [(FIRST, None), (NEXT, NEXT), (CallId("a1-2-100.1-12"), "a1-2-100.1-12"), (CallId("callback-7-1"), None)],
)
def test_ordinary_calls_are_not_looked_for_among_transfers(call, name):
    """Only a further visit can be what follows a transfer, so no other costs a query."""
    assert next_call_of(CallAnswered(Instant(1.0), call, LINE, None, AgentId("101"), 1.0)) == name


def kept():
    """A recording of a minute."""
    return RecordingKept(
        Instant(170.0), "100000_a1-100.1_op101", FIRST, "op101", Instant(100.0), 60.0, "1970-01-01/x.wav", 960_044,
        "00ff", 1, "", Instant(2_592_160.0),
    )  # fmt: skip


def test_recording_is_destroyed_once():
    """The first destruction counts; the row stays and says when, by whom and why."""
    row = recording_after(None, kept())
    for at, by in ((2_600_000.0, "system"), (2_700_000.0, "somebody")):
        row = recording_after(row, RecordingDestroyed(Instant(at), row.recording, "kept_long_enough", by))
    assert (row.destroyed_at, row.destroyed_by, row.destroyed_for) == (2_600_000.0, "system", "kept_long_enough")
    assert recording_after(row, kept()) == row


def test_destruction_of_an_unknown_recording_makes_no_row():
    """Its file was there without a record; the fact stays in the records."""
    assert recording_after(None, RecordingDestroyed(Instant(1.0), "x", "unknown", "system")) is None
