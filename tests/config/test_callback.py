"""The table of call-backs: its hours, what it needs, and what the profile gives it."""

import pytest

from config.callback import MINUTES_PER_WEEK, permitted_minutes
from config.errors import ConfigErrors
from config.load import load_config
from tests.config.sample import spoilt, written

NOON = 1_795_251_600.0
TABLE = 'numbers = ["122", "+78452000122"]\ncallback = {{ trunk = "city"{} }}'


def loaded(tmp_path, more=""):
    """Return the first line of the sample with call-backs."""
    text = spoilt('numbers = ["122", "+78452000122"]', TABLE.format(more))
    return load_config(written(tmp_path, text), {"AMI_SECRET": "x", "PHONE_SECRET": "y"}).lines[0]


def test_the_profile_gives_what_the_line_does_not_say(tmp_path):
    """SAR 5.2: the first attempt within 15 s, at least two of them; the line's own values go before."""
    callback = loaded(tmp_path, ", attempts = 3").callback
    assert (callback.first_attempt_s, callback.min_attempts, callback.attempts) == (15, 2, 3)


def test_a_line_without_the_table_has_no_call_backs(tmp_path):
    """A profile alone does not make anybody's telephone ring."""
    config = load_config(written(tmp_path), {"AMI_SECRET": "x", "PHONE_SECRET": "y"})
    assert [line.callback for line in config.lines] == [None, None]


@pytest.mark.parametrize(
    ("more", "key"),
    [
        (", attempts = 1", "line[1].callback.attempts"),
        (", dial_margin_s = 20", "line[1].callback.dial_margin_s"),
        (', hours = ["daily"]', "line[1].callback.hours[1]"),
        (', hours = ["fri-mon 08:00-20:00"]', "line[1].callback.hours[1]"),
        (', hours = ["mon 20:00-08:00"]', "line[1].callback.hours[1]"),
        (', permitted_prefixes = ["8"]', "line[1].callback.permitted_prefixes[1]"),
        (', breaks = ["anything"]', "line[1].callback.breaks[1]"),
        (', trunck = "x"', "line[1].callback.trunck"),
    ],
)
def test_mistakes_are_told_with_their_place(tmp_path, more, key):
    """A wrong value is named where it stands."""
    with pytest.raises(ConfigErrors) as errors:
        loaded(tmp_path, more)
    assert key in [mistake.key for mistake in errors.value.mistakes]


def test_a_trunk_that_only_brings_calls_cannot_be_dialled(tmp_path):
    """Call-backs need an address at the far side."""
    text = spoilt('numbers = ["122", "+78452000122"]', TABLE.format("")).replace('address = "192.0.2.1:5060"\n', "")
    with pytest.raises(ConfigErrors, match="address"):
        load_config(written(tmp_path, text), {"AMI_SECRET": "x", "PHONE_SECRET": "y"})


def test_hours_are_counted_in_utc_from_monday():
    """Saratov is four hours ahead."""
    assert permitted_minutes(("tue 10:00-12:30",), "Europe/Saratov", NOON) == ((1440 + 360, 1440 + 510),)


def test_hours_that_cross_the_week_are_cut_and_joined():
    """A whole local week is a whole week, however far the zone is from UTC."""
    assert permitted_minutes(("mon-sun 00:00-24:00",), "Asia/Vladivostok", NOON) == ((0, MINUTES_PER_WEEK),)
    assert permitted_minutes(("mon 00:00-06:00",), "Asia/Vladivostok", NOON) == (
        (MINUTES_PER_WEEK - 600, MINUTES_PER_WEEK - 240),
    )


def test_no_hours_are_no_limit():
    """Nothing said is any time."""
    assert permitted_minutes((), "Europe/Moscow", NOON) == ()
