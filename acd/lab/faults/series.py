"""Trials one after the other: play, settle, balance, write down; a series that was cut short goes on where it was.

What has come of each trial stands in `results.jsonl`, a line per trial with its seed, from the moment it is over.
"""

import asyncio
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import orjson
from sqlalchemy.exc import SQLAlchemyError

from acd.clock import wall_time
from acd.control.errors import ControlError
from acd.lab.capture import Capture
from acd.lab.daemon import DaemonStatus
from acd.lab.errors import LabError, ProcessFailed
from acd.lab.faults.books import Balance, Books, Struck, balance
from acd.lab.faults.plan import OPERATORS, Fault, Trial, draw
from acd.lab.faults.seen import stories
from acd.lab.faults.stage import Stage
from acd.lab.faults.strikes import STRIKES
from acd.lab.sipp import Callers
from metrics.records.rows import CallKind
from metrics.records.tables import call_back_attempts, call_backs, calls, facts, offers

CALLING_LIMIT_S: Final = 120.0
"""After the last caller has called: nobody is patient for longer, and no fault lasts so long."""
SETTLING_LIMIT_S: Final = 90.0


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a trial, as it is written down."""

    seed: int
    fault: str
    number: int
    balance: Balance
    failed: str = ""
    """Why there is no balance: something did not start, end or settle."""
    moments: int = 1
    """How often the fault struck."""

    @property
    def good(self) -> bool:
        """Whether it came to a balance, and a clean one."""
        return not self.failed and self.balance.good


async def play(stage: Stage, trial: Trial) -> Balance:
    """Play one trial on a stage that is at rest, and balance the books.

    Raises:
        LabError: Something did not start, or nothing came to rest afterwards.
    """
    centre = stage.centre
    path = stage.home / f"{trial.name}.pcap"
    async with stage.peopled(trial.answers):
        async with Capture(path, centre.slice.net) as capture:
            async with centre.callers(trial.callers) as calling:
                struck, _ = await asyncio.gather(_strike(stage, trial), _finish(calling))
            steps = calling.steps()
            books = await _settle(stage, trial, sum(step.event == "connected" for step in steps))
            await asyncio.sleep(1.0)  # the kernel hands packets to tcpdump in blocks
        # In a thread: other lanes' cables run in this loop, and would stand still while so many packets are read.
        told = await asyncio.to_thread(lambda: stories(capture.messages(), centre.slice))
    result = balance(trial, steps, told, books, struck)
    if result.good:
        path.unlink()
    return result


async def _strike(stage: Stage, trial: Trial) -> list[Struck]:
    """Let the fault happen, moment by moment, and return when it struck and was over."""
    struck: list[Struck] = []
    loop = asyncio.get_running_loop()
    began_at = loop.time()
    for moment in trial.moments:
        await asyncio.sleep(max(0.0, began_at + moment.at_s - loop.time()))
        struck_at = wall_time()
        await STRIKES[trial.fault](stage, moment)
        struck.append((struck_at, wall_time()))
    return struck


async def _finish(calling: Callers) -> None:
    try:
        await calling.finish(CALLING_LIMIT_S)
    except ProcessFailed:
        raise ProcessFailed("callers", "some calls have no end", calling.errors()) from None


def _at_rest(status: DaemonStatus) -> bool:
    return status.healthy and status.ready == OPERATORS and not (status.waiting or status.talking)


async def _settle(stage: Stage, trial: Trial, connected: int) -> Books:
    """Wait until everything is at rest and so many calls are recorded, or for as long as that may take.

    What is not as it should be then, the balance finds.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + SETTLING_LIMIT_S
    while True:
        trouble: Exception | None = None
        late = loop.time() > until
        try:
            if _at_rest(await stage.centre.status()) or late:
                books = await _read(stage, trial)
                if late or _closed(books, connected):
                    return replace(books, facts=await stage.centre.rows(facts))
        except (ControlError, SQLAlchemyError, OSError) as error:
            trouble = error
        if not stage.centre.daemon.running:
            raise ProcessFailed("daemon", "has ended", stage.centre.daemon.text())
        if late and trouble is not None:
            raise ProcessFailed("records", f"cannot be read: {trouble}", stage.centre.daemon.text())
        await asyncio.sleep(0.5)


def _closed(books: Books, connected: int) -> bool:
    if sum(row["kind"] == CallKind.INCOMING for row in books.calls) < connected:
        return False
    rows: Iterable[Any] = [*books.calls, *books.call_backs, *books.offers]
    return not books.channels and all(row["ended_at"] is not None for row in rows)


async def _read(stage: Stage, trial: Trial) -> Books:
    """Read what concerns the trial's callers. The facts, of which there are many, are left for the end."""
    centre = stage.centre
    numbers = {caller.number for caller in trial.callers}
    mine = [row for row in await centre.rows(calls) if row["caller"].removeprefix("+") in numbers]
    names = {row["call"] for row in mine}
    owed = [row for row in await centre.rows(call_backs) if row["number"].removeprefix("+") in numbers]
    return Books(
        calls=mine,
        facts=(),
        offers=[row for row in await centre.rows(offers) if row["call"] in names],
        call_backs=owed,
        attempts=await centre.rows(call_back_attempts),
        agents=await stage.agents(),
        channels=await stage.channels(),
    )


class Series:
    """All trials of a seed, with what is known of those that were played before."""

    def __init__(self, folder: Path, seed: int, say: Callable[[Result], None], *, moments: int = 1) -> None:
        """Make a series whose files are in `folder`; `say` is told each result that is new.

        Args:
            folder: Its own; what was played is written down there.
            seed: Of all chance.
            say: Is told each result that is new.
            moments: How often the fault strikes in each trial.
        """
        self._folder = folder
        self._seed = seed
        self._moments = moments
        self._say = say
        self._file = folder / "results.jsonl"
        self.results: list[Result] = []
        if self._file.exists():
            for line in self._file.read_bytes().splitlines():
                row = orjson.loads(line)
                result = Result(**(row | {"balance": Balance(**row["balance"])}))
                if (result.seed, result.moments) == (seed, moments):
                    self.results.append(result)

    async def run(self, faults: Sequence[Fault], trials: int, *, lanes: int = 1) -> None:
        """Play what was not played yet, so many trials of each fault; `lanes` faults at a time, a centre each."""
        waiting = list(reversed(faults))

        async def lane() -> None:
            while waiting:
                fault = waiting.pop()
                known = {result.number for result in self.results if result.fault == fault}
                missing = [number for number in range(trials) if number not in known]
                while missing:
                    missing = await self._play(fault, missing)

        async with asyncio.TaskGroup() as tasks:
            for _ in range(lanes):
                tasks.create_task(lane())

    async def _play(self, fault: Fault, numbers: Sequence[int]) -> list[int]:
        """Play trials on one stage; return those that are left when one has failed, as the stage is spoilt then."""
        home = self._folder / f"{fault}-{numbers[0]:03}"
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        try:
            async with Stage(fault, home) as stage:
                for index, number in enumerate(numbers):
                    result = await self._one(stage, fault, number)
                    if not result.good:
                        return list(numbers[index + 1 :])
        except LabError as error:
            self._note(Result(self._seed, fault, numbers[0], Balance(), str(error), self._moments))
            return list(numbers[1:])
        shutil.rmtree(home, ignore_errors=True)
        return []

    async def _one(self, stage: Stage, fault: Fault, number: int) -> Result:
        trial = draw(fault, number, self._seed, self._moments)
        try:
            result = Result(self._seed, fault, number, await play(stage, trial), moments=self._moments)
        except LabError as error:
            result = Result(self._seed, fault, number, Balance(), str(error), self._moments)
        self._note(result)
        return result

    def _note(self, result: Result) -> None:
        self.results.append(result)
        with self._file.open("ab") as file:
            file.write(orjson.dumps(asdict(result)) + b"\n")
        self._say(result)
