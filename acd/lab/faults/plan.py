"""What is to happen in one trial, drawn from a seed: who calls when, what fails when and for how long."""

import random
import zlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from acd.lab.plans import Answering, Caller, Kind, arriving

CALLERS: Final = 14
OPERATORS: Final = 4
WITHIN_MS: Final = 6000
CALLERS_OF_MANY: Final = 10
"""For each moment, where a trial has several: four operators just keep up with so many in `BETWEEN_S`."""
BETWEEN_S: Final = 4.0
"""From the end of one moment to the next, on average."""
CALM_MS: Final = 45_000
"""How long a patient caller waits: far longer than any fault lasts."""


class Fault(StrEnum):
    """What fails."""

    NOTHING = "nothing"
    """To see that the comparison itself is right."""
    DAEMON_KILLED = "daemon-killed"
    DAEMON_FROZEN = "daemon-frozen"
    ASTERISK_KILLED = "asterisk-killed"
    ASTERISK_FROZEN = "asterisk-frozen"
    AMI_CUT = "ami-cut"
    AMI_SLOW = "ami-slow"
    AMI_HALF_OPEN = "ami-half-open"
    AGI_RESET = "agi-reset"
    AGI_CUT = "agi-cut"
    DATABASE_STOPPED = "database-stopped"
    DATABASE_READ_ONLY = "database-read-only"
    DATABASE_SLOW = "database-slow"
    DATABASE_SILENT = "database-silent"
    DISK_FULL = "disk-full"
    BROKER_STOPPED = "broker-stopped"
    CLOCK_FORWARD = "clock-forward"
    CLOCK_BACK = "clock-back"
    NO_DESCRIPTORS = "no-descriptors"
    TELEPHONES_LIE = "telephones-lie"
    """They answer late, after the CANCEL, and twice."""


LASTS_S: Final[dict[Fault, tuple[float, float]]] = {
    Fault.NOTHING: (0.0, 0.0),
    Fault.DAEMON_KILLED: (0.0, 4.0),
    Fault.DAEMON_FROZEN: (1.0, 8.0),
    Fault.ASTERISK_KILLED: (0.0, 3.0),
    Fault.ASTERISK_FROZEN: (1.0, 20.0),
    Fault.AMI_CUT: (0.5, 6.0),
    Fault.AMI_SLOW: (1.0, 8.0),
    Fault.AMI_HALF_OPEN: (1.0, 10.0),
    Fault.AGI_RESET: (0.0, 0.0),
    Fault.AGI_CUT: (0.5, 4.0),
    Fault.DATABASE_STOPPED: (0.5, 10.0),
    Fault.DATABASE_READ_ONLY: (0.5, 10.0),
    Fault.DATABASE_SLOW: (1.0, 10.0),
    Fault.DATABASE_SILENT: (1.0, 15.0),
    Fault.DISK_FULL: (0.5, 8.0),
    Fault.BROKER_STOPPED: (0.5, 6.0),
    Fault.CLOCK_FORWARD: (2.0, 5.0),
    Fault.CLOCK_BACK: (2.0, 5.0),
    Fault.NO_DESCRIPTORS: (0.5, 5.0),
    Fault.TELEPHONES_LIE: (0.0, 0.0),
}
"""How long each lasts, from and to, in seconds."""

COMBINED: Final = frozenset({Fault.CLOCK_FORWARD, Fault.CLOCK_BACK, Fault.DATABASE_SILENT})
"""Faults in which every other trial kills the daemon as well."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One time that a fault strikes."""

    fault: Fault
    at_s: float
    """From the first caller; later if the one before it still lasts then."""
    lasts_s: float
    chance: float
    """0 to 1, for what else is drawn: how slow, how many."""
    kills_the_daemon_too: bool = False
    """Whether the daemon is killed meanwhile and comes back in the middle of it."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One kind of fault under one load, at one moment or several."""

    fault: Fault
    number: int
    """Which of the trials of this fault, from 0."""
    moments: tuple[Moment, ...]
    callers: tuple[Caller, ...]
    answers: tuple[Answering, ...]
    """What telephones do, call by call."""

    @property
    def kills_the_daemon_too(self) -> bool:
        """Whether the daemon is killed in the middle of it."""
        return any(moment.kills_the_daemon_too for moment in self.moments)

    @property
    def name(self) -> str:
        """What its folder is called."""
        return f"{self.fault}-{self.number:03}"


def draw(fault: Fault, number: int, seed: int, moments: int = 1) -> Trial:
    """Return a trial; the same arguments give the same trial."""
    source = random.Random(zlib.crc32(f"{seed}/{fault}/{number}".encode()))  # noqa: S311 - repeatable, no secret
    many = moments > 1
    callers = [
        Caller(f"79{zlib.crc32(fault.encode()) % 1000:03}{number:03}{index:03}", patience_ms=_patience(source, fault))
        for index in range(CALLERS_OF_MANY * moments if many else CALLERS)
    ]
    struck: list[tuple[float, float]] = []
    since_s = 0.0
    for _ in range(moments):
        at_s = since_s + source.uniform(0.3, BETWEEN_S if many else WITHIN_MS / 1000 + 1.0)
        struck.append((at_s, source.uniform(*LASTS_S[fault])))
        since_s += BETWEEN_S + struck[-1][1]
    arrived = arriving(callers, source, round(1000 * since_s) if many else WITHIN_MS)
    answers = tuple(_answer(source, fault) for _ in range(6 * len(callers)))
    kills = fault in COMBINED and number % 2 == 1
    return Trial(
        fault,
        number,
        tuple(Moment(fault, at_s, lasts_s, source.random(), kills) for at_s, lasts_s in struck),
        tuple(arrived),
        answers,
    )


def _patience(source: random.Random, fault: Fault) -> int:
    if source.random() < 0.15:
        return source.randrange(900, 4000)
    return 12_000 if fault is Fault.ASTERISK_KILLED else CALM_MS


def _answer(source: random.Random, fault: Fault) -> Answering:
    ring_ms, talk_ms, chance = source.randrange(30, 400), source.randrange(700, 2000), source.random()
    if chance < 0.05:
        return Answering(Kind.REFUSE, ring_ms)
    if fault is Fault.TELEPHONES_LIE:
        if chance < 0.25:
            return Answering(Kind.AFTER_CANCEL, 60_000, talk_ms)
        if chance < 0.45:
            return Answering(Kind.TWICE, ring_ms, talk_ms)
        if chance < 0.65:
            return Answering(Kind.ANSWER, source.randrange(2900, 3100), talk_ms)
    return Answering(Kind.ANSWER, ring_ms, talk_ms)
