"""A service as `acd init --profile NAME` sets it up, run in the lab on days of the production calendar.

What `acd init` writes stays as it is. The site adds to its file what only a site knows (where its parts are, operators
of higher levels, an outside number) and, day by day, shortens norms that would make a test wait for minutes.

The daemon is started on the day that a trial is about: its `time.time`, which `acd.clock` alone reads, is as far from
the machine's as that day. Asterisk keeps the machine's clock, and the product reads Asterisk's times through the
distance between the two, as it does where they run on two machines. Waits are counted by monotonic clocks, which nobody
sets.
"""

import asyncio
import math
import os
from array import array
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping

from acd.cli.main import run
from acd.clock import wall_time
from acd.control.errors import DaemonAway, RequestRefused
from acd.lab.asterisk import PROJECT, AsteriskProgram
from acd.lab.centre import LabCentre
from acd.lab.errors import ProcessFailed
from acd.lab.site import CONTROL_PORT, TELEPHONE_SECRET, Place, Site
from acd.prompts.wav import RATE, write_wav
from acd.site.folders import folders
from config.load import load_config
from config.profile import load_profile

T = TypeVar("T")

LIMIT_S = 30.0
OPERATORS = 3
"""Of the first level: 101 to 103."""
OTHER_CLOCK = """
import time

read = time.time
time.time = lambda: read() + {ahead_s}
"""
"""Run by the daemon's Python as it starts."""
HOT_LINE = "88006660000"
OUTSIDE = f"""
[[destination]]
kind = "number"
name = "hot-line"
number = "{HOT_LINE}"
trunk = "city"
ring_s = 5
dial_as = "889"
consent = true
"""


@dataclass(frozen=True)
class Days:
    """Instants of the site's time, in this order. Days off were moved by the Government's decree 1314 of 2023."""

    working: str
    """Friday 26 April 2024, in hours."""
    late: str
    """The same day, after them."""
    moved_working: str
    """Saturday 27 April, worked for a Monday, at an hour that a Friday's or its own hours would not have."""
    moved_off: str = "2024-12-30T11:00"
    """A Monday whose rest a Saturday gave, at an hour of any other Monday; all that was kept for thirty days is due."""


@dataclass(frozen=True)
class Service:
    """One of the five."""

    profile: str
    name: str
    """Short name of the site and of its line."""
    days: Days
    busy: str
    """Where callers go at the maximum wait."""
    closed: str
    """Where they go out of hours."""
    number: str = ""
    """What callers dial; the profile's if empty."""
    levels: Mapping[str, int] = field(default_factory=lambda: {"201": 2})
    """Operators of higher levels."""
    step: str = ""
    """What its line does at the norm, as the profile has it but for the norm."""
    round_the_clock: bool = False
    """It has no hours until the site gives some."""
    by_telephone: bool = False
    """Whether its messages are listened to and processed at the telephone; else at a screen."""
    reached: bool = True
    """Whether somebody who is called back picks up the second time."""

    @property
    def dialled(self) -> str:
        """What callers dial."""
        return self.number or str(load_profile(self.profile).number)


@dataclass(frozen=True)
class ServiceSite(Site):
    """What stands in the file of a service: what `acd init` writes, and what the site adds."""

    service: Service = field(kw_only=True)

    def toml(self, place: Place, home: Path) -> str:
        """Have `acd init` set the site up in `home`, and return its configuration with the lab's addresses in it."""
        path = home / "acd.toml"
        number = ["--number", self.service.number] if self.service.number else []
        given = [*number, "--operators", str(OPERATORS), "--trunk", place.trunk[0], "--data", str(home / "data")]
        names = ["--profile", self.service.profile, "--name", self.service.name]
        if run(["--config", str(path), "--lang", "en", "init", *names, *given, "--yes"]) != 0:
            raise AssertionError(f"acd init refuses {self.service.profile}")
        config = load_config(path)
        for folder in folders(config):
            folder.path.mkdir(parents=True, exist_ok=True)
        _record_prompts(config.voice.directory, self.service.profile)
        for telephone in (path.parent / "secrets").glob("telephone-*"):
            telephone.write_text(TELEPHONE_SECRET, encoding="utf-8")
        sip = f'sip = {{ bind = "{place.sip.address}", port = {place.sip.port} }}\n'
        asterisk = f'host = "{place.inside}"\nami_bind = "{place.inside}"\nrtp_timeout_s = 0\n{sip}'
        text = path.read_text(encoding="utf-8")
        text = _after(text, "[site]\n", "lab = true\n")
        text = _after(text, 'ami_secret = { file = "secrets/ami" }\n', asterisk)
        text += f'\n[control]\nlisten = "{place.daemon}:{CONTROL_PORT}"\n\n[agi]\nlisten = "{place.daemon}:4573"\n'
        for number_of, level in self.service.levels.items():
            text += f'\n[[operator]]\nnumber = "{number_of}"\nlevels = {{ {self.service.name} = {level} }}\n'
            text += f'\n[[telephone]]\nname = "op{number_of}"\nsecret = {{ file = "secrets/telephone-101" }}\n'
        return text + OUTSIDE


class ServiceCentre(LabCentre):
    """A service in the lab."""

    def __init__(self, service: Service, program: AsteriskProgram, home: Path) -> None:
        super().__init__(ServiceSite(registering=True, trunk_port=5060, service=service), program=program, home=home)
        self.service = service
        self._written = ""
        self._ahead_s = 0

    @property
    def line(self) -> str:
        """The name of its line."""
        return self.service.name

    def numbers(self) -> list[str]:
        """Return the numbers of all operators."""
        return [operator.number for operator in self.config.operators]

    def first_level(self) -> list[str]:
        """Return the numbers of those of the first level."""
        return [number for number in self.numbers() if number not in self.service.levels]

    def now(self) -> float:
        """Return the instant that the daemon's clock shows."""
        return wall_time() + self._ahead_s

    def instant(self, when: str) -> float:
        """Return a local time of the site as an instant."""
        return datetime.fromisoformat(when).replace(tzinfo=ZoneInfo(self.config.site.time_zone)).timestamp()

    async def start(self) -> None:
        """Start Asterisk with the configuration as it was written, and have all telephones registered."""
        self.prepare()
        self._written = self.config_path.read_text(encoding="utf-8")
        await self.asterisk.start()
        await self.register([f"op{number}" for number in self.numbers()])

    async def begin(self, when: str, line: str = "", callback: str = "") -> None:
        """Start the daemon at a local time of the site, with these settings of its own for line and call-backs."""
        self.write(line, callback)
        if self._daemon.started:
            await self.stop_daemon()
        self._ahead_s = round(self.instant(when) - wall_time())
        site = self.home / "clock"
        site.mkdir(exist_ok=True)
        (site / "sitecustomize.py").write_text(OTHER_CLOCK.format(ahead_s=self._ahead_s), encoding="utf-8")
        self.env["PYTHONPATH"] = os.pathsep.join([str(site), str(PROJECT)])
        await self.start_daemon()

    def write(self, line: str = "", callback: str = "") -> None:
        """Write the configuration as it was at first, with these settings of its own for line and call-backs."""
        text = _after(self._written, f'numbers = ["{self.service.dialled}"]\n', line)
        self.config_path.write_text(_after(text, '[line.callback]\ntrunk = "city"\n', callback), encoding="utf-8")

    async def reload(self, line: str) -> None:
        """Have the daemon take these settings of the line in force; calls are not touched."""
        self.write(line)
        told = await self.tell("/v1/reload")
        assert told["reloaded"], told

    async def log_in(self) -> None:
        """Log every operator in at his telephone, and wait until they are ready."""
        for number in self.numbers():
            await self.tell(f"/v1/agents/{number}/login", {})
        await self.until(lambda status: status.ready == len(self.numbers()))

    async def ask(self, path: str) -> Any:
        """Return the daemon's answer to a GET of the control API; while calls go first, ask again as it says.

        Raises:
            ProcessFailed: It has had no time for half a minute.
            ControlError: It refuses for another reason.
        """
        asked = super().ask

        async def answer() -> Any:
            try:
                return await asked(path)
            except RequestRefused as refused:
                if refused.code != "busy":
                    raise
            except DaemonAway:
                pass
            return None

        return await self.eventually(answer, f"an answer to {path}")

    async def eventually(self, look: Callable[[], Awaitable[T | None]], what: str) -> T:
        """Wait until `look` finds something, and return it.

        Raises:
            ProcessFailed: It does not within half a minute.
        """
        try:
            async with asyncio.timeout(LIMIT_S):
                while True:
                    found = await look()
                    if found:
                        return found
                    await asyncio.sleep(0.2)
        except TimeoutError:
            raise ProcessFailed("centre", f"has not got {what}", self.daemon.text()) from None

    async def talk_of(self, caller: str, operator: str | None = None) -> Mapping[str, Any]:
        """Wait until a caller talks, with this operator if one is named, and return what is said of the call."""

        async def seen() -> Mapping[str, Any] | None:
            for row in (await self.ask("/v1/calls"))["calls"]:
                if row["caller"] == caller and row["state"] == "talking" and operator in {None, *row["agents"]}:
                    return row
            return None

        return await self.eventually(seen, f"a talk of {caller}")

    async def visits(self, caller: str, count: int = 1) -> list[RowMapping]:
        """Wait until so many visits of a caller are recorded and over, and return them in their order."""
        rows = await self.recorded(
            lambda rows: [row["ended_at"] is not None for row in rows if row["caller"] == caller] == [True] * count,
            LIMIT_S,
        )
        return [row for row in rows if row["caller"] == caller]

    async def message_of(self, caller: str) -> Mapping[str, Any]:
        """Wait until a caller's message is among those that nobody has processed, and return it."""

        async def seen() -> Mapping[str, Any] | None:
            listed = (await self.ask("/v1/messages"))["messages"]
            return next((row for row in listed if row["caller"] == caller), None)

        return await self.eventually(seen, f"a message of {caller}")


def _after(text: str, piece: str, added: str) -> str:
    """Put something after a piece of the configuration that stands there once."""
    if text.count(piece) != 1:
        raise AssertionError(f"{piece!r} stands {text.count(piece)} times in:\n{text}")
    return text.replace(piece, piece + added)


def _record_prompts(folder: Path, profile: str) -> None:
    """Put a short tone in the place of each prompt, as a site puts its own recordings there."""
    tone = array("h", (round(8000 * math.sin(2 * math.pi * 440 * n / RATE)) for n in range(RATE // 4)))
    for prompt in load_profile(profile).prompt:
        write_wav(folder / f"{prompt.name}.wav", tone)
