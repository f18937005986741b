"""Answers to surveys are told once, whether they come as an event, out of the journal, or both."""

from acd.campaigns.surveys import SurveyDesk
from ami_bridge.surveys import Taken
from metrics.service_facts import SurveyTaken
from queue_engine.ids import CallId, Instant, QueueName
from tests.acd.stage import LINE, NOON
from tests.metrics.storing import store


def taken(call: str) -> Taken:
    """Return a survey that was asked after a call."""
    return Taken(CallId(call), "mark", QueueName(LINE), "+79271234567", NOON, Instant(NOON + 9), "mark=5")


async def test_each_is_told_once(stage):
    """The event first, the journal after a reconnection, the records after a restart."""
    told: list[SurveyTaken] = []
    desk = SurveyDesk(stage.records, told.append)
    desk.taken(taken("a"))
    desk.taken(taken("a"))
    await desk.learn([taken("a"), taken("b")])
    assert [(fact.call, fact.answers, fact.at) for fact in told] == [
        ("a", "mark=5", NOON + 9),
        ("b", "mark=5", NOON + 9),
    ]
    await store(stage.records, told)
    again: list[SurveyTaken] = []
    await SurveyDesk(stage.records, again.append).learn([taken("a"), taken("b"), taken("c")])
    assert [fact.call for fact in again] == ["c"]


async def test_records_that_are_away_lose_no_answer(stage, tmp_path):
    """It is told, once more if need be: the records keep the first."""
    (tmp_path / "acd.db").unlink()
    told: list[SurveyTaken] = []
    await SurveyDesk(stage.records, told.append).learn([taken("a")])
    assert [fact.call for fact in told] == ["a"]
