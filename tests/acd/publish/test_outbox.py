"""What waits for the broker."""

from hypothesis import given
from hypothesis import strategies as st

from acd.publish.outbox import Outbox


def drained(outbox: Outbox) -> list[bytes]:
    """Take everything and return the messages in order."""
    told = []
    while len(outbox):
        states, events = outbox.take(2)
        told += [make() for _, make in (*states, *events)]
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
    outbox, number, told = Outbox(most), 0, []
    for step in steps:
        if step == "put":
            outbox.put_event("e", message(number))
            number += 1
        else:
            _, events = outbox.take(3)
            if step == "send":
                told += [int(make()) for _, make in events]
                outbox.confirm()
            else:
                outbox.put_back()
    told += [int(each) for each in drained(outbox)]
    assert told == sorted(set(told))
    assert len(told) + outbox.dropped == number
