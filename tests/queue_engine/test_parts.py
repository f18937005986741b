"""The two data structures under the engine, held against their naive counterparts."""

from bisect import insort

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queue_engine.ranked import Ranked
from queue_engine.timers import Timers, What

OPS = st.lists(st.tuples(st.booleans(), st.integers(0, 60), st.integers(0, 10**6)), max_size=200)


@given(OPS)
def test_ranked_is_a_sorted_list(ops):
    """Adding, removing, positions and order are those of a plain sorted list."""
    ranked: Ranked[tuple[int, int]] = Ranked()
    plain: list[tuple[int, int]] = []
    for seq, (is_add, key, which) in enumerate(ops):
        if is_add or not plain:
            ranked.add((key, seq))
            insort(plain, (key, seq))
        else:
            entry = plain.pop(which % len(plain))
            ranked.remove(entry)
        assert list(ranked) == plain
        assert len(ranked) == len(plain)
        assert ranked.head == (plain[0] if plain else None)
    for index, entry in enumerate(plain):
        assert ranked.position(entry) == index
        assert ranked.at(index) == entry


def test_ranked_holds_many_in_any_order():
    """Blocks are split and emptied without losing an entry, whatever the order of arrival."""
    ranked: Ranked[tuple[int, int]] = Ranked()
    entries = [((i * 7919) % 5000, i) for i in range(5000)]
    for entry in entries:
        ranked.add(entry)
    entries.sort()
    assert list(ranked) == entries
    assert ranked.position(entries[4321]) == 4321
    assert ranked.position((10**9, 0)) == 5000
    assert ranked.at(4999) == entries[-1]
    for entry in entries[::2]:
        ranked.remove(entry)
    assert list(ranked) == entries[1::2]
    for entry in reversed(entries[1::2]):
        ranked.remove(entry)
    assert len(ranked) == 0
    assert ranked.head is None


def test_ranked_says_what_is_not_there():
    """Removing what is not there, or asking for a position beyond the end, is an error of the caller."""
    ranked: Ranked[tuple[int]] = Ranked()
    for entry in ((1,), (3,)):
        ranked.add(entry)
    for missing in ((0,), (2,), (4,)):
        with pytest.raises(KeyError):
            ranked.remove(missing)
    with pytest.raises(IndexError):
        ranked.at(2)


@given(st.lists(st.tuples(st.sampled_from(["arm", "cancel", "pop"]), st.integers(0, 20)), max_size=200))
def test_timers_fire_in_order_and_never_after_a_cancel(ops):
    """What fires is the earliest of what was armed and not cancelled; equal dues fire as they were armed."""
    timers: Timers[int] = Timers()
    armed: dict[int, float] = {}
    for number, (op, value) in enumerate(ops):
        if op == "arm":
            armed[timers.arm(float(value), What.REST_OVER, number)] = float(value)
        elif op == "cancel" and armed:
            token = sorted(armed)[value % len(armed)]
            del armed[token]
            timers.cancel(token)
        elif op == "pop":
            due = [(at, token) for token, at in armed.items() if at <= value]
            popped = timers.pop_due(float(value))
            assert (popped is None) == (not due)
            if due:
                del armed[min(due)[1]]
        assert timers.next_due() == (min(armed.values()) if armed else None)
        assert len(timers) == len(armed)


def test_timers_that_were_cancelled_take_no_room():
    """Cancelled timers are thrown away before they are due once they outnumber the others."""
    timers: Timers[int] = Timers()
    keep = timers.arm(5.0, What.CALL_STEP, 0)
    for number in range(10_000):
        timers.cancel(timers.arm(1e9, What.CALL_STEP, number))
    assert len(timers._steps) < 2100
    assert timers.pop_due(5.0) == (What.CALL_STEP, 0)
    timers.cancel(keep)
    assert timers.pop_due(2e9) is None
