"""How each fault is made and taken back: one coroutine per kind, which returns when the world is as it was."""

import asyncio
import os
import resource
from collections.abc import Awaitable, Callable
from typing import Final

from acd.lab.faults.plan import Fault, Moment
from acd.lab.faults.stage import Stage

HOUR_S: Final = 3600

Strike = Callable[[Stage, Moment], Awaitable[None]]


async def _nothing(stage: Stage, moment: Moment) -> None:
    """Let everything be as it is: what lies is the telephones, or nothing at all."""


async def _daemon_killed(stage: Stage, moment: Moment) -> None:
    await stage.centre.kill_daemon()
    await asyncio.sleep(moment.lasts_s)
    await stage.centre.launch_daemon()


async def _daemon_frozen(stage: Stage, moment: Moment) -> None:
    stage.centre.daemon.sigstop()
    await asyncio.sleep(moment.lasts_s)
    stage.centre.daemon.sigcont()


async def _asterisk_killed(stage: Stage, moment: Moment) -> None:
    await stage.centre.asterisk.kill9()
    await asyncio.sleep(moment.lasts_s)
    await stage.centre.asterisk.start()


async def _asterisk_frozen(stage: Stage, moment: Moment) -> None:
    stage.centre.asterisk.sigstop()
    await asyncio.sleep(moment.lasts_s)
    stage.centre.asterisk.sigcont()


async def _ami_cut(stage: Stage, moment: Moment) -> None:
    await stage.ami.cut()
    await asyncio.sleep(moment.lasts_s)
    await stage.ami.mend()


async def _ami_slow(stage: Stage, moment: Moment) -> None:
    stage.ami.delay_s = 0.1 + 2.0 * moment.chance
    await asyncio.sleep(moment.lasts_s)
    await stage.ami.mend()


async def _ami_half_open(stage: Stage, moment: Moment) -> None:
    stage.ami.hold()
    await asyncio.sleep(moment.lasts_s)
    await stage.ami.mend()


async def _agi_reset(stage: Stage, moment: Moment) -> None:
    stage.agi.reset()


async def _agi_cut(stage: Stage, moment: Moment) -> None:
    await stage.agi.cut()
    await asyncio.sleep(moment.lasts_s)
    await stage.agi.mend()


async def _database_stopped(stage: Stage, moment: Moment) -> None:
    assert stage.postgres is not None  # noqa: S101 - such a stage has one
    await stage.postgres.stop()
    await asyncio.sleep(moment.lasts_s)
    await stage.postgres.start()


async def _database_read_only(stage: Stage, moment: Moment) -> None:
    assert stage.postgres is not None  # noqa: S101 - such a stage has one
    await stage.postgres.read_only(True)
    await asyncio.sleep(moment.lasts_s)
    await stage.postgres.read_only(False)


async def _database_slow(stage: Stage, moment: Moment) -> None:
    stage.database.delay_s = 0.1 + 2.0 * moment.chance
    await asyncio.sleep(moment.lasts_s)
    await stage.database.mend()


async def _database_silent(stage: Stage, moment: Moment) -> None:
    stage.database.hold()
    if moment.kills_the_daemon_too:
        await stage.centre.kill_daemon()
        await stage.centre.launch_daemon()
    await asyncio.sleep(moment.lasts_s)
    await stage.database.mend()


async def _disk_full(stage: Stage, moment: Moment) -> None:
    stage.fill_disk()
    await asyncio.sleep(moment.lasts_s)
    stage.empty_disk()


async def _broker_stopped(stage: Stage, moment: Moment) -> None:
    await stage.stop_broker()
    await asyncio.sleep(moment.lasts_s)
    await stage.start_broker()


async def _clock_stepped(stage: Stage, moment: Moment) -> None:
    """There and back; a daemon that is killed in between starts under the other clock."""
    stage.step_clock(HOUR_S if moment.fault is Fault.CLOCK_FORWARD else -HOUR_S)
    if moment.kills_the_daemon_too:
        await asyncio.sleep(1.0)
        await stage.centre.kill_daemon()
        await stage.centre.launch_daemon()
    await asyncio.sleep(moment.lasts_s)
    stage.step_clock(0)


async def _no_descriptors(stage: Stage, moment: Moment) -> None:
    """Leave the daemon a handful of file descriptors, or none."""
    pid = stage.centre.daemon.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    taken = max(int(name) for name in await asyncio.to_thread(os.listdir, f"/proc/{pid}/fd"))
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (taken + 1 + int(4 * moment.chance), before[1]))
    await asyncio.sleep(moment.lasts_s)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


STRIKES: Final[dict[Fault, Strike]] = {
    Fault.NOTHING: _nothing,
    Fault.DAEMON_KILLED: _daemon_killed,
    Fault.DAEMON_FROZEN: _daemon_frozen,
    Fault.ASTERISK_KILLED: _asterisk_killed,
    Fault.ASTERISK_FROZEN: _asterisk_frozen,
    Fault.AMI_CUT: _ami_cut,
    Fault.AMI_SLOW: _ami_slow,
    Fault.AMI_HALF_OPEN: _ami_half_open,
    Fault.AGI_RESET: _agi_reset,
    Fault.AGI_CUT: _agi_cut,
    Fault.DATABASE_STOPPED: _database_stopped,
    Fault.DATABASE_READ_ONLY: _database_read_only,
    Fault.DATABASE_SLOW: _database_slow,
    Fault.DATABASE_SILENT: _database_silent,
    Fault.DISK_FULL: _disk_full,
    Fault.BROKER_STOPPED: _broker_stopped,
    Fault.CLOCK_FORWARD: _clock_stepped,
    Fault.CLOCK_BACK: _clock_stepped,
    Fault.NO_DESCRIPTORS: _no_descriptors,
    Fault.TELEPHONES_LIE: _nothing,
}
