"""How a site sets up its journal: a TOML file beside the daemon's configuration, checked before anything starts.

    [journal]
    profile = "saratov-122"            # one of `profiles.PROFILES`
    lines = ["122"]                    # the lines of the daemon whose calls open cards
    database = "sqlite:////var/lib/acd/acd.sqlite"
    address = "https://desk.example.org/desk"
    language = "ru"                    # of letters
    listen_host = "0.0.0.0"            # where browsers and partners come in; loopback behind a proxy
    listen_port = 8422
    tls = {certificate = "/etc/acd/desk.pem", key = "/etc/acd/desk.key"}
    supervisors = ["head@example.org"] # are written to about limits
    [journal.calendar]
    2026-11-23 = "off"                 # off, working or short, against the production calendar
    [journal.smtp]
    host = "mail.example.org"
    sender = "Contact centre <acd@example.org>"
    user = "acd"
    password_file = "/etc/acd/smtp.secret"
    [journal.imap]
    host = "mail.example.org"
    user = "appeals"
    password_file = "/etc/acd/imap.secret"
    [[journal.partners]]
    name = "site"
    secret_file = "/etc/acd/site.secret"
    webhook = "https://site.example.org/hook"
    contents = false

Secrets stand in files of their own, never in the configuration.
"""

import tomllib
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from acd.journal.cards import Rules
from acd.journal.errors import SettingsError
from acd.journal.exchange.mailbox import ImapServer
from acd.journal.exchange.signing import Partner
from acd.journal.exchange.webhook import Webhook
from acd.journal.mail import SmtpServer
from acd.journal.profiles import PROFILES
from config.errors import Language
from config.production_calendar import DayOverride, ProductionCalendar
from config.worktime import EveryDay, WorkTime


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _secret(path: Path) -> str:
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} cannot be read") from error
    if not secret:
        raise ValueError(f"{path} is empty")
    return secret


class SmtpTable(_Table):
    """Where letters are handed in."""

    host: str
    sender: str
    port: int = 587
    starttls: bool = True
    user: str = ""
    password_file: Path | None = None

    def server(self) -> SmtpServer:
        """Return the server with its password read. Raises `ValueError` where that cannot be."""
        password = _secret(self.password_file) if self.password_file else ""
        return SmtpServer(self.host, self.sender, self.port, self.starttls, self.user, password)


class ImapTable(_Table):
    """Where appeals by e-mail arrive."""

    host: str
    user: str
    password_file: Path
    port: int = 993
    tls: bool = True
    folder: str = "INBOX"
    every_s: float = Field(default=60.0, ge=5)

    def server(self) -> ImapServer:
        """Return the server with its password read. Raises `ValueError` where that cannot be."""
        return ImapServer(self.host, self.user, _secret(self.password_file), self.port, self.tls, self.folder)


class PartnerTable(_Table):
    """An outside system that sends appeals and may be told of changes."""

    name: str = Field(min_length=1)
    secret_file: Path
    webhook: str = ""
    contents: bool = False

    @field_validator("webhook")
    @classmethod
    def _encrypted(cls, address: str) -> str:
        if address and not address.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            raise ValueError("must be https, or http on loopback")
        return address

    def partner(self) -> Partner:
        """Return the partner with its secret read. Raises `ValueError` where that cannot be."""
        return Partner(self.name, _secret(self.secret_file))

    def hook(self) -> Webhook | None:
        """Return where it is told of changes, None if it is not. Raises `ValueError` as `partner`."""
        return Webhook(self.partner(), self.webhook, self.contents) if self.webhook else None


class TlsTable(_Table):
    """Certificate chain and key, PEM."""

    certificate: Path
    key: Path


class JournalSettings(_Table):
    """The journal of one site."""

    profile: str
    lines: tuple[str, ...]
    database: str
    address: str
    listen_host: str = "127.0.0.1"
    listen_port: int = Field(default=8422, ge=0, le=65535)
    tls: TlsTable | None = None
    """Needed for any address but loopback: passwords and appeals go over it."""
    zone: str = ""
    """Instead of the profile's time zone."""
    language: Language = "ru"
    supervisors: tuple[str, ...] = ()
    own_letters: Path | None = None
    calendar: dict[date, DayOverride] = Field(default_factory=dict)
    smtp: SmtpTable | None = None
    imap: ImapTable | None = None
    partners: tuple[PartnerTable, ...] = ()

    @field_validator("profile")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in PROFILES:
            raise ValueError(f"is none of {', '.join(PROFILES)}")
        return name

    @field_validator("zone")
    @classmethod
    def _on_the_map(cls, name: str) -> str:
        try:
            if name:
                ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("is no time zone") from error
        return name

    @field_validator("partners")
    @classmethod
    def _once(cls, partners: tuple[PartnerTable, ...]) -> tuple[PartnerTable, ...]:
        if len({one.name for one in partners}) != len(partners):
            raise ValueError("a name comes twice")
        return partners

    def rules(self) -> Rules:
        """Return by what cards are judged."""
        profile = PROFILES[self.profile]
        calendar = ProductionCalendar(self.calendar) if profile.days_off else EveryDay()
        return Rules(profile, WorkTime(calendar, profile.schedule, ZoneInfo(self.zone or profile.zone)))


def load_settings(path: Path) -> JournalSettings:
    """Return the journal's settings from a TOML file.

    Raises:
        SettingsError: The file cannot be read or has mistakes; all of them are named.
    """
    try:
        with path.open("rb") as file:
            content: dict[str, Any] = tomllib.load(file)
    except OSError as error:
        raise SettingsError(path, (f"cannot be read: {error.strerror}",)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(path, (f"is no TOML: {error}",)) from error
    try:
        return JournalSettings.model_validate(content.get("journal", {}))
    except ValidationError as fault:
        mistakes = fault.errors(include_url=False, include_input=False, include_context=False)
        told = tuple(f"{'.'.join(map(str, ('journal', *one['loc'])))}: {one['msg']}" for one in mistakes)
        raise SettingsError(path, told) from fault
