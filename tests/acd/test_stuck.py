"""What the engine believes and the bridge does not know of is ended, but not on first sight."""

from acd.stuck import StuckFinder
from queue_engine.engine import QueueEngine
from queue_engine.facts import AgentState
from queue_engine.ids import AgentId, CallId, Instant, QueueName
from queue_engine.inputs import AgentBecameReachable, AgentLoggedIn, CallArrived, OfferAnswered, PoliciesLoaded
from queue_engine.policy import AgentPolicy, QueuePolicy

LINE, AGENT, CALL = QueueName("l122"), AgentId("101"), CallId("a1-1.1")


def an_engine(call=CALL):
    """One operator whose telephone rings for one call."""
    engine, now = QueueEngine(1), Instant(1000.0)
    engine.handle(PoliciesLoaded((QueuePolicy(LINE),), (AgentPolicy(AGENT, (LINE,)),)), now)
    engine.handle(AgentBecameReachable(AGENT), now)
    engine.handle(AgentLoggedIn(AGENT, "test"), now)
    engine.handle(CallArrived(call, LINE, "", now), now)
    return engine


def mended(engine, finder):
    """Look, mend what is found, return what it was."""
    found = finder.look(engine.snapshot())
    for stuck in found:
        engine.handle(stuck.mend, Instant(1030.0))
    return [stuck.what for stuck in found]


def state(engine):
    """Return the operator's state."""
    return engine.snapshot().agents[0].state


def test_operator_who_rings_for_nothing_is_freed_at_the_second_look():
    """Between an end and its telling the two may differ for a moment."""
    engine = an_engine()
    finder = StuckFinder(rings=lambda _: False, talks=lambda _: False, lives=lambda _: True)
    assert mended(engine, finder) == []
    assert state(engine) is AgentState.RINGING
    assert mended(engine, finder) == ["operator_stuck"]


def test_operator_who_talks_to_nobody_is_freed():
    """No operator is stuck in a talk whose end nobody told."""
    engine = an_engine()
    engine.handle(OfferAnswered(engine.snapshot().agents[0].offer), Instant(1001.0))
    finder = StuckFinder(rings=lambda _: True, talks=lambda _: False, lives=lambda _: True)
    assert mended(engine, finder) + mended(engine, finder) == ["operator_stuck"]
    assert state(engine) is AgentState.READY


def test_call_without_a_channel_is_closed():
    """A caller who is not there any more waits for nobody."""
    engine = an_engine()
    finder = StuckFinder(rings=lambda _: True, talks=lambda _: True, lives=lambda _: False)
    assert mended(engine, finder) + mended(engine, finder) == ["call_gone"]
    assert not engine.snapshot().lines[0].waiting


def test_what_is_as_it_should_be_is_left_alone():
    """However often one looks."""
    engine = an_engine()
    finder = StuckFinder(rings=lambda _: True, talks=lambda _: True, lives=lambda _: True)
    assert [mended(engine, finder) for _ in range(3)] == [[], [], []]


def test_call_backs_are_the_books_own():
    """An attempt has no caller's channel until the caller has answered."""
    engine = an_engine(CallId("callback-1-1"))
    finder = StuckFinder(rings=lambda _: False, talks=lambda _: False, lives=lambda _: False)
    assert [mended(engine, finder) for _ in range(2)] == [[], []]
