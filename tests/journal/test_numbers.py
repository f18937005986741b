"""Card numbers, written and typed on a telephone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.journal.errors import NumberMistyped
from acd.journal.numbers import CardNumber, parse_number

numbers = st.builds(CardNumber, st.just("122"), st.integers(2020, 2099), st.integers(1, 999_999_999))


@given(numbers)
def test_a_number_is_read_back_as_written_and_as_pressed(number):
    """What is told to the caller finds the card again, whichever way it is given."""
    assert parse_number(str(number), "122") == number
    assert parse_number(number.keys, "122") == number


@pytest.mark.parametrize("text", ["122-2026-000123", " 2026-123 ", "2026123#", "2026 000123", "2026–000123"])
def test_the_usual_ways_to_write_it(text):
    """Blanks, dashes of all lengths, the closing key and leading zeros do not matter."""
    assert parse_number(text, "122") == CardNumber("122", 2026, 123)


@pytest.mark.parametrize("text", ["", "abc", "122", "1300-2026-000123", "2026-0", "2026", "2026-1234567890"])
def test_what_is_no_number_is_refused(text):
    """A mistyped number raises and names what was typed."""
    with pytest.raises(NumberMistyped) as refused:
        parse_number(text, "122")
    assert repr(text) in str(refused.value)
