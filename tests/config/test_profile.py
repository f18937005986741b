"""Profiles hold what their regulations say, and say where."""

from dataclasses import fields
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from config.checks_services import prompts_used
from config.errors import UnknownProfile
from config.lines import Line
from config.load import load_config
from config.profile import load_profile, profile_names
from queue_engine.policy import QueuePolicy


@pytest.mark.parametrize("name", profile_names())
def test_every_norm_cites_its_section(name):
    """No figure of a regulation is without the section that sets it, and each cites its own regulation."""
    profile = load_profile(name)
    assert profile.name == name
    sources = [norm.source for norm in profile.norm] + list(profile.mandatory.values())
    for values in (profile.line, profile.callback, profile.recording, profile.messages):
        sources += [given.source for given in values.values() if given.source is not None]
    sources += [each.source for each in (*profile.prompt, *profile.script) if each.source is not None]
    assert sources
    assert all(source.startswith(f"{profile.law} ") for source in sources)


@pytest.mark.parametrize("name", profile_names())
def test_values_of_the_line_are_keys_of_a_line(name):
    """A profile cannot set what a line does not have."""
    assert set(load_profile(name).line) <= {field.alias or key for key, field in Line.model_fields.items()}


def test_saratov_says_what_its_regulation_says():
    """SAR 5.1 and 5.2, figure by figure."""
    profile = load_profile("saratov-122")
    assert profile.line_values()["target_wait_s"] == 60
    assert profile.line_values()["max_wait_s"] == 120
    assert {norm.indicator: (norm.holds, norm.value) for norm in profile.norm} == {
        "K1": ("at_least", 0.90),
        "K2": ("at_most", 0.05),
        "K3": ("guide", 180),
        "K4": ("guide", 300),
        "K5": ("at_most", 15),
        "K6": ("at_least", 2),
        "K7": ("at_most", 0),
    }


@pytest.mark.parametrize("name", profile_names())
def test_a_site_of_one_line_is_complete_with_its_profile(tmp_path, name):
    """Destinations, prompts and scripts that a profile names come with it; the site may have its own of a name."""
    config = site_of(tmp_path, name)
    line = config.lines[0]
    destinations = {destination.name: destination for destination in config.destinations}
    assert {line.at_closed, line.at_max_wait} <= destinations.keys()
    assert line.script in {script.name for script in config.scripts}
    assert prompts_used(config)
    own = f'[[destination]]\nkind = "hangup"\nname = "{line.at_closed}"\n'
    assert next(d.kind for d in site_of(tmp_path, name, own).destinations if d.name == line.at_closed) == "hangup"


@pytest.mark.parametrize(
    ("name", "zone", "opens", "closes"),
    [
        # UDM 5.3: Monday to Thursday 8:30 to 17:30, Friday to 16:30
        ("udmurtia-oms", "Europe/Samara", "2026-11-19T08:30", "2026-11-19T17:30"),
        ("udmurtia-oms", "Europe/Samara", "2026-11-20T08:30", "2026-11-20T16:30"),
        # KEM 5.3: working days 8:30 to 17:00
        ("kemerovo-support", "Asia/Novokuznetsk", "2026-11-20T08:30", "2026-11-20T17:00"),
        # a working Saturday, by the hours of the Monday whose rest it gave
        ("udmurtia-oms", "Europe/Samara", "2024-04-27T08:30", "2024-04-27T17:30"),
        ("kemerovo-support", "Asia/Novokuznetsk", "2024-04-27T08:30", "2024-04-27T17:00"),
        # the clinic's own Saturday, though it is no working day of the calendar's week
        ("vladimir-clinic", "Europe/Moscow", "2026-11-21T09:00", "2026-11-21T14:00"),
        # a working Saturday is worked by the hours of its Monday, not by the clinic's own
        ("vladimir-clinic", "Europe/Moscow", "2024-04-27T08:00", "2024-04-27T18:00"),
        # the eve of a public holiday is an hour shorter
        ("udmurtia-oms", "Europe/Samara", "2026-11-03T08:30", "2026-11-03T16:30"),
    ],
)
def test_hours_are_those_of_the_regulation(tmp_path, name, zone, opens, closes):
    """D5: open from the first minute to the last, closed the second before and after, in the service's zone."""
    assert load_profile(name).time_zone == zone
    config = site_of(tmp_path, name)
    work = config.working_time(config.lines[0])
    first, last = (datetime.fromisoformat(t).replace(tzinfo=ZoneInfo(zone)).timestamp() for t in (opens, closes))
    assert [work.is_open(at) for at in (first - 1, first, last - 1, last)] == [False, True, True, False]


@pytest.mark.parametrize("name", ["udmurtia-oms", "kemerovo-support", "sakhalin-1300", "vladimir-clinic"])
@pytest.mark.parametrize("day", ["2027-01-01", "2026-11-04", "2024-04-29", "2026-11-22"])
def test_on_holidays_and_moved_days_off_it_is_closed(tmp_path, name, day):
    """D5: public holidays, a working day whose rest was moved, a Sunday."""
    config = site_of(tmp_path, name)
    zone = ZoneInfo(config.site.time_zone)
    noon = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=zone).timestamp()
    assert not config.working_time(config.lines[0]).is_open(noon)


def site_of(folder, name: str, more: str = ""):
    """Return the configuration of a site that has one line of a profile, and nothing of its own."""
    profile = load_profile(name)
    path = folder / "acd.toml"
    path.write_text(
        f'''
[site]
name = "site"
time_zone = "{profile.time_zone}"
profile = "{name}"
lab = true

[[asterisk]]
name = "main"
ami_secret = "secret"

[[line]]
name = "service"
numbers = ["1300"]
{more}
''',
        encoding="utf-8",
    )
    return load_config(path, {})


def test_unknown_profile_is_told_with_those_that_exist():
    """A wrong name is answered with the right ones."""
    with pytest.raises(UnknownProfile, match=r"no profile 'nowhere'; known: .*saratov-122"):
        load_profile("nowhere")


def test_a_line_has_the_single_values_of_the_engines_policy():
    """What the engine can be told about a line in one value can be written in the file."""
    lists_of_rules = {"steps", "on_join", "keys"}
    said_in_asterisk = {"whisper"}
    engine = {field.name for field in fields(QueuePolicy)} - lists_of_rules - said_in_asterisk
    assert engine <= set(Line.model_fields)
