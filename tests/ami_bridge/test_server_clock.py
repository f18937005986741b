"""Asterisk's wall clock beside ours: small differences are none, large ones are taken away."""

import pytest

from ami_bridge.server_clock import ServerClock
from queue_engine.ids import Instant

NOW = Instant(1_000_000.0)
HOUR = 3600.0


@pytest.fixture
def clock() -> ServerClock:
    """A server's clock of which nothing is known yet."""
    return ServerClock("lab")


def test_clocks_that_agree_are_left_alone(clock):
    """Half a second is the time between two looks, not a difference."""
    clock.saw(NOW + 0.3, NOW, Instant(NOW + 0.01))
    assert clock.ahead_s == 0.0
    assert clock.ours(NOW) == NOW


@pytest.mark.parametrize("step_s", [-HOUR, HOUR, 5.0])
def test_step_is_taken_away_both_ways(clock, step_s):
    """An hour that Asterisk's clock has jumped is no hour that anybody has waited."""
    clock.saw(NOW + step_s, NOW, NOW)
    assert clock.ours(NOW + step_s) == NOW
    assert clock.theirs(NOW) == NOW + step_s


def test_step_back_ends_the_difference(clock):
    """Once the clocks agree again nothing is taken away, not even milliseconds."""
    clock.saw(NOW + HOUR, NOW, NOW)
    clock.saw(NOW + 0.2, NOW, NOW)
    assert clock.ahead_s == 0.0


def test_answer_that_took_long_proves_little(clock):
    """A sample that may be three seconds off does not move a clock by two."""
    clock.saw(NOW + 5.0, NOW, Instant(NOW + 6.0))
    assert clock.ahead_s == 0.0


@pytest.mark.parametrize("step_s", [-HOUR, HOUR])
def test_caller_who_comes_after_a_step_has_not_waited_for_an_hour(clock, step_s):
    """His session tells what Asterisk's clock showed when it was opened, so his age is known."""
    entered, opened = NOW + step_s - 0.5, NOW + step_s
    assert clock.entry(entered, opened, NOW) == NOW - 0.5
    assert clock.ahead_s == step_s


def test_session_that_stood_before_a_frozen_daemon_is_as_old_as_it_is(clock):
    """It was opened eight seconds ago and taken up now: the clocks agree, and the wait counts."""
    assert clock.entry(NOW - 9.0, NOW - 8.0, NOW) == NOW - 9.0
    assert clock.ahead_s == 0.0


def test_call_that_waited_for_long_keeps_its_entry(clock):
    """A daemon that was restarted takes up who came a minute ago."""
    assert clock.entry(NOW - 60.0, NOW, NOW) == NOW - 60.0


@pytest.mark.parametrize("step_s", [-HOUR, HOUR])
def test_caller_between_whose_entry_and_session_the_clock_was_set_has_not_waited_for_an_hour(clock, step_s):
    """His entry was noted by the clock as it was, his session by the clock as it is; so it is when it is set back."""
    assert clock.entry(NOW - 0.5, NOW + step_s, NOW) == NOW - 0.5
    assert clock.ahead_s == step_s
    later = Instant(NOW + 4.0)
    assert clock.entry(later + step_s - 0.7, later, later) == later - 0.7
    assert clock.ahead_s == 0.0


@pytest.mark.parametrize("step_s", [-HOUR, HOUR])
def test_second_caller_of_such_a_moment_is_read_like_the_first(clock, step_s):
    """That the clock was set is known by then; what it showed before is not forgotten at once."""
    clock.saw(NOW + step_s, NOW, NOW)
    at = Instant(NOW + 0.3)
    assert clock.entry(NOW - 0.2, at + step_s, at) == NOW - 0.2
    assert clock.entry(at + step_s - 0.1, at + step_s, at) == pytest.approx(at - 0.1)


def test_who_has_truly_waited_for_an_hour_is_not_made_young_by_a_step_of_long_ago(clock):
    """A quarter of a minute after a step nobody can stand between its two sides."""
    clock.saw(NOW + HOUR, NOW, NOW)
    late = Instant(NOW + 60.0)
    assert clock.entry(late - 1.0, late + HOUR, late) == pytest.approx(late - 1.0 - HOUR)


@pytest.mark.parametrize("step_s", [-HOUR, HOUR])
def test_session_that_stood_while_the_clock_was_set_shows_no_clock_of_its_own(clock, step_s):
    """It was opened by the clock of before, and the daemon was busy for two seconds: nobody is made two seconds off."""
    clock.saw(NOW + step_s, NOW, NOW)
    late = Instant(NOW + 3.0)
    assert clock.entry(late - 2.6, late - 2.1, late) == late - 2.6
    assert clock.ahead_s == step_s


@pytest.mark.parametrize("step_s", [-HOUR, HOUR])
def test_caller_who_is_found_after_a_step_that_we_saw_is_read_by_the_clock_of_before(clock, step_s):
    """A daemon that starts as the clock is set: who had entered before it has waited for four seconds."""
    clock.saw(NOW + step_s, NOW, NOW)
    assert clock.found(NOW - 4.0, NOW, 120.0) == NOW - 4.0
    assert clock.found(NOW + step_s - 4.0, NOW, 120.0) == NOW - 4.0


@pytest.mark.parametrize("step_s", [-HOUR, HOUR])
def test_caller_who_entered_by_a_clock_that_nobody_saw_waits_anew(clock, step_s):
    """It was set and set back while no daemon was there: read as an hour he would be sent away at once."""
    assert clock.found(NOW + step_s - 4.0, NOW, 120.0) == NOW
    assert min(clock.entry(NOW + step_s - 4.0, NOW, NOW, 120.0), NOW) == NOW


def test_caller_who_waits_past_the_longest_wait_is_sent_away_all_the_same(clock):
    """He may have stood without a daemon for a while: only what nobody waits for is taken for a clock that was set."""
    assert clock.found(NOW - 130.0, NOW, 120.0) == NOW - 130.0
    assert clock.entry(NOW - 130.0, NOW, NOW, 120.0) == NOW - 130.0


def test_where_no_wait_is_the_longest_every_entry_is_believed(clock):
    """A line that is not configured any more."""
    assert clock.found(NOW - HOUR, NOW, float("inf")) == NOW - HOUR
