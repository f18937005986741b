"""The choice of language, and what is said in it."""

import pytest

from acd.texts import Text, duration, language_of


@pytest.mark.parametrize(
    ("asked", "environment", "language"),
    [
        ("ru", {"LANG": "en_US.UTF-8"}, "ru"),
        ("en", {"LANG": "ru_RU.UTF-8"}, "en"),
        (None, {"LANG": "ru_RU.UTF-8"}, "ru"),
        (None, {"LC_ALL": "C", "LANG": "ru_RU.UTF-8"}, "en"),
        (None, {"LC_MESSAGES": "ru_RU", "LANG": "C"}, "ru"),
        (None, {}, "en"),
    ],
)
def test_language_is_what_was_asked_for_or_the_environments(asked, environment, language):
    """An option counts before the environment, and there the usual order holds."""
    assert language_of(asked, environment) == language


def test_text_is_said_with_its_values():
    """Both languages fill the same places."""
    text = Text("{count} calls", "вызовов: {count}")
    assert (text.say("en", count=2), text.say("ru", count=2)) == ("2 calls", "вызовов: 2")


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "0 s"), (59.9, "59 s"), (60, "1:00"), (3599, "59:59"), (3600, "1:00:00"), (90061, "25:01:01")],
)
def test_duration_reads_as_people_write_it(seconds, told):
    """Seconds alone below a minute, then with colons."""
    assert duration(seconds, "en") == told


def test_duration_in_russian_has_russian_seconds():
    """The unit is in the language."""
    assert duration(7, "ru") == "7 с"
