"""Voice messages, from their facts to their rows."""

import pytest

from metrics.records.derive_messages import message_after
from metrics.service_facts import VoiceMessageDestroyed, VoiceMessageDone, VoiceMessageHeard, VoiceMessageLeft
from queue_engine.ids import CallId, Instant, QueueName

CALL = CallId("a1-100.1")
LEFT = VoiceMessageLeft(Instant(100.0), CALL, QueueName("oms"), "7927", "a1", "2026-11-20/a1-100.1.wav", 12.5)
HEARD = VoiceMessageHeard(Instant(110.0), CALL, "anna")
DONE = VoiceMessageDone(Instant(120.0), CALL, "anna", "called back")
DESTROYED = VoiceMessageDestroyed(Instant(900.0), CALL, "rule", "kept_long_enough", "ab" * 32)


def after(*facts):
    """Return the row after these facts."""
    row = None
    for fact in facts:
        row = message_after(row, fact)
    return row


def test_a_message_goes_its_way():
    """Left, heard, done, destroyed: who, when and with what proof."""
    row = after(LEFT, HEARD, DONE, DESTROYED)
    assert (row.left_at, row.heard_by, row.done_at, row.note) == (100.0, "anna", 120.0, "called back")
    assert (row.destroyed_for, row.destroyed_by, row.sha256) == ("kept_long_enough", "rule", "ab" * 32)


@pytest.mark.parametrize("again", [LEFT, HEARD, DONE, DESTROYED])
def test_a_fact_that_comes_twice_changes_nothing(again):
    """The journal of ended calls may be read twice."""
    row = after(LEFT, HEARD, DONE, DESTROYED)
    assert message_after(row, again) is row


@pytest.mark.parametrize("fact", [HEARD, DONE, DESTROYED])
def test_what_was_never_left_has_no_row(fact):
    """A fact whose first one is missing makes no message."""
    assert message_after(None, fact) is None
