"""A small site and a small scenario, as files and as values."""

from pathlib import Path

from acd.simulate.scenario import Scenario, parse_scenario
from config.load import load_config
from config.model import Config

SITE = """
[site]
name = "small"
profile = "saratov-122"
time_zone = "Europe/Saratov"
lab = true

[[asterisk]]
name = "pbx1"
ami_secret = "x"

[[line]]
name = "line-122"
numbers = ["122"]
at_max_wait = "to-second"

[[line]]
name = "second"
numbers = ["123"]

[[destination]]
kind = "line"
name = "to-second"
line = "second"

[[operator]]
number = "101"

[[operator]]
number = "102"

[[operator]]
number = "103"

[[telephone]]
name = "op101"
secret = "p101"

[[telephone]]
name = "op102"
secret = "p102"

[[telephone]]
name = "op103"
secret = "p103"
"""

SCENARIO = """
title = "A small morning"
title_ru = "Небольшое утро"
first_day = 2026-11-23
begin = "08:00"
end = "10:00"

[[traffic]]
calls = [0, 0, 0, 0, 0, 0, 0, 0, 40, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
talk = { kind = "lognormal", mean_s = 90 }
patience = { kind = "exponential", mean_s = 150 }
"""


def site(directory: Path, text: str = SITE) -> Path:
    """Write the configuration and return its path."""
    path = directory / "acd.toml"
    path.write_text(text, encoding="utf-8")
    return path


def config(directory: Path, text: str = SITE) -> Config:
    """Return the configuration."""
    return load_config(site(directory, text), {})


def scenario(extra: str = "") -> Scenario:
    """Return the scenario, with more at its end."""
    return parse_scenario(SCENARIO + extra, Path("scenario.toml"))
