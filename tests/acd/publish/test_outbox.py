"""What waits for the broker."""

from hypothesis import given
from hypothesis import strategies as st

from acd.publish.outbox import Outbox, Waiting


def drained(outbox: Outbox) -> list[bytes]:
    """Take everything and return the messages in order."""
    told = []
    while len(outbox):
        states, events = outbox.take(2)
        told += [make() for _, make in states] + [event.make() for event in events]
        outbox.confirm()
    return told


def message(number: int):
    """Return a maker of a message."""
    return lambda: b"%d" % number


def test_states_replace_each_other():
    """Only the last state of a thing is told, however long the broker was away."""
    outbox = Outbox(10)
    for number in range(5):
        outbox.put_state("lines/a", message(number))
    assert drained(outbox) == [b"4"]


def test_newer_state_is_not_undone_by_one_that_comes_back():
    """A state that was on its way when the link broke gives way to the one that came meanwhile."""
    outbox = Outbox(10)
    outbox.put_state("lines/a", message(1))
    outbox.take(5)
    outbox.put_state("lines/a", message(2))
    outbox.put_back()
    assert drained(outbox) == [b"2"]


@given(st.lists(st.sampled_from(["put", "send", "lose"]), max_size=60), st.integers(1, 8))
def test_events_keep_their_order_and_only_the_oldest_are_dropped(steps, most):
    """Whatever breaks when: what is told is in order and told once, and what is dropped is counted."""
    outbox, number, told, noted = Outbox(most), 0, [], []
    for step in steps:
        if step == "put":
            outbox.put_event(Waiting(f"r/{number}", "e", message(number), noted.append))
            number += 1
        else:
            _, events = outbox.take(3)
            if step == "send":
                told += [int(event.make()) for event in events]
                outbox.confirm()
                assert noted[-1:] == [event.id for event in events[-1:]] or not events
            else:
                outbox.put_back()
    told += [int(each) for each in drained(outbox)]
    assert told == sorted(set(told))
    assert len(told) + outbox.dropped == number


def test_what_was_missed_before_goes_first():
    """Events are held until the older ones are there, states are not; of too many the oldest are dropped."""
    outbox, noted = Outbox(3), []
    outbox.hold()
    outbox.put_event(Waiting("run-2/1", "e", message(3), noted.append))
    outbox.put_state("s", message(9))
    states, events = outbox.take(10)
    assert [make() for _, make in states] == [b"9"]
    assert events == []
    outbox.confirm()
    outbox.release([Waiting(f"run-1/{number}", "e", message(number), noted.append) for number in range(3)])
    assert drained(outbox) == [b"1", b"2", b"3"]
    assert outbox.dropped == 1


def test_how_far_the_broker_was_told_is_noted_for_each_place():
    """Events of the journal among those of calls: each place hears of the last one of its own, once it is confirmed."""
    outbox, calls, appeals = Outbox(10), [], []
    for number, told in (("run/1", calls), ("run/2", calls), ("journal/7", appeals), ("run/3", calls)):
        outbox.put_event(Waiting(number, "e", message(0), told.append))
    outbox.take(3)
    assert (calls, appeals) == ([], [])
    outbox.confirm()
    assert (calls, appeals) == (["run/2"], ["journal/7"])
    outbox.take(3)
    outbox.put_back()
    assert calls == ["run/2"]
