"""What others have written gives a terminal no orders."""

import pytest

from metrics.reports.plain import visible, visible_within


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Анна (101), тел. 112", "Анна (101), тел. 112"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("\x1b]0;root@host\x07", "\ufffd]0;root@host\ufffd"),
        ("\x1b[2J\x1b[1;1H", "\ufffd[2J\ufffd[1;1H"),
        ("\x9b31m", "\ufffd31m"),
        ("back\x08\x08\x7f\r", "back\ufffd\ufffd\ufffd\ufffd"),
        ("\u202e721", "\ufffd721"),
    ],
)
def test_orders_are_replaced_and_text_stays(written, shown):
    """Each order becomes one character, so that columns keep their width."""
    assert visible(written) == shown
    assert len(visible(written)) == len(written)


def test_json_is_gone_through_to_its_leaves():
    """Lists in objects in lists."""
    told = {"agents": [{"name": "a\x1bb", "n": 1, "none": None}], "ok": True}
    assert visible_within(told) == {"agents": [{"name": "a\ufffdb", "n": 1, "none": None}], "ok": True}
