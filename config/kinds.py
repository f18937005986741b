"""The kinds of value that a configuration is made of: names, numbers, addresses, sounds, secrets.

What ends up in a file of Asterisk is checked here so narrowly that no value can break out of its place there: a name
is a dialplan extension and a queue, a sound is an argument of Playback, a secret is the rest of a line.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationInfo

from config.messages import mistake


class Table(BaseModel):
    """A table of the file: frozen, and a key that it does not know is a mistake."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        populate_by_name=True,
        allow_inf_nan=False,
        arbitrary_types_allowed=True,
    )


RESERVED_NAMES: Final = frozenset({"served", "hangup", "default", "general", "callback-booked", "serve"})
"""`served`, `hangup` and `callback-booked` are always destinations; `general` and `default` mean something to
Asterisk's files; `serve` is what a line may do at closing instead of sending callers to a destination."""


def _matching(pattern: str, kind: str) -> AfterValidator:
    compiled = re.compile(pattern, re.ASCII)

    def check(value: str) -> str:
        if compiled.fullmatch(value) is None:
            raise mistake(kind)
        return value

    return AfterValidator(check)


def _not_reserved(value: str) -> str:
    if value in RESERVED_NAMES:
        raise mistake("acd_reserved", name=value)
    return value


Name = Annotated[str, _matching(r"(?=.{2,40}$)[a-z][a-z0-9]*(-[a-z0-9]+)*", "acd_name"), AfterValidator(_not_reserved)]
"""Name of a line, destination, trunk, server: also an extension of the dialplan, hence small letters only."""

AnyName = Annotated[str, _matching(r"(?=.{2,40}$)[a-z][a-z0-9]*(-[a-z0-9]+)*", "acd_name")]
"""A reference to something by name; the reserved names may be meant."""

Number = Annotated[str, _matching(r"(?=.{1,40}$)\+?[0-9*#]+", "acd_number")]
"""A number that is dialled, as the trunk sends it."""

OperatorNumber = Annotated[str, _matching(r"[0-9]{1,10}", "acd_operator_number")]

EndpointName = Annotated[str, _matching(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,59}", "acd_endpoint")]
"""A PJSIP endpoint: part of a dial string and of the user name of the telephone."""

DialCode = Annotated[str, _matching(r"[*#][0-9]{1,5}", "acd_code")]

TalkKeys = Annotated[str, _matching(r"[0-9*#]{0,4}", "acd_keys")]
"""Keys that are pressed one after the other in a talk; empty for none."""

Digit = Annotated[str, _matching(r"[0-9]", "acd_digit")]

OWN_SOUND: Final = "acd/"
"""Begins the name of a sound that is a prompt of ours: see `prompts.py`."""


def _own_sound(value: str, info: ValidationInfo) -> str:
    """Put the folder of prompts before the name of one."""
    around = info.context
    if value.startswith(OWN_SOUND) and isinstance(around, Surroundings) and around.prompts is not None:
        return f"{around.prompts}/{value.removeprefix(OWN_SOUND)}"
    return value


Sound = Annotated[str, _matching(r"(?!.*\.\.)[A-Za-z0-9_./-]{1,200}", "acd_sound"), AfterValidator(_own_sound)]
"""A sound without its extension, as Playback takes it: relative to the sounds' directory, absolute, or `acd/NAME`."""

PhrasePart = Annotated[
    str,
    _matching(r"\{(position|wait|line)\}|(?!.*\.\.)[A-Za-z0-9_./-]{1,200}", "acd_sound"),
    AfterValidator(_own_sound),
]
"""A sound, or a place where a value is spoken: `{position}`, `{wait}` (minutes), `{line}`."""

SipUri = Annotated[
    str, _matching(r"sips?:[A-Za-z0-9_.+*{}-]+@[A-Za-z0-9_.:\[\]{}-]+(;[A-Za-z0-9_=.-]+)*", "acd_sip_uri")
]

HostName = Annotated[str, _matching(r"[A-Za-z0-9_.:-]{1,253}", "acd_line_text")]

LineText = Annotated[str, _matching(r"[^\x00-\x1f\x7f;#]{1,200}", "acd_line_text")]
"""Text that is copied into one line of a file. Not ASCII alone: `re.ASCII` bears on classes only."""


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise mistake("acd_time_zone") from None
    return value


TimeZone = Annotated[str, AfterValidator(_time_zone)]
"""A name of the IANA data base: `Europe/Saratov`."""


def _network(value: str) -> str:
    try:
        return str(ip_network(value, strict=False))
    except ValueError:
        raise mistake("acd_network") from None


Network = Annotated[str, AfterValidator(_network)]
"""An address or network, normalised: `10.1.0.0/16`, `192.0.2.1/32`."""


class HostPort(NamedTuple):
    """Where something listens."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


_LISTEN: Final = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:]+)\]|(?P<host>[A-Za-z0-9_.-]+)):(?P<port>[0-9]{1,5})", re.ASCII)


def _host_port(value: object) -> HostPort:
    if isinstance(value, HostPort):
        return value
    match = _LISTEN.fullmatch(value) if isinstance(value, str) else None
    if match is None or not 0 < int(match["port"]) < 65536:
        raise mistake("acd_listen")
    return HostPort(match["v6"] or match["host"], int(match["port"]))


Listen = Annotated[HostPort, BeforeValidator(_host_port)]


@dataclass(frozen=True, slots=True)
class Secret:
    """A password or PIN. Neither `repr` nor `str` shows it."""

    value: SecretStr = field(repr=False)
    bare: bool = False
    """It stood in the file itself, which only a lab may do."""

    def reveal(self) -> str:
        """Return the secret itself, for the one place that needs it."""
        return self.value.get_secret_value()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a file is read in: the directory that its relative paths start from, the environment, where prompts lie."""

    directory: Path
    environ: Mapping[str, str] = field(repr=False)
    prompts: Path | None = None
    """Where prompts lie; None leaves `acd/NAME` as it is."""


_SECRET: Final = re.compile(r"[!#-:<-~]{1,128}", re.ASCII)  # visible ASCII without the double quote and the semicolon


def _secret(value: object, info: ValidationInfo) -> Secret:
    if isinstance(value, Secret):
        return value
    around: Surroundings = info.context or Surroundings(Path(), {})
    match value:
        case str():
            text, bare = value, True
        case {"file": str(name), **rest} if not rest:
            path = around.directory / name
            try:
                text, bare = path.read_text(encoding="utf-8").strip(), False
            except (OSError, UnicodeDecodeError) as error:
                why = error.strerror if isinstance(error, OSError) else "UTF-8"
                raise mistake("acd_secret_file", path=str(path), why=why) from None
        case {"env": str(name), **rest} if not rest:
            if name not in around.environ:
                raise mistake("acd_secret_env", name=name)
            text, bare = around.environ[name], False
        case _:
            raise mistake("acd_secret_form")
    if _SECRET.fullmatch(text) is None:
        raise mistake("acd_secret_text")
    return Secret(SecretStr(text), bare)


SecretValue = Annotated[Secret, BeforeValidator(_secret)]


Level = Annotated[int, Field(ge=1, le=9)]
"""1st, 2nd, 3rd line of operators."""

Skills = dict[AnyName, Annotated[int, Field(ge=1, le=10)]]
"""Skills by name with their grade; 1 is the lowest."""


def path_in(value: Any, info: ValidationInfo) -> Any:
    """Make a relative path start from the directory of the file that it stands in."""
    around = info.context
    if isinstance(value, str) and isinstance(around, Surroundings):
        return around.directory / value
    return value


FilePath = Annotated[Path, BeforeValidator(path_in)]
