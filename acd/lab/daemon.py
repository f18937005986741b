"""The daemon of a lab's centre: run as a site runs it, each start with a log of its own, and what it says of itself."""

import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import orjson

from acd.lab.asterisk import PROJECT
from acd.lab.errors import ProcessFailed
from acd.lab.process import LabProcess

READY_LIMIT_S: Final = 60.0
DRAIN_LIMIT_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class DaemonStatus:
    """What the daemon says of itself, added up over its lines."""

    healthy: bool
    """Every Asterisk is connected, callers are taken up, the database takes facts."""
    waiting: int
    talking: int
    ready: int
    operators: dict[str, int]
    """How many operators are in each state."""
    accepted: int
    """Today; so are the following."""
    answered: int
    abandoned: int
    share_in_norm: float | None

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> Self:
        """Return what the control API's `/v1/status` says."""
        lines, states = told["lines"], told["agents_by_state"]
        accepted = sum(line["accepted_today"] for line in lines)
        shares = [(line["share_in_norm_today"], line["accepted_today"]) for line in lines]
        met = sum(share * count for share, count in shares if share is not None)
        return cls(
            healthy=told["health"]["status"] == "ok",
            waiting=sum(line["waiting"] for line in lines),
            talking=sum(line["talking"] for line in lines),
            ready=states.get("ready", 0),
            operators=states,
            accepted=accepted,
            answered=sum(line["answered_today"] for line in lines),
            abandoned=sum(line["abandoned_today"] for line in lines),
            share_in_norm=met / accepted if accepted else None,
        )


class LabDaemon:
    """The process that distributes, one after the other: it may be killed, started again, or hand over."""

    def __init__(self, config_path: Path, home: Path, env: dict[str, str]) -> None:
        """Make it; nothing is started yet.

        Args:
            config_path: What it reads.
            home: Where its output goes.
            env: What it finds in its environment beside our own, as it is at each start.
        """
        self._config_path = config_path
        self._home = home
        self._env = env
        self._process: LabProcess | None = None
        self._starts = 0

    @property
    def process(self) -> LabProcess:
        """The process of the last start.

        Raises:
            ProcessFailed: It was not started.
        """
        if self._process is None:
            raise ProcessFailed("daemon", "was not started")
        return self._process

    @property
    def started(self) -> bool:
        """Whether there has been one."""
        return self._process is not None

    async def launch(self, options: tuple[str, ...]) -> None:
        """Start it, with these options after `run`, and do not wait for it."""
        self._starts += 1
        # Where Python is told to keep no compiled code, each daemon would compile itself anew: half a second of it.
        env = {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": ""} | self._env
        self._process = await self._command("daemon", f"daemon-{self._starts}.log", env, "run", *options)

    async def stop(self) -> int:
        """End it in an orderly way; return its exit status."""
        return await self.process.stop(signal.SIGTERM, limit_s=DRAIN_LIMIT_S)

    async def upgrade(self) -> float:
        """Have a new one take over, and wait until it has; return for how long nobody distributed, in seconds.

        Raises:
            ProcessFailed: It did not.
        """
        before = self.process
        command = await self._command("upgrade", "upgrade.log", {}, "upgrade", "--json")
        if await command.wait(READY_LIMIT_S) != 0:
            raise ProcessFailed("upgrade", "failed", command.text() + before.text())
        told = orjson.loads(command.text().strip().splitlines()[-1])
        self._process = LabProcess.adopt("daemon", told["process"], before.output)
        await before.wait(DRAIN_LIMIT_S)
        return float(told["stood_still_s"])

    async def _command(self, name: str, output: str, env: dict[str, str], *words: str) -> LabProcess:
        argv = [sys.executable, "-m", "acd", "--config", str(self._config_path), *words]
        path = os.pathsep.join(filter(None, [str(PROJECT), os.environ.get("PYTHONPATH")]))
        return await LabProcess.start(name, argv, self._home / output, env={"PYTHONPATH": path} | env, cwd=self._home)
