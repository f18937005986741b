"""Profiles: the norms of one regulation, each with the section that sets it, and the line's values that follow.

A profile is a TOML file that comes with the product (`config/profiles/`). It holds data only; which formula a rule's
name stands for is decided where figures are computed.
"""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from config.errors import UnknownProfile
from config.kinds import AnyName, LineText, Number, Table, TimeZone
from config.messages import mistake
from config.prompts import Prompt
from config.scripts import Script


def _source(value: str) -> str:
    law, _, section = value.partition(" ")
    if not (law.isalpha() and law.isupper() and section and section[0].isdigit()):
        raise mistake("acd_norm_source")
    return value


Source = Annotated[str, AfterValidator(_source)]
"""The regulation's short name and its section: `SAR 5.1`."""

Indicator = Annotated[str, Field(pattern=r"^K[1-9][0-9]?$")]


class Norm(Table):
    """One figure that the regulation asks for."""

    indicator: Indicator
    """Which indicator it is the norm of: `K1`."""
    name: AnyName
    """What is measured, for programs: `connected-in-norm`."""
    value: float
    unit: Literal["ratio", "s", "count"]
    holds: Literal["at_most", "at_least", "guide"]
    """How the figure must stand to the value; a guide is printed beside the figure and never failed."""
    rule: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")] | None = None
    """Name of the reading by which the figure is computed, where there are several."""
    source: Source
    quote: LineText
    """The regulation's own words."""


class LineValue(Table):
    """A value of the line that follows from the regulation, or from what the product chooses where it is silent."""

    value: bool | float | str | tuple[str, ...] | tuple[dict[str, Any], ...]
    source: Source | None = None
    """None where the regulation says nothing and the value is ours."""


class Profile(Table):
    """One regulation."""

    name: AnyName
    title: LineText
    title_ru: LineText
    regulation: LineText
    law: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    """Short name by which sections are cited."""
    number: Number | None = None
    """The service's public number."""
    time_zone: TimeZone = "Europe/Moscow"
    """Where the service is; a site that is set up from the profile gets it."""
    line: dict[str, LineValue] = Field(default_factory=dict)
    """Values for the lines that use the profile, by the key of the line."""
    callback: dict[str, LineValue] = Field(default_factory=dict)
    """Values for the call-backs of those lines that have any."""
    recording: dict[str, LineValue] = Field(default_factory=dict)
    """Values for the recording of those lines that have any."""
    mandatory: dict[Literal["recording"], Source] = Field(default_factory=dict)
    """What a line of the profile must have, with the section that demands it; `acd check` tells where it is missing."""
    destination: tuple[dict[str, Any], ...] = ()
    """Destinations that the values above name, unless the site has one of the same name."""
    announcement: tuple[dict[str, Any], ...] = ()
    prompt: tuple[Prompt, ...] = ()
    """Texts of the sounds above."""
    script: tuple[Script, ...] = ()
    messages: dict[str, LineValue] = Field(default_factory=dict)
    """How long voice messages are kept, and the like."""
    norm: tuple[Norm, ...] = ()
    """None where the regulation sets no figure."""

    def line_values(self) -> dict[str, Any]:
        """Return what a line of this profile has unless it says otherwise."""
        return {key: given.value for key, given in self.line.items()}

    def callback_values(self) -> dict[str, Any]:
        """Return what the call-backs of a line of this profile have unless it says otherwise."""
        return {key: given.value for key, given in self.callback.items()}

    def recording_values(self) -> dict[str, Any]:
        """Return what the recording of a line of this profile has unless it says otherwise."""
        return {key: given.value for key, given in self.recording.items()}

    def norm_of(self, indicator: str) -> Norm | None:
        """Return the norm of an indicator, as `K1`; None where the regulation sets none."""
        return next((norm for norm in self.norm if norm.indicator == indicator), None)


def profile_names() -> tuple[str, ...]:
    """Return the names of the profiles that come with the product, in order."""
    found = (entry.name for entry in files("config").joinpath("profiles").iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in found if name.endswith(".toml")))


@cache
def load_profile(name: str) -> Profile:
    """Return the profile of this name.

    Raises:
        UnknownProfile: There is none.
    """
    if name not in profile_names():
        raise UnknownProfile(name, profile_names())
    text = files("config").joinpath("profiles", f"{name}.toml").read_text(encoding="utf-8")
    raw: dict[str, Any] = tomllib.loads(text)
    return Profile.model_validate(raw)
