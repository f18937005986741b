"""The centre that faults happen to: everything real, with cables between the parts that can be cut.

telephones, trunk <- SIP -> Asterisk <- AMI -> wire <- daemon -> wire -> PostgreSQL
                               +---- FastAGI -> wire -> ^ -----------> Mosquitto
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Final

from acd.lab.cable import Cable
from acd.lab.centre import LabCentre
from acd.lab.errors import ProcessFailed, ProgramMissing
from acd.lab.faults.plan import OPERATORS, Fault
from acd.lab.plans import Answering
from acd.lab.postgres import LabPostgres
from acd.lab.process import LabProcess, find_program, until
from acd.lab.sipp import Endpoint
from acd.lab.site import AGI_PORT, Site

AMI_PORT: Final = 5038
POSTGRES_PORT: Final = 5432
MQTT_PORT: Final = 1883
FAR_SIDE_PORT: Final = 5090
SMALL_DISK: Final = "16m"
CLOCK_LIBRARY: Final = "usr/lib/*/faketime/libfaketimeMT.so.1"
NEEDS_POSTGRES: Final = frozenset(
    {Fault.DATABASE_STOPPED, Fault.DATABASE_READ_ONLY, Fault.DATABASE_SLOW, Fault.DATABASE_SILENT}
)
NEEDS_CLOCK: Final = frozenset({Fault.CLOCK_FORWARD, Fault.CLOCK_BACK})
CALLBACK: Final = """
[line.callback]
trunk = "city"
hours = []
min_wait_s = 0.5
short_talk_s = 1.0
after_busy_s = 1.0
after_no_answer_s = 1.0
after_unreachable_s = 1.0
after_refused_s = 1.0
after_left_s = 1.0
outcome_within_s = 1.0
ring_s = 5.0
max_per_hour = 100000
"""
SITE: Final = Site(
    operators=OPERATORS,
    ring_s=3.0,
    min_talk_s=0.0,
    pause_after_misses=0,
    back_off_refused_s=0.5,
    back_off_no_answer_s=0.5,
    fallback_tries=5,
    fallback_queue_s=5,
    trunk_port=FAR_SIDE_PORT,
    line=CALLBACK,
)


class Stage:
    """One centre with all that a kind of fault needs."""

    def __init__(self, fault: Fault, home: Path) -> None:
        """Make a stage whose files go to `home`; nothing is started yet."""
        self.fault = fault
        self.home = home
        self.small = home / "small-disk"
        """A disk of its own that can be filled; the records are there where that is the fault."""
        self.centre = LabCentre(SITE, home=home)
        self.clock_file = self.centre.asterisk.home / "clock"
        self.postgres: LabPostgres | None = None
        self._ballast = self.small / "ballast"
        self._broker: LabProcess | None = None
        self._clean = contextlib.AsyncExitStack()

    # -- its parts -------------------------------------------------------------------------------------------------

    def _at(self, host: int, port: int) -> Endpoint:
        return Endpoint(f"{self.centre.slice.net}.{host}", port)

    async def __aenter__(self) -> "Stage":
        try:
            await self._start()
        except BaseException:
            await self._clean.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._clean.aclose()

    async def _start(self) -> None:
        self._clean.push_async_callback(self.centre.close)
        self.centre.prepare()
        ami, agi = self._at(1, AMI_PORT), self._at(4, AGI_PORT)
        self.ami = await self._clean.enter_async_context(Cable(self._at(4, AMI_PORT), ami))
        self.agi = await self._clean.enter_async_context(Cable(agi, self._at(5, AGI_PORT)))
        changes = {f'host = "{ami.address}"': f'host = "{self.ami.here.address}"', f'"{agi}"': f'"{self.agi.there}"'}
        if self.fault in NEEDS_POSTGRES:
            self.postgres = await self._clean.enter_async_context(LabPostgres(self._at(7, POSTGRES_PORT)))
            self.database = await self._clean.enter_async_context(Cable(self._at(6, POSTGRES_PORT), self.postgres.at))
            changes[f"sqlite+aiosqlite:///{self.home}/acd.db"] = self.postgres.url(self.database.here)
        if self.fault is Fault.DISK_FULL:
            await self._mount()
            changes[f"{self.home}/acd."] = f"{self.small}/acd."
        more = ""
        if self.fault is Fault.BROKER_STOPPED:
            await self.start_broker()
            self._clean.push_async_callback(self.stop_broker)
            more = f'[mqtt]\nhost = "{self._at(8, MQTT_PORT).address}"\nport = {MQTT_PORT}\ntls = false\n'
        if self.fault in NEEDS_CLOCK:
            self._fake_the_clock()
        self.centre.tell_daemon(changes, more)
        await self.centre.asterisk.start()
        await self.centre.start_daemon()
        await self.centre.until(lambda status: status.ready == OPERATORS)

    def _fake_the_clock(self) -> None:
        """Have Asterisk and the daemon read the wall clock through libfaketime; monotonic clocks are left alone.

        In a root folder its own library stands where the machine's stands outside: each is loaded with its own libc.
        """
        library = next(Path("/").glob(CLOCK_LIBRARY), None)
        root = self.centre.asterisk.program.root
        if library is None:
            raise ProgramMissing("libfaketime", "run scripts/setup-tests")
        if root is not None and not (root / library.relative_to("/")).exists():
            raise ProgramMissing(f"libfaketime in {root}", "run scripts/setup-asterisk")
        self.step_clock(0)
        self.centre.env |= {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self.clock_file),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_RESET": "1",
            "FAKETIME_CACHE_DURATION": "1",
        }

    def step_clock(self, seconds: int) -> None:
        """Set the wall clock of Asterisk and the daemon so far from the machine's; they see it within a second."""
        written = self.clock_file.with_suffix(".new")
        written.write_text(f"{seconds:+d}\n", encoding="ascii")
        written.replace(self.clock_file)  # whoever reads it half written ends its process

    # -- disk and broker -------------------------------------------------------------------------------------------

    async def _mount(self) -> None:
        self.small.mkdir(parents=True, exist_ok=True)
        await _command("mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK}", "tmpfs", str(self.small))
        self._clean.push_async_callback(_command, "umount", "-l", str(self.small))

    def fill_disk(self) -> None:
        """Leave not a byte on the small disk."""
        with self._ballast.open("ab", buffering=0) as file:
            for block in (1 << 16, 1 << 12, 1):
                with contextlib.suppress(OSError):
                    while file.write(b"\0" * block) == block:
                        pass

    def empty_disk(self) -> None:
        """Give the room back."""
        self._ballast.unlink(missing_ok=True)

    async def start_broker(self) -> None:
        """Start Mosquitto and wait until it runs."""
        conf = self.home / "mosquitto.conf"
        at = self._at(8, MQTT_PORT)
        conf.write_text(f"listener {at.port} {at.address}\nallow_anonymous true\nuser root\n", encoding="ascii")
        output = self.home / "mosquitto.log"
        output.unlink(missing_ok=True)
        broker = await LabProcess.start(
            "mosquitto", [find_program("mosquitto", "run scripts/setup-tests"), "-c", str(conf)], output
        )
        self._broker = broker
        await until(lambda: " running" in broker.text() or not broker.running)
        if not broker.running:
            raise ProcessFailed("mosquitto", "ended while it started", broker.text())

    async def stop_broker(self) -> None:
        """End Mosquitto."""
        if self._broker is not None:
            await self._broker.stop()

    # -- who calls -------------------------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def peopled(self, answers: Sequence[Answering]) -> AsyncIterator[None]:
        """Have telephones and a far side for as long as the block runs; whoever is called back picks up."""
        far = [Answering(ring_ms=50, talk_ms=60_000)]
        async with self.centre.telephones(answers), self.centre.far_side(far):
            yield

    async def channels(self) -> int:
        """Return how many channels Asterisk has."""
        told = await self.centre.asterisk.rx("core show channels count")
        return int(told.split()[0]) if told[:1].isdigit() else -1

    async def agents(self) -> dict[str, str]:
        """Return the state of each operator, by number."""
        told: dict[str, Any] = await self.centre.ask("/v1/agents")
        return {row["agent"]: row["state"] for row in told["agents"]}


async def _command(*argv: str) -> None:
    process = await asyncio.create_subprocess_exec(*argv, stderr=asyncio.subprocess.PIPE)
    _, error = await process.communicate()
    if process.returncode:
        raise ProcessFailed(argv[0], f"ended with status {process.returncode}", error.decode(errors="replace"))
