"""The daemon's life: start, run, drain on the first signal, stop at once on the second, tell the truth on exit."""

import asyncio
import contextlib
import gc
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, Final, NoReturn

import structlog

from acd.control.app import control_server
from acd.journal.serve import keep_beside
from acd.journal.web.access import DeskGuard
from acd.notify import notify
from acd.running import RunningCentre
from acd.upgrade import Successor, take_over
from config.model import Config
from metrics.records.database import newest_revision

log = structlog.get_logger(__name__)

GARBAGE_AFTER: Final = 20_000
"""Objects more than were freed before Python looks for cycles among the young (its own choice is 700)."""


class Exit(IntEnum):
    """How the daemon ended."""

    CLEAN = 0
    RECORDS_BEHIND = 3
    """Stopped in order, but the database did not take all facts; the spool keeps them for the next start."""
    FORCED = 4
    """The second signal cut the drain short."""
    BROKEN = 5
    """The engine has raised: a bug. The next start takes the calls over from Asterisk."""


@dataclass(frozen=True, slots=True)
class DaemonOptions:
    """What the command line says beside the configuration."""

    config_path: Path
    drain_s: float = 10.0
    """How long telephones that ring may still be answered after the first signal."""
    record: Path | None = None
    """Where to write a tape of the engine's inputs; None for none."""
    journal: Path | None = None
    """The settings of the journal of appeals; None for a centre without one."""


@contextlib.asynccontextmanager
async def _signals(on_stop: Callable[[], None], on_reload: Callable[[], None]) -> AsyncIterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_stop)
    loop.add_signal_handler(signal.SIGHUP, on_reload)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.remove_signal_handler(number)


class _Stop(Exception):
    """Ends the group of tasks."""


async def run_daemon(config: Config, options: DaemonOptions) -> int:
    """Run the centre until a signal; return the exit status.

    Raises:
        ListenError, OSError: A port cannot be had.
    """
    loop = asyncio.get_running_loop()
    newest_revision()  # loads what the records' start needs, before anybody waits for it
    handed_over = await take_over()
    centre = RunningCentre(config, options.config_path, loop, tape=options.record, handed_over=handed_over)
    asked = asyncio.Event()
    insisted = asyncio.Event()
    reload_wanted = asyncio.Event()

    def on_stop() -> None:
        (insisted if asked.is_set() else asked).set()

    at_the_desk = DeskGuard(centre.now)
    control = control_server(centre, config, meters=centre.meters, trail=centre.trail, guards=[at_the_desk])
    forced = broken = False
    async with _signals(on_stop, reload_wanted.set):
        with contextlib.suppress(_Stop):
            try:
                async with asyncio.TaskGroup() as tasks:
                    await control.start()
                    await centre.start(tasks)
                    tasks.create_task(_reload_when(reload_wanted, centre), name="reload")
                    if options.journal is not None:
                        tasks.create_task(keep_beside(options.journal, centre, at_the_desk), name="journal")
                    settle_memory()
                    notify("READY=1")
                    log.info("daemon.started", site=config.site.name)
                    tasks.create_task(_feed_watchdog(), name="watchdog")
                    broken = await _asked_or_broken(asked, centre.broken, centre.upgrading.successor)
                    if centre.upgrading.successor.done():
                        await centre.drain(0.0)
                    elif not broken:
                        notify("STOPPING=1")
                        log.info("daemon.draining", limit_s=options.drain_s)
                        forced = await _first(centre.drain(options.drain_s), insisted)
                    _end_group()
            except* _Stop:
                pass
        recorded = await centre.stop()
        await control.close()
        centre.upgrading.go()
    status = Exit.BROKEN if broken else Exit.FORCED if forced else Exit.CLEAN if recorded else Exit.RECORDS_BEHIND
    log.info("daemon.stopped", status=int(status))
    return int(status)


def settle_memory() -> None:
    """What stands now stays: look through it for garbage once and never again.

    Python's search for cycles went over modules, configuration and tables time after time, and took 9 % of the
    daemon's processor time (`perf`, 60 calls a second). Calls leave cycles too few to matter: they die by their
    reference counts.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_AFTER, 10, 10)


def _end_group() -> NoReturn:
    raise _Stop


async def _feed_watchdog() -> None:
    """Tell systemd that the loop turns, twice as often as it asks for: a daemon that hangs would hold its callers."""
    every_s = float(os.environ.get("WATCHDOG_USEC", "0")) / 2_000_000
    while every_s:
        notify("WATCHDOG=1")
        await asyncio.sleep(every_s)


async def _asked_or_broken(
    asked: asyncio.Event, broken: asyncio.Future[Exception], successor: asyncio.Future[Successor]
) -> bool:
    """Wait for a signal, for a successor or for the engine's failure; return whether it was the failure."""
    signalled = asyncio.ensure_future(asked.wait())
    either: set[asyncio.Future[Any]] = {signalled, broken, successor}
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    signalled.cancel()
    return broken.done()


async def _first(drain: Coroutine[None, None, None], insisted: asyncio.Event) -> bool:
    """Drain until done or the second signal; return whether it was the signal."""
    draining = asyncio.ensure_future(drain)
    second = asyncio.ensure_future(insisted.wait())
    await asyncio.wait({draining, second}, return_when=asyncio.FIRST_COMPLETED)
    forced = not draining.done()
    for task in (draining, second):
        task.cancel()
    await asyncio.gather(draining, second, return_exceptions=True)
    return forced


async def _reload_when(wanted: asyncio.Event, centre: RunningCentre) -> None:
    while True:
        await wanted.wait()
        wanted.clear()
        for mistake in await centre.reload():
            log.error("config.not_reloaded", mistake=mistake)
