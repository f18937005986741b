"""The mark at the end of questioning: K3 and K4 rest on it."""

import pytest

from queue_engine.facts import QuestioningEnded
from queue_engine.ids import AgentId, CallId, Instant
from queue_engine.inputs import CallerHungUp, OfferAnswered, Party, QuestioningMarked, TalkEnded
from tests.queue_engine.centre import Centre, agent, of

ONE = AgentId("1")


@pytest.fixture
def centre() -> Centre:
    """Return a centre where operator 1 has been talking to caller a for ten seconds."""
    centre = Centre(agents=(agent("1"), agent("2")))
    centre.log_in("1")
    centre.call("a")
    centre.feed(OfferAnswered(centre.offer_of("1")))
    centre.wait(10)
    return centre


def marks(step) -> list[tuple[float, str, str]]:
    """Return the marks that a step has told."""
    return [(fact.at, fact.call, fact.agent) for fact in of(step, QuestioningEnded)]


def test_first_mark_of_a_talk_counts(centre):
    """It is told with call, operator and instant; pressing again says nothing more."""
    assert marks(centre.feed(QuestioningMarked(ONE, "key"))) == [(centre.now, "a", "1")]
    centre.wait(5)
    assert marks(centre.feed(QuestioningMarked(ONE, "key"))) == []


def test_next_talk_has_a_mark_of_its_own(centre):
    """What was marked in the talk before does not count for this one."""
    centre.feed(QuestioningMarked(ONE, "key"))
    centre.feed(CallerHungUp(CallId("a")))
    centre.call("b")
    centre.feed(OfferAnswered(centre.offer_of("1")))
    assert marks(centre.feed(QuestioningMarked(ONE, "key"))) == [(centre.now, "b", "1")]


def test_no_talk_no_mark(centre):
    """A key pressed while ringing, after the talk, or by somebody unknown marks nothing."""
    centre.feed(TalkEnded(CallId("a"), Party.CALLER))
    assert marks(centre.feed(QuestioningMarked(ONE, "key"))) == []
    centre.call("b")
    assert centre.offers() == {"1": "b"}
    assert marks(centre.feed(QuestioningMarked(ONE, "key"))) == []
    assert marks(centre.feed(QuestioningMarked(AgentId("2"), "key"))) == []
    assert marks(centre.feed(QuestioningMarked(AgentId("999"), "key"))) == []


def test_mark_found_after_a_restart_has_its_own_instant(centre):
    """It is never later than now, whatever a clock of Asterisk's says."""
    found_at = Instant(centre.now - 4)
    assert marks(centre.feed(QuestioningMarked(ONE, "key", found_at))) == [(found_at, "a", "1")]
    centre.feed(CallerHungUp(CallId("a")))
    centre.call("b")
    centre.feed(OfferAnswered(centre.offer_of("1")))
    late = Instant(centre.now + 100)
    assert marks(centre.feed(QuestioningMarked(ONE, "key", late))) == [(centre.now, "b", "1")]
