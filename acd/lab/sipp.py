"""SIPp as the callers of a line and as the operators' telephones: starts it, and reads what it has seen.

The scenarios are templates in scenarios/; every time and every behaviour of a call is a field of a CSV file written
here, so that a plan drawn from a seed is played exactly. Each scenario logs one line per step of a call,
`event;who;Call-ID`, from which the counts are made.

Facts of SIPp 3.6 that this rests on (tried): an `optional="global"` message is taken at any later time, also in a
pause; `[field]` works in a scenario that answers calls, one line per call; its watchdog ends it on a busy
machine unless its limits are raised; the exit status is 1 when a call failed, 99 when there was none.
"""

import asyncio
import signal
import socket
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Final, Self

import jinja2

from acd.lab.errors import ProcessFailed
from acd.lab.keys import Media
from acd.lab.plans import Answering, Caller
from acd.lab.process import LabProcess, find_program, until

SCENARIOS: Final = Path(__file__).with_name("scenarios")
REFUSALS: Final = (401, 403, 404, 408, 480, 484, 486, 488, 500, 503, 603)
LONGEST_S: Final = 3600
"""No SIPp of the lab runs longer, whatever happens to the lab."""
WATCHDOG: Final = ("-watchdog_minor_threshold", "3600000", "-watchdog_major_threshold", "3600000")

_templates = jinja2.Environment(
    loader=jinja2.FileSystemLoader(SCENARIOS),
    undefined=jinja2.StrictUndefined,
    autoescape=False,  # noqa: S701  # SIPp's scenarios are made of our own values, and hold SIP inside CDATA
)


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a scenario's log."""

    event: str
    who: str
    call_id: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address and port of UDP."""

    address: str
    port: int = 5060

    def __str__(self) -> str:
        return f"{self.address}:{self.port}"


def bound(endpoint: Endpoint) -> bool:
    """Return whether somebody on this machine has bound the UDP endpoint (proc(5) net/udp)."""
    packed = int.from_bytes(socket.inet_aton(endpoint.address), "little")
    wanted = f"{packed:08X}:{endpoint.port:04X}"
    lines = Path("/proc/net/udp").read_text(encoding="ascii").splitlines()[1:]
    return any(line.split()[1] == wanted for line in lines)


def read_steps(path: Path) -> list[Step]:
    """Return the whole lines of a scenario's log; there is none before the first call."""
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8", errors="replace")
    rows = (line.split(";") for line in text.splitlines(keepends=True) if line.endswith("\n"))
    return [Step(row[0], row[1], row[2].strip()) for row in rows if len(row) == 3]


class _Sipp:
    """One SIPp process and its files."""

    may_end_with: ClassVar[tuple[int, ...]] = (0, 1)
    """Exit statuses with which it may be over at once: every call has ended, well or not."""

    def __init__(self, name: str, folder: Path, local: Endpoint) -> None:
        self.name = name
        self.folder = folder
        self.local = local
        self._process: LabProcess | None = None

    @property
    def process(self) -> LabProcess:
        if self._process is None:
            raise ProcessFailed(self.name, "was not started")
        return self._process

    def steps(self) -> list[Step]:
        """Return what has happened so far, in order."""
        return read_steps(self.folder / "steps.log")

    def errors(self) -> str:
        """Return SIPp's own account of what it did not expect."""
        path = self.folder / "errors.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    async def _launch(self, template: str, values: Mapping[str, object], arguments: Sequence[str]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        scenario = self.folder / "scenario.xml"
        scenario.write_text(_templates.get_template(template).render(values), encoding="utf-8")
        argv = [
            find_program("sipp", "run scripts/setup-asterisk"),
            *("-sf", str(scenario), "-i", self.local.address, "-p", str(self.local.port), "-bind_local"),
            *("-mi", self.local.address, "-ci", self.local.address, "-nostdin", "-f", str(LONGEST_S)),
            *("-trace_logs", "-log_file", str(self.folder / "steps.log")),
            *("-trace_err", "-error_file", str(self.folder / "errors.log")),
            *("-timeout", f"{LONGEST_S}s", *WATCHDOG, *arguments),
        ]
        self._process = await LabProcess.start(self.name, argv, self.folder / "screen.log", cwd=self.folder)
        await until(lambda: bound(self.local) or not self.process.running)
        if not self.process.running and self.process.returncode not in self.may_end_with:
            raise ProcessFailed(self.name, f"ended with status {self.process.returncode}", self._told())

    def _told(self) -> str:
        return self.process.text() + self.errors()

    async def stop(self) -> None:
        """End it now; calls that are up stay up in Asterisk."""
        if self._process is not None:
            await self._process.stop(signal.SIGTERM, limit_s=5.0)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()


@dataclass(frozen=True, slots=True)
class TelephoneCounts:
    """What the telephones have seen."""

    offered: int
    answered: int
    hung_up: int
    """Talks that the operator ended."""
    left: int
    """Talks that the other side ended."""
    cancelled: int
    refused: int
    busy: int


class Telephones(_Sipp):
    """Any number of operators' telephones at one address: one SIPp that answers calls to whatever user."""

    may_end_with: ClassVar[tuple[int, ...]] = ()

    def __init__(
        self,
        folder: Path,
        local: Endpoint,
        plan: Sequence[Answering] = (Answering(),),
        *,
        operators: Mapping[str, Answering] | None = None,
        digits: Sequence[Path] = (),
        digit_gap_ms: int = 1000,
        rtp_file: Path | None = None,
    ) -> None:
        """Make telephones.

        Args:
            folder: Where their files go.
            local: Where they are; the static contacts of the configuration point there.
            plan: What is done with the calls in the order in which they come, from the start again at the end.
            operators: What those telephones (`op101`) do with every call, instead of the plan.
            digits: Packet captures of keys that are pressed after the answer, one after the other.
            digit_gap_ms: Pause before each key.
            rtp_file: Raw A-law that is played to the caller; None for no media.
        """
        super().__init__("telephones", folder, local)
        self._plan = plan
        self._operators = operators or {}
        self._media = Media(digits, digit_gap_ms, rtp_file)

    async def start(self) -> None:
        """Start, and return once calls can be taken."""
        self.folder.mkdir(parents=True, exist_ok=True)
        rows = (f"{a.kind:d};{a.ring_ms};{a.talk_ms};{a.transfer_to}" for a in self._plan)
        plan = _write_csv(self.folder / "plan.csv", rows)
        arguments = ["-inf", str(plan), "-aa", "-l", "5000"]
        operators: Path | None = None
        if self._operators:
            rows = (f"{user};{a.kind:d};{a.ring_ms};{a.talk_ms};{a.transfer_to}" for user, a in self._operators.items())
            operators = _write_csv(self.folder / "operators.csv", rows)
            arguments += ["-inf", str(operators), "-infindex", operators.name, "0"]
        # SIPp knows an injection file by its name alone.
        values = {"plan": plan.name, "operators": operators and operators.name}
        await self._launch("telephone.xml.j2", values | self._media.values(self.folder), arguments)

    def counts(self) -> TelephoneCounts:
        """Return the counts so far."""
        events = Counter(step.event for step in self.steps())
        return TelephoneCounts(
            offered=events["offered"],
            answered=events["answered"],
            hung_up=events["hung up"],
            left=events["left"],
            cancelled=events["cancelled"],
            refused=events["refused"],
            busy=events["busy"],
        )

    async def until(self, limit_s: float = 20.0, **wanted: int) -> TelephoneCounts:
        """Wait until these counts are reached, as in `until(cancelled=2)`, and return all of them.

        A telephone hears of an end after Asterisk has told the daemon of it: whoever asks for a count then may be too
        early.

        Raises:
            ProcessFailed: They are not reached within `limit_s`.
        """
        try:
            async with asyncio.timeout(limit_s):
                await until(lambda: all(getattr(self.counts(), name) >= count for name, count in wanted.items()))
        except TimeoutError:
            raise ProcessFailed(self.name, f"have not {wanted} but {self.counts()}", self._told()) from None
        return self.counts()

    async def __aenter__(self) -> Self:
        await self.start()
        return self


class Refusing(_Sipp):
    """The far side of a trunk that answers every call over it with the same SIP status, 300 to 699."""

    may_end_with: ClassVar[tuple[int, ...]] = ()

    def __init__(self, folder: Path, local: Endpoint, status: int) -> None:
        super().__init__("refusing far side", folder, local)
        self._status = status

    async def start(self) -> None:
        """Start, and return once calls can be refused."""
        await self._launch("refusal.xml.j2", {"status": self._status}, ["-l", "5000"])

    @property
    def refused(self) -> int:
        """How many calls were refused so far."""
        return sum(step.event == "refused" for step in self.steps())

    async def __aenter__(self) -> Self:
        await self.start()
        return self


@dataclass(frozen=True, slots=True)
class CallerCounts:
    """What the callers have seen."""

    placed: int
    connected: int
    """Asterisk has answered them; they wait."""
    served: int
    """The other side ended the call."""
    left: int
    """The caller hung up."""
    refused: int

    @property
    def unfinished(self) -> int:
        """Calls that neither end: still up, or failed in a way that SIP does not know."""
        return self.placed - self.served - self.left - self.refused


class Callers(_Sipp):
    """Calls placed by one SIPp: a list of callers, each with a time, or as many as come at a steady rate."""

    def __init__(
        self,
        folder: Path,
        local: Endpoint,
        server: Endpoint,
        callers: Sequence[Caller],
        *,
        rate: float | None = None,
        at_once: int | None = None,
        account: tuple[str, str] | None = None,
        digits: Sequence[Path] = (),
        info_keys: str = "",
        digit_gap_ms: int = 1000,
        rtp_file: Path | None = None,
        final_within_ms: int = 40_000,
    ) -> None:
        """Make callers.

        Args:
            folder: Where their files go.
            local: Where they call from.
            server: Asterisk.
            callers: One call each.
            rate: Calls per second; their own `at_ms` is left aside. None: each calls at its `at_ms`.
            at_once: No more calls than this are up at a time: the next begins when one ends.
            account: User and password for the digest authentication that a telephone is asked for.
            digits: Packet captures of keys that are played after the answer, one after the other.
            info_keys: Keys that are told by SIP INFO after the answer, one after the other.
            digit_gap_ms: Pause before each key.
            rtp_file: Raw A-law that is played to Asterisk; None for no media.
            final_within_ms: An INVITE without a final answer for so long is given up: Asterisk has died since its 100.
        """
        super().__init__("callers", folder, local)
        self._server = server
        self._callers = callers
        self._rate = rate
        self._at_once = at_once or len(callers)
        self._media = Media(digits, digit_gap_ms, rtp_file)
        self._values = {
            "arrivals": rate is None,
            "username": account[0] if account else "",
            "password": account[1] if account else "",
            "info_keys": info_keys,
            "refusals": REFUSALS,
            "final_within_ms": final_within_ms,
        }

    async def start(self) -> None:
        """Start calling."""
        self.folder.mkdir(parents=True, exist_ok=True)
        rows = (
            f"{c.at_ms};{c.dialled};{c.from_header(self.local.address)};{c.patience_ms};{c.number}"
            for c in self._callers
        )
        calls = _write_csv(self.folder / "calls.csv", rows)
        count = len(self._callers)
        # With times of their own all calls begin at once and wait in a pause of the scenario.
        rate = ["-r", str(count)] if self._rate is None else ["-r", f"{self._rate * 10:.0f}", "-rp", "10000"]
        arguments = [str(self._server), "-inf", str(calls), "-m", str(count), "-l", str(self._at_once), *rate]
        await self._launch("caller.xml.j2", self._values | self._media.values(self.folder), arguments)

    async def finish(self, limit_s: float) -> CallerCounts:
        """Wait until every call has ended, and return the counts.

        Raises:
            ProcessFailed: Some call has not ended within `limit_s`.
        """
        await self.process.wait(limit_s)
        return self.counts()

    def counts(self) -> CallerCounts:
        """Return the counts so far."""
        events = Counter(step.event.partition(" ")[0] for step in self.steps())
        return CallerCounts(
            placed=events["placed"],
            connected=events["connected"],
            served=events["served"],
            left=events["left"],
            refused=events["refused"],
        )

    async def __aenter__(self) -> Self:
        await self.start()
        return self


class Registration(_Sipp):
    """Registers telephones with their passwords, or takes their registrations back.

    Asterisk calls a telephone where its REGISTER came from (`rewrite_contact`, which telephones behind NAT need), so
    `local` is where the telephones will be: register first, then start them.
    """

    def __init__(
        self, folder: Path, local: Endpoint, server: Endpoint, secrets: Mapping[str, str], *, remove: bool = False
    ) -> None:
        """Make the registration of `secrets`, user to password; `remove` takes all registrations of each back."""
        super().__init__("registration", folder, local)
        self._server = server
        self._secrets = secrets
        self._remove = remove

    async def run(self, limit_s: float = 20.0) -> None:
        """Register them all.

        Raises:
            ProcessFailed: One was refused, or Asterisk did not answer.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        rows = (f"{user};[authentication username={user} password={word}]" for user, word in self._secrets.items())
        users = _write_csv(self.folder / "users.csv", rows)
        count = str(len(self._secrets))
        values = {"remove": self._remove}
        arguments = [str(self._server), "-inf", str(users), "-m", count, "-l", count, "-r", "50"]
        await self._launch("register.xml.j2", values, arguments)
        status = await self.process.wait(limit_s)
        if status != 0:
            raise ProcessFailed(self.name, f"ended with status {status}", self._told())


def _write_csv(path: Path, rows: Iterable[str]) -> Path:
    path.write_text("\n".join(["SEQUENTIAL", *rows, ""]), encoding="utf-8")
    return path
