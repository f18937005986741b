"""Profiles hold what their regulations say, and say where."""

from dataclasses import fields

import pytest

from config.errors import UnknownProfile
from config.lines import Line
from config.profile import load_profile, profile_names
from queue_engine.policy import QueuePolicy


@pytest.mark.parametrize("name", profile_names())
def test_every_norm_cites_its_section(name):
    """No figure of a regulation is without the section that sets it, and each cites its own regulation."""
    profile = load_profile(name)
    assert profile.name == name
    assert profile.norm
    sources = [norm.source for norm in profile.norm]
    sources += [given.source for given in profile.line.values() if given.source is not None]
    assert all(source.startswith(f"{profile.law} ") for source in sources)


@pytest.mark.parametrize("name", profile_names())
def test_values_of_the_line_are_keys_of_a_line(name):
    """A profile cannot set what a line does not have."""
    assert set(load_profile(name).line) <= set(Line.model_fields)


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
