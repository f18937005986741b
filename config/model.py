"""The whole configuration of one site, as it stands in the TOML file.

This module joins the parts; what a value may be is said in `kinds.py`, what must agree with what in `checks.py`.
"""

from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from config.backup import Backup
from config.errors import Language
from config.hours import SpecialDay, working_time
from config.kinds import AnyName, FilePath, HostPort, LineText, Listen, Name, Table, TimeZone
from config.lines import Destination, Line, Music
from config.messages import mistake
from config.messages_kept import Messages
from config.mqtt import Mqtt
from config.people import Codes, Operator, OperatorsRange, PauseReason, Pressed, Supervisor, Telephone
from config.profile import Profile, load_profile
from config.prompts import Prompt, Voice
from config.recording import Recordings
from config.scripts import Script
from config.steps import Announcement
from config.surveys import Survey
from config.telephony import Asterisk, Trunk
from config.transfer import Transfer
from config.worktime import WorkTime

QUESTIONED_KEYS: Final = "*7"
"""Pressed at the end of questioning where the site says nothing else."""


class Site(Table):
    """Who and where we are."""

    name: Name
    title: LineText | None = None
    time_zone: TimeZone = "Europe/Moscow"
    language: Language = "ru"
    profile: AnyName | None = None
    """Profile of the lines that name none."""
    lab: bool = False
    """A trial on loopback: secrets may stand in the file, telephones may come without a password."""


class Database(Table):
    """Where facts and records are kept."""

    url: Annotated[str, Field(min_length=1, repr=False)] = "sqlite+aiosqlite:///./acd.db"
    """SQLAlchemy URL. A password in it is kept out of `repr`; a relative file starts where the daemon is started."""
    spool: FilePath = Path("acd.spool")
    """File that takes the facts while the database is away. The default starts where the daemon is started."""


class Control(Table):
    """The daemon's own interface for `acd status` and the like."""

    listen: Listen = HostPort("127.0.0.1", 8122)
    certificate: FilePath | None = None
    """PEM chain. With it and `key` HTTPS is spoken, and addresses beyond loopback may be listened on."""
    key: FilePath | None = None
    metrics: Literal["token", "loopback"] = "token"
    """Who may scrape `/metrics`: whoever has a token, or also, without one, programs on this machine."""

    @model_validator(mode="after")
    def _certificate_with_its_key(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            missing, at = ("key", "certificate") if self.key is None else ("certificate", "key")
            raise mistake("acd_needs", key=missing, at=at)
        return self


class Agi(Table):
    """Where Asterisk reaches the daemon."""

    listen: Listen = HostPort("127.0.0.1", 4573)
    advertise: Listen | None = None
    """The address that Asterisk calls, when it differs from `listen`."""

    @property
    def address(self) -> HostPort:
        """The address that Asterisk calls."""
        return self.advertise or self.listen


class Fallback(Table):
    """What the dialplan does while the daemon is away."""

    tries: Annotated[int, Field(ge=1, le=300)] = 8
    """So many tries, a second apart, from the first caller who failed, before Asterisk's own queue takes them all."""
    queue_s: Annotated[int, Field(ge=1, le=300)] = 15
    """How long a call stays in Asterisk's own queue before the daemon is tried again."""
    strategy: Literal["leastrecent", "ringall", "rrmemory", "fewestcalls", "random"] = "leastrecent"


class Config(Table):
    """One site."""

    site: Site
    database: Database = Database()
    control: Control = Control()
    agi: Agi = Agi()
    servers: tuple[Asterisk, ...] = Field(alias="asterisk", min_length=1)
    lines: tuple[Line, ...] = Field(alias="line", min_length=1)
    announcements: tuple[Announcement, ...] = Field(alias="announcement", default=())
    destinations: tuple[Destination, ...] = Field(alias="destination", default=())
    operators: tuple[Operator, ...] = Field(alias="operator", default=())
    operators_ranges: tuple[OperatorsRange, ...] = Field(alias="operators_range", default=())
    """Taken apart into `operators` and `telephones` by the loader."""
    telephones: tuple[Telephone, ...] = Field(alias="telephone", default=())
    supervisors: tuple[Supervisor, ...] = Field(alias="supervisor", default=())
    trunks: tuple[Trunk, ...] = Field(alias="trunk", default=())
    music: tuple[Music, ...] = ()
    special_days: tuple[SpecialDay, ...] = Field(alias="special_day", default=())
    """Dates that are not worked as the production calendar says."""
    prompts: tuple[Prompt, ...] = Field(alias="prompt", default=())
    """Texts for the voice, those of the profiles in use included."""
    voice: Voice = Voice()
    scripts: tuple[Script, ...] = Field(alias="script", default=())
    """What operators are shown, those of the profiles in use included."""
    surveys: tuple[Survey, ...] = Field(alias="survey", default=())
    """What people are asked by a menu."""
    messages: Messages = Messages()
    codes: Codes = Codes()
    in_talk: Pressed = Pressed()
    pause_reasons: tuple[PauseReason, ...] = (
        PauseReason(digit="1", name="break", title="Перерыв"),
        PauseReason(digit="2", name="lunch", title="Обед"),
        PauseReason(digit="3", name="paperwork", title="Работа с документами"),
        PauseReason(digit="4", name="training", title="Обучение"),
    )
    fallback: Fallback = Fallback()
    transfer: Transfer = Transfer()
    recordings: Recordings | None = Field(alias="recording", default=None)
    """Where recorded talks lie; None: no line records."""
    backup: Backup | None = None
    """Where backups go; None: nowhere."""
    mqtt: Mqtt | None = None
    """Where integrations are told what happens; None: nowhere."""

    def server(self, name: str | None) -> Asterisk:
        """Return the server of this name; the first for None.

        Raises:
            KeyError: There is none of this name.
        """
        if name is None:
            return self.servers[0]
        for server in self.servers:
            if server.name == name:
                return server
        raise KeyError(name)

    def lines_of(self, operator: Operator) -> tuple[str, ...]:
        """Return the names of the lines that an operator serves."""
        return operator.lines or tuple(line.name for line in self.lines)

    @property
    def questioned_keys(self) -> str:
        """What operators press at the end of questioning; empty for nothing."""
        if self.in_talk.questioning_over is not None:
            return self.in_talk.questioning_over
        profiles = (self.profile_of(line) for line in self.lines)
        return QUESTIONED_KEYS if any(p is not None and p.norm_of("K3") is not None for p in profiles) else ""

    def working_time(self, line: Line) -> WorkTime | None:
        """Return when a line is open; None for one that is open round the clock."""
        special = (day for day in self.special_days if not day.lines or line.name in day.lines)
        return working_time(line.hours, days=line.days, special=special, zone=self.site.time_zone)

    def profile_of(self, line: Line) -> Profile | None:
        """Return the profile whose norms a line is held to; None for a line without one."""
        return None if line.profile is None else load_profile(line.profile)
