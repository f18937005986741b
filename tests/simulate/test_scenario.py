"""Scenarios: what a file may say, and how its mistakes are told."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from acd.simulate.roster import by_shifts, span, staff
from acd.simulate.scenario import load_scenario, parse_scenario, ready_names
from acd.simulate.study import Study, UnknownLine, generators, quarters
from config.errors import ConfigErrors
from queue_engine.ids import AgentId, QueueName
from queue_engine.inputs import AgentLoggedIn, AgentLoggedOut, AgentPaused
from queue_engine.policy import AgentPolicy
from tests.simulate.site import config, scenario

MOSCOW = ZoneInfo("Europe/Moscow")
LINE = QueueName("line-122")
STAFF = [AgentPolicy(AgentId(number), (LINE,)) for number in ("101", "102", "103")]


@pytest.mark.parametrize("name", ready_names())
def test_ready_scenarios_are_sound(name):
    """Each has a title in both languages, calls and staff."""
    found = load_scenario(name)
    assert found.title
    assert found.title_ru
    assert found.shift
    assert sum(found.traffic[0].calls) > 0


def test_mistakes_are_told_all_at_once_with_file_and_key():
    """Five mistakes of five kinds, each where it stands, in both languages."""
    text = """
begin = "25:00"
[[traffic]]
calls = [1, 2, 3]
[[traffic]]
calls = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]
weekdays = [1.0]
talk = { kind = "lognormal", mean_s = -1 }
[[shift]]
operators = 0
"""
    with pytest.raises(ConfigErrors) as raised:
        parse_scenario(text, Path("bad.toml"))
    told = raised.value.text()
    assert "bad.toml: begin: must be a time of day: 08:30" in told
    assert "bad.toml: traffic[1]: must be 24, 96 or 672 numbers" in told
    assert "bad.toml: traffic[2].talk.mean_s: must be above 0" in told
    assert "bad.toml: shift[1].operators" in told
    assert "должно быть временем суток" in raised.value.text("ru")


@pytest.mark.parametrize("text", ["= nonsense", "[[traffic]]\ncalls = []\n", 'begin = "10:00"\nend = "09:00"\n'])
def test_no_scenario_is_not_taken_for_one(text):
    """Neither broken TOML nor a day without calls or time."""
    with pytest.raises(ConfigErrors):
        parse_scenario(text, Path("bad.toml"))


def test_a_file_that_is_not_there_is_told():
    """The path stands in what is told."""
    with pytest.raises(ConfigErrors, match=r"nowhere\.toml"):
        load_scenario("/nowhere.toml")


def test_a_week_and_a_day_say_the_same_hours():
    """24 numbers are hours, 96 quarters of them, 672 a week from Monday on; a factor multiplies all."""
    hours = "[" + ", ".join(str(hour) for hour in range(24)) + "]"
    week = "[" + ", ".join(str(quarter) for quarter in range(672)) + "]"
    by_hour = parse_scenario(f"[[traffic]]\ncalls = {hours}\nfactor = 2\nweekdays = [1, 1, 1, 1, 1, 0.5, 0]", Path())
    by_week = parse_scenario(f"[[traffic]]\ncalls = {week}", Path())
    assert by_hour.traffic[0].expected(0, 35) == 2 * 8 / 4
    assert by_hour.traffic[0].expected(5, 35) == 8 / 4
    assert by_hour.traffic[0].expected(6, 35) == 0
    assert by_week.traffic[0].expected(6, 95) == 671


def test_quarters_are_those_of_the_clocks():
    """The first and last are cut by the times of day; the zone is the site's."""
    found = list(quarters(scenario(), scenario().traffic[0], MOSCOW))
    assert len(found) == 8
    assert datetime.fromtimestamp(found[0][0], MOSCOW).strftime("%a %H:%M") == "Mon 08:00"
    assert sum(expected for *_, expected in found) == 100


def test_shifts_say_who_is_there_when():
    """Named operators, counted ones, clones beyond the configuration, pauses by turns, no one on other days."""
    found = scenario(
        """
[[shift]]
operators = ["103"]
begin = "07:00"
end = "09:00"
[[shift]]
operators = 4
days = ["mon"]
begin = "08:30"
end = "10:00"
pauses = [{ at = "09:00", minutes = 10, reason = "lunch", over_minutes = 40 }]
[[shift]]
operators = 2
days = ["sat"]
"""
    )
    roster = by_shifts(found, STAFF, [LINE], MOSCOW, generators(1, 0))
    names = [str(each.agent) for each in roster.agents]
    assert names[:3] == ["103", "101", "102"]
    assert len(names) == 7
    begin, end = span(found, MOSCOW)
    logins = [(when - begin, told.agent) for when, told in roster.planned if isinstance(told, AgentLoggedIn)]
    assert logins[0] == (0.0, "103")
    assert len(logins) == 5
    pauses = [when - begin for when, told in roster.planned if isinstance(told, AgentPaused)]
    assert pauses == [3600.0 + 600.0 * turn for turn in range(4)]
    gone = [when for when, told in roster.planned if isinstance(told, AgentLoggedOut)]
    assert gone == [begin + 3600.0, end, end, end, end]


def test_breaks_come_as_they_come_but_repeatably():
    """Random breaks lie within the shift, and one seed gives one roster."""
    found = scenario(
        """
[[shift]]
operators = 3
breaks = { every = { kind = "exponential", mean_s = 1800 }, lasting = { kind = "constant", mean_s = 300 } }
late_minutes = 5
"""
    )
    rosters = [by_shifts(found, STAFF, [LINE], MOSCOW, generators(seed, 0)) for seed in (1, 1, 2)]
    assert rosters[0] == rosters[1] != rosters[2]
    assert any(isinstance(told, AgentPaused) for _, told in rosters[0].planned)


def test_staff_beyond_the_configuration_is_like_its_last_operator():
    """Numbers of their own, the same lines; without any configured operator they serve all lines."""
    more = staff(STAFF, 5, [LINE])
    assert len({each.agent for each in more}) == 5
    assert more[-1].queues == (LINE,)
    assert staff([], 1, [LINE])[0].queues == (LINE,)


def test_an_unknown_line_is_told(tmp_path):
    """A scenario that names a line which the configuration does not have."""
    study = Study(config(tmp_path), scenario("[[traffic]]\nline = 'other'\ncalls = " + str([1] * 24)))
    with pytest.raises(UnknownLine, match="line-122"):
        study.run(0)
