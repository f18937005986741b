"""The configuration of a lab's centre, as the TOML that a site writes: the lab uses no other way in.

Norms and names are those of line 122 unless a trial says otherwise.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from acd.lab.addresses import Slice
from acd.lab.sipp import Endpoint
from config.errors import Language

LINE: Final = "saratov-122"
NUMBER: Final = "122"
SERVER: Final = "lab"
PIN: Final = "1222"
TELEPHONE_SECRET: Final = "lab-telephone"  # noqa: S105  # of telephones on loopback that live as long as the lab
AMI_SECRET: Final = "lab-manager"  # noqa: S105  # of an Asterisk on loopback that lives as long as the lab
AGI_PORT: Final = 4573
CONTROL_PORT: Final = 8122


@dataclass(frozen=True, slots=True)
class Place:
    """Where a lab is, and how its parts trust each other."""

    sip: Endpoint
    """Where Asterisk listens for telephones and trunks."""
    inside: str
    """Address of Asterisk's AMI."""
    daemon: str
    """Address of the daemon."""
    trunk: tuple[str, ...]
    """Addresses that calls come from."""
    telephones: Endpoint | None
    """Where the telephones are; None when they register."""
    telephone_secret: str = TELEPHONE_SECRET
    pin: str = PIN
    ami_secret: str = AMI_SECRET

    @classmethod
    def on(cls, slice_: Slice, *, registering: bool) -> "Place":
        """Return the place of a lab on a slice of loopback."""
        telephones = None if registering else slice_.telephones
        inside = slice_.asterisk.address
        return cls(slice_.asterisk, inside, slice_.daemon, (slice_.trunk.address,), telephones)


@dataclass(frozen=True, slots=True)
class Site:
    """What differs between labs."""

    operators: int = 10
    first_operator: str = "101"
    lines: tuple[str, ...] = (LINE,)
    """What these operators serve."""
    registering: bool = False
    """Telephones register with a password; else Asterisk knows their address."""
    auto_login: bool = True
    target_wait_s: float = 60.0
    max_wait_s: float = 120.0
    at_max_wait: str = "hangup"
    ring_s: float = 20.0
    wrap_up_s: float = 0.0
    min_talk_s: float = 1.0
    greeting: str | None = None
    pause_after_misses: int = 2
    back_off_refused_s: float = 5.0
    back_off_no_answer_s: float = 2.0
    fallback_tries: int = 8
    fallback_queue_s: int = 15
    trunk_port: int | None = None
    """Where on the trunk's address outside numbers are dialled; None for a trunk that only brings calls."""
    rtp_timeout_s: int = 0
    """0 suits callers without media."""
    qualify_s: int | None = None
    database: str = ""
    """URL of the records' database; a file beside the configuration if empty."""
    language: Language = "ru"
    title: str = ""
    """What people call the service; its name if not given."""
    line: str = ""
    """TOML that is added to the line's table: steps, keys, a strategy."""
    operator: str = ""
    """TOML that is added to the table of the operators."""
    more: str = ""
    """TOML that is added at the end: further lines, operators, destinations."""

    def numbers(self) -> list[str]:
        """Return the operators' numbers."""
        return [str(int(self.first_operator) + index) for index in range(self.operators)]

    def telephones(self) -> list[str]:
        """Return the names of the operators' telephones."""
        return [f"op{number}" for number in self.numbers()]

    def toml(self, place: Place, home: Path) -> str:
        """Return the configuration for a lab at a place, with its records in `home`."""
        greeting = f'greeting = "{self.greeting}"' if self.greeting else ""
        where = (
            f'secret = "{place.telephone_secret}"'
            if place.telephones is None
            else f'contact = "sip:op{{number}}@{place.telephones}"'
        )
        qualify = "" if self.qualify_s is None else f"qualify_s = {self.qualify_s}"
        dialled = "" if self.trunk_port is None else f'address = "{place.trunk[0]}:{self.trunk_port}"'
        return f"""\
[site]
name = "lab"
{f'title = "{self.title}"' if self.title else ""}
time_zone = "Europe/Saratov"
language = "{self.language}"
lab = true

[database]
url = "{self.database or f"sqlite+aiosqlite:///{home}/acd.db"}"
spool = "{home}/acd.spool"

[messages]
directory = "{home}/messages"

[voice]
directory = "{home}/prompts"

[control]
listen = "{place.daemon}:{CONTROL_PORT}"

[agi]
listen = "{place.daemon}:{AGI_PORT}"

[fallback]
tries = {self.fallback_tries}
queue_s = {self.fallback_queue_s}

[[asterisk]]
name = "{SERVER}"
host = "{place.inside}"
ami_bind = "{place.inside}"
ami_secret = "{place.ami_secret}"
rtp_timeout_s = {self.rtp_timeout_s}
sip = {{ bind = "{place.sip.address}", port = {place.sip.port} }}

[[line]]
name = "{LINE}"
profile = "saratov-122"
numbers = ["{NUMBER}"]
target_wait_s = {self.target_wait_s}
max_wait_s = {self.max_wait_s}
at_max_wait = "{self.at_max_wait}"
ring_s = {self.ring_s}
wrap_up_s = {self.wrap_up_s}
min_talk_s = {self.min_talk_s}
{greeting}
{self.line}

[[operators_range]]
first = "{self.first_operator}"
count = {self.operators}
lines = {json.dumps(self.lines)}
{where}
pin = "{place.pin}"
auto_login = {str(self.auto_login).lower()}
pause_after_misses = {self.pause_after_misses}
back_off = {{ refused_s = {self.back_off_refused_s}, no_answer_s = {self.back_off_no_answer_s} }}
{qualify}
{self.operator}

[[trunk]]
name = "city"
match = {json.dumps(place.trunk)}
{dialled}

{self.more}
"""
