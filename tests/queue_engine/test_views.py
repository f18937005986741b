"""What can be seen of the engine from outside."""

from queue_engine import EngineCounts, LineCounts
from queue_engine.facts import AgentState
from queue_engine.ids import Instant, QueueName
from queue_engine.inputs import OfferAnswered
from queue_engine.policy import QueuePolicy
from tests.queue_engine.centre import LINE, START, Centre, agent


def small():
    """One talk, one offer, one that waits and one in its greeting."""
    centre = Centre(QueuePolicy(LINE), agents=(agent("1"), agent("2"), agent("3", "elsewhere")))
    centre.log_in("1", "2", "3")
    for name in "trw":
        centre.call(name)
    centre.call("g", greeted=False)
    centre.feed(OfferAnswered(centre.offer_of("1")))
    return centre


def test_snapshot_shows_calls_in_order_and_operators_with_what_they_do():
    """Unanswered calls stand in the order of their places, whatever they are doing."""
    snapshot = small().engine.snapshot()
    (line,) = snapshot.lines
    assert [(view.call, view.state, view.agents) for view in line.waiting] == [
        ("r", "offered", ("2",)),
        ("w", "waiting", ()),
        ("g", "greeting", ()),
    ]
    assert [(view.call, view.agents, view.answered_at) for view in line.talking] == [("t", ("1",), START)]
    shown = [(view.agent, view.state, view.call, view.queues) for view in snapshot.agents]
    assert shown == [("1", "talking", "t", (LINE,)), ("2", "ringing", "r", (LINE,)), ("3", "ready", None, ())]


def test_counts_are_cheap_and_right():
    """As many as the snapshot shows."""
    counts = small().engine.counts()
    states = {AgentState.TALKING: 1, AgentState.RINGING: 1, AgentState.READY: 1}
    assert counts == EngineCounts(Instant(START), {LINE: LineCounts(waiting=1, live=4, ready=0)}, states)


def test_expected_wait_of_a_new_caller():
    """None for an unknown line or one that nobody serves, 0 with somebody ready, else by those ahead."""
    centre = Centre(agents=(agent("1"),))
    assert centre.engine.expected_wait_s(QueueName("nowhere")) is None
    assert centre.engine.expected_wait_s(LINE) is None
    centre.log_in("1")
    assert centre.engine.expected_wait_s(LINE) == 0
    centre.call("a")
    centre.call("b")
    assert centre.engine.expected_wait_s(LINE) == 360
