"""Numbers and spans as sounds: the right form of the word for every number."""

import pytest

from acd.speech import phrase, plural_form, spoken_minutes, spoken_number


@pytest.mark.parametrize(
    ("number", "form"),
    [(1, 0), (2, 1), (4, 1), (5, 2), (11, 2), (12, 2), (14, 2), (20, 2), (21, 0), (22, 1), (25, 2), (111, 2), (101, 0)],
)
def test_russian_has_three_forms(number, form):
    """1 минута, 2 минуты, 5 минут; 11 to 14 are many, 21 is one again."""
    assert plural_form(number, "ru") == form


def test_russian_minutes_are_feminine():
    """Одна минута, две минуты, двадцать одна минута, пять минут."""
    assert spoken_minutes(60, "ru") == ("digits/1n", "queue-minute")
    assert spoken_minutes(61, "ru") == ("digits/2n", "minutes")
    assert spoken_minutes(21 * 60, "ru") == ("digits/20", "digits/1n", "queue-minute")
    assert spoken_minutes(300, "ru") == ("digits/5", "queue-minutes")


def test_english_has_two_forms():
    """One minute, two minutes."""
    assert spoken_minutes(10, "en") == ("digits/1", "queue-minute")
    assert spoken_minutes(100, "en") == ("digits/2", "queue-minutes")


@pytest.mark.parametrize(
    ("number", "sounds"),
    [
        (0, ("digits/0",)),
        (15, ("digits/15",)),
        (40, ("digits/40",)),
        (100, ("digits/hundred",)),
        (342, ("digits/3", "digits/hundred", "digits/40", "digits/2")),
        (100_000, ("digits/9", "digits/hundred", "digits/90", "digits/9")),
    ],
)
def test_numbers_are_spoken_from_the_sounds_that_exist(number, sounds):
    """Every sound named is one of the core sounds; a number without end is cut."""
    assert spoken_number(number, "ru") == sounds


def test_phrase_without_its_value_is_left_unsaid():
    """A sentence without its object is worse than music."""
    parts = ("queue-holdtime", "{wait}")
    assert phrase(parts, "ru", wait_s=None) == ()
    assert phrase(parts, "ru", wait_s=59) == ("queue-holdtime", "digits/1n", "queue-minute")
    assert phrase(("queue-thereare", "{position}"), "ru", position=3) == ("queue-thereare", "digits/3")
    assert phrase(("{line}",), "ru", line="122") == ("digits/1", "digits/2", "digits/2")
