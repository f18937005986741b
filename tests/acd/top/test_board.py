"""Rows, orders, filters and colours of the live screen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.top.board import (
    AGENTS,
    BARS,
    CALLBACKS,
    LINES,
    Order,
    aged,
    call_rows_of,
    callback_rows_of,
    heads,
    rows,
    spark,
    wait_style,
    widths,
)
from acd.top.feed import Seen
from acd.top.figures import in_norm, indicator_line, owed


def line(name: str = "saratov-122", **changes: object) -> dict[str, object]:
    """Return a line as the API tells it."""
    return {
        "line": name,
        "title": name,
        "waiting": 1,
        "ringing": 0,
        "talking": 0,
        "longest_wait_s": 30.0,
        "operators_logged_in": 2,
        "operators_ready": 1,
        "target_wait_s": 60.0,
        "max_wait_s": 120.0,
        "accepted_today": 10,
        "answered_today": 8,
        "abandoned_today": 1,
        "share_in_norm_today": 0.8,
        "norm_share": 0.9,
    } | changes


def agent(number: str, state: str, for_s: float, reason: str = "") -> dict[str, object]:
    """Return an operator as the API tells him."""
    return {"agent": number, "name": f"Имя {number}", "state": state, "for_s": for_s, "reason": reason}


AGENTS_SEEN = [agent("101", "paused", 5.0, "lunch"), agent("102", "ready", 7.0), agent("103", "ready", 9.0)]


def seen(**changes: object) -> Seen:
    """Return a state with one line and one call that waits and one that talks."""
    call = {"call": "a", "line": "saratov-122", "state": "waiting", "waited_s": 30.0}
    status = {"at": 1000.0, "callbacks_owed": 0, "callback_due_in_s": None, "lines": [line(**changes)]}
    return Seen(status, AGENTS_SEEN, [call, call | {"state": "talking", "line": "gone"}])


@pytest.mark.parametrize(
    ("waited_s", "style"),
    [(0, "green"), (44.9, "green"), (45, "yellow"), (60, "yellow"), (60.1, "bold red"), (121, "bold white on red")],
)
def test_a_wait_changes_colour_before_and_at_its_norms(waited_s, style):
    """Yellow from three quarters of the norm on, red above it, white on red above the maximum."""
    assert wait_style(waited_s, 60.0, 120.0) == style


def test_a_line_without_norms_has_no_colour():
    """A line that was taken out of the configuration is held to nothing."""
    assert wait_style(500.0, None, None) == ""


def test_time_goes_on_between_two_looks():
    """Waits and times in a state grow; talks' waits and the longest wait of an empty line do not."""
    later = aged(seen(), 10.0)
    assert [call["waited_s"] for call in later.calls] == [40.0, 30.0]
    assert later.status["lines"][0]["longest_wait_s"] == 40.0
    assert later.agents[0]["for_s"] == 15.0
    assert aged(seen(waiting=0, longest_wait_s=0.0), 10.0).status["lines"][0]["longest_wait_s"] == 0.0


def test_calls_carry_the_norms_of_their_line():
    """What colours a call's wait is its line's; a line that is gone has none."""
    first, second = call_rows_of(seen())
    assert (first["title"], first["target_wait_s"], first["max_wait_s"]) == ("saratov-122", 60.0, 120.0)
    assert (second["title"], second["target_wait_s"]) == ("gone", None)


def test_operators_are_sorted_by_what_they_do():
    """Sorted by state: those who are free first, the longest free foremost; turned, the other way round."""
    order = Order(2)
    assert [row.key for row in rows(AGENTS_SEEN, AGENTS, "agent", order, "", "en")] == ["103", "102", "101"]
    assert [row.key for row in rows(AGENTS_SEEN, AGENTS, "agent", order.turned(), "", "en")] == ["101", "102", "103"]


def test_order_goes_through_all_columns_and_back():
    """After the last column comes the daemon's own order again; an arrow marks the column."""
    order, seen_columns = Order(), []
    for _ in range(len(AGENTS) + 1):
        order = order.next(len(AGENTS))
        seen_columns.append(order.column)
    assert seen_columns == [0, 1, 2, 3, None]
    assert heads(AGENTS, Order(1), "ru") == ["№", "Оператор▲", "Сост.", "Время"]


def test_filter_looks_into_every_cell():
    """A part of the name, the number, the state or the reason, in any case."""
    for wanted, found in (("ИМЯ 102", ["102"]), ("lunch", ["101"]), ("10", ["101", "102", "103"]), ("zzz", [])):
        assert [row.key for row in rows(AGENTS_SEEN, AGENTS, "agent", Order(), wanted, "ru")] == found


@given(st.lists(st.floats(0, 1e6)), st.integers(1, 60))
def test_curve_is_as_long_as_what_it_shows(values, width):
    """One bar per value, the last ones, and the highest is a full bar."""
    drawn = spark(values, width)
    assert len(drawn) == min(len(values), width)
    assert set(drawn) <= set(BARS)
    if any(values[-width:]):
        assert BARS[-1] in drawn


@given(st.integers(1, 300))
def test_columns_fill_the_room_and_never_shrink(room):
    """What is to spare goes to the column that grows; in 80 columns nothing is missing."""
    assert sum(widths(LINES, room)) == max(room, sum(column.width for column in LINES))
    assert sum(column.width for column in LINES) <= 80


def test_share_of_all_lines_is_weighed_by_calls():
    """Ten calls with 80 % and thirty with 100 % are 95 %."""
    both = Seen({"lines": [line(), line("b", share_in_norm_today=1.0, accepted_today=30)]}, [], [])
    assert in_norm(both) == pytest.approx(0.95)
    assert in_norm(Seen({"lines": [line(share_in_norm_today=None)]}, [], [])) is None


def test_indicators_stand_beside_their_norms():
    """Each indicator that is known is told with its norm, in the reader's way of writing numbers."""
    row = {
        "code": "K1",
        "value": {"value": 0.9345, "unit": "share"},
        "norm": {"value": 0.9, "unit": "share", "bound": "at_least"},
        "verdict": True,
    }
    unknown = row | {"code": "K3", "value": {"value": None, "unit": "seconds"}}
    assert indicator_line([row, unknown], "en").plain == "K1 93.5% ≥90%  "
    assert indicator_line([row, unknown], "ru").plain == "K1 93,5% ≥90%  "


def owed_row(request: int, limit_at: float | None, **changes: object) -> dict[str, object]:
    """Return a call-back as the API tells it."""
    row = {"request": request, "line": "saratov-122", "number": "+79271234567", "state": "owed", "limit_at": limit_at}
    return row | {"next_at": 990.0, "attempts": []} | changes


def test_call_backs_stand_by_what_is_due_first():
    """Those late foremost; one that was tried already, or has no norm, has no limit and stands last."""
    tried = owed_row(4, 1001.0, attempts=[{}])
    rows_of = [owed_row(1, None, next_at=980.0), owed_row(2, 1012.0), owed_row(3, 997.0), tried]
    told = callback_rows_of(Seen({"at": 1000.0, "lines": [line()]}, [], [], rows_of))
    assert [(row["request"], row["due_in_s"]) for row in told] == [(3, -3.0), (2, 12.0), (1, None), (4, None)]
    shown = rows(told, CALLBACKS, "request", Order(), "", "en")
    assert [row.cells[2].plain for row in shown][:3] == ["-3 s", "12 s", "-"]
    assert "red" in str(shown[0].cells[2].style)


@pytest.mark.parametrize(
    ("due_in_s", "passed_s", "told"),
    [
        (12.0, 2.0, "Call-backs 3  the first due in 10 s"),
        (1.0, 5.0, "Call-backs 3  the first is 4 s late"),
        (None, 0.0, "Call-backs 3"),
    ],
)
def test_time_until_the_first_call_back_runs_down(due_in_s, passed_s, told):
    """Second by second, and on past its limit."""
    status = {"at": 1000.0, "callbacks_owed": 3, "callback_due_in_s": due_in_s, "lines": []}
    assert owed(aged(Seen(status, [], []), passed_s), "en").plain == told
    assert owed(Seen(status | {"callbacks_owed": 0}, [], []), "en") is None
