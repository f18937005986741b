"""What the dialplan says of surveys: in its journal, and as an event."""

import pytest

from ami_bridge.message import AmiMessage
from ami_bridge.server_clock import ServerClock
from ami_bridge.surveys import Taken, parse_survey, surveys_among, told_survey
from queue_engine.ids import CallId, Instant, QueueName

VALUE = "survey|satisfaction|122|+79271234567|1795251600.500|1795251620.250|mark=5&solved=1&"
CLOCK = ServerClock("main")
TAKEN = Taken(
    CallId("main-1.1"),
    "satisfaction",
    QueueName("122"),
    "+79271234567",
    Instant(1795251600.5),
    Instant(1795251620.25),
    "mark=5&solved=1",
)


def test_an_entry_is_read_under_its_calls_own_name():
    """Its key has `-survey` after the call's id, as the call has an entry of its own."""
    assert parse_survey("main-1.1-survey", VALUE, CLOCK) == TAKEN


def test_who_pressed_nothing_was_asked_all_the_same():
    """The answers are empty."""
    taken = parse_survey("main-1.1", VALUE.replace("mark=5&solved=1&", ""), CLOCK)
    assert taken is not None
    assert taken.answers == ""


@pytest.mark.parametrize(
    "value",
    ["", "survey", "outside|a|b|c|1|2|3", VALUE + "|more", VALUE.replace("1795251600.500", "yesterday")],
)
def test_other_entries_are_none(value):
    """Calls, visits outside, and what somebody else wrote there."""
    assert parse_survey("main-1.1", value, CLOCK) is None


def test_the_journal_is_searched_for_them():
    """Among entries of other kinds."""
    entries = [
        AmiMessage({"Key": "/acd-ended/29920860/main-1.1", "Val": "122|+79271234567|1|2"}),
        AmiMessage({"Key": "/acd-ended/29920860/main-1.1-survey", "Val": VALUE}),
    ]
    assert surveys_among(entries, CLOCK) == [TAKEN]


def test_the_event_is_told_from_others():
    """Of all UserEvents only the dialplan's own."""
    said = {"Event": "UserEvent", "UserEvent": "ACDSurvey", "Visit": "main-1.1", "Entry": VALUE}
    assert told_survey(AmiMessage(said), CLOCK) == TAKEN
    assert told_survey(AmiMessage(said | {"UserEvent": "ACDOutside"}), CLOCK) is None
    assert told_survey(AmiMessage({"Event": "Hangup", "Uniqueid": "1.1"}), CLOCK) is None
