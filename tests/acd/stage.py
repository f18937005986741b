"""A small centre behind the control API: the real engine and the real live figures, a clock that the test turns."""

import asyncio
import http.client
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from acd.callbacks.policies import callback_policies
from acd.campaigns.bars import Bars
from acd.campaigns.desk import CampaignDesk
from acd.campaigns.round import Book
from acd.control.access import Guard, Identity, new_token
from acd.control.app import build_app
from acd.control.centre import Health, ServerHealth
from acd.control.client import ControlClient
from acd.control.events import EventLog
from acd.control.recordings import RecordingDesk
from acd.control.server import ControlServer
from acd.control.store.trail import Trail
from acd.messages.desk import MessageDesk
from acd.numbers import number_rule
from acd.opening.keeper import LineHours
from acd.standard import standard_of
from acd.supervising import Supervising
from acd.transfer_targets import Target
from acd.transferring import TransferImpossible
from ami_bridge.supervision import SpiedTalk
from callback.book import BookSnapshot, CallbackBook, Step
from callback.effects import CallbackEffect
from callback.facts import CallbackFact, CallbackOwed
from callback.ids import RequestId
from callback.inputs import BreakReported, CallbackAsked, CallbackInput, CapacityChanged
from callback.kinds import ImpossibleReason, Origin, TalkOutcome
from callback.request import Request
from config.load import load_config
from config.to_policy import to_policy
from metrics.facts import TransferTarget
from metrics.live import LiveFigures, LiveSnapshot
from metrics.records.database import open_engine
from metrics.service_facts import LineSwitched, MessageFact
from queue_engine.effects import OfferCall
from queue_engine.engine import QueueEngine
from queue_engine.facts import Fact
from queue_engine.ids import AgentId, CallId, Instant, QueueName
from queue_engine.inputs import AgentLoggedIn, CallArrived, Input, OfferAnswered, PoliciesLoaded
from queue_engine.snapshot import AgentView, EngineSnapshot

HOST = "127.0.14.9"
LINE = "saratov-122"
CALLER = "+79271234567"
NOON = Instant(1_795_251_600.0)
"""2026-11-21 12:00 in Moscow."""

SITE = """
[site]
name = "stage"
title = "Сцена"
profile = "saratov-122"
lab = true

[database]
url = "sqlite:///{home}/acd.db"
spool = "{home}/acd.spool"

[control]
listen = "{host}:{port}"

[agi]
listen = "{host}:4573"

[[asterisk]]
name = "main"
host = "{host}"
ami_port = {ami_port}
ami_secret = "{secret}"

[[line]]
name = "saratov-122"
title = "122"
numbers = ["122"]
callback = {{ trunk = "city" }}

[messages]
directory = "messages"

[[trunk]]
name = "city"
match = ["192.0.2.1"]
address = "192.0.2.1"

[[operator]]
number = "101"
name = "Анна [101]"

[[operator]]
number = "102"

[[telephone]]
name = "op101"

[[telephone]]
name = "op102"
"""


def write_site(home: Path, *, port: int = 8122, ami_port: int = 5038, secret: str = "s3cret") -> Path:
    """Write a configuration into the folder and return its path."""
    path = home / "acd.toml"
    path.write_text(SITE.format(home=home, host=HOST, port=port, ami_port=ami_port, secret=secret), encoding="utf-8")
    path.chmod(0o600)
    return path


@dataclass(eq=False)
class StageTimer:
    """Something that will be done."""

    at: Instant
    do: Callable[[], None]
    among: list["StageTimer"]

    def cancel(self) -> None:
        """It is not to be done any more."""
        if self in self.among:
            self.among.remove(self)


@dataclass
class Stage:
    """What the control API sees of a daemon."""

    config_path: Path
    at: Instant = NOON
    mistakes: list[str] = field(default_factory=list)
    """What a reload complains about."""
    lag_s: float = 0.0

    def __post_init__(self) -> None:
        self.config = load_config(self.config_path)
        self.engine = QueueEngine(first_offer=1)
        self.figures = LiveFigures(standard_of(self.config), ZoneInfo("Europe/Moscow"))
        self.facts: list[Fact] = []
        self.events = EventLog("run-1", lambda: len(self.facts))
        self.sinks: list[Callable[[Fact], None]] = [self.facts.append, self.figures.see, self.events.take]
        self.offers: list[OfferCall] = []
        self.health_now = Health(
            started_at=Instant(NOON - 60),
            draining=False,
            servers=(ServerHealth("main", up=True, since=Instant(NOON - 50), version="22.10.1"),),
            agi_listening=True,
            agi_sessions=0,
            database_up=True,
            spooled=0,
        )
        self.callbacks = StageBook(self)
        self.recording_desk: RecordingDesk | None = None
        self.transfers = StageTransfers()
        self.supervising = Supervising(
            lambda: self.config,
            {},
            lambda _server: None,
            self.talk_of,
            self.post,
            self.now,
            Trail(None),
            self.facts.append,
        )
        self.seats: dict[str, AgentId] = {}
        self.sinks.append(self.callbacks.observe)
        self.timers: list[StageTimer] = []
        self.switched: list[LineSwitched] = []
        self.hours = LineHours(
            lambda: self.config,
            self.now,
            self.call_at,
            self.post,
            self.switched.append,
            self.config_path.parent / "lines",
        )
        self.told: list[MessageFact] = []
        self.records = open_engine(self.config.database.url)
        self.messages = MessageDesk(lambda: self.config, self.now, self.records, self.told.append)
        self.campaigning = StageCampaigns(self)
        self.post(PoliciesLoaded(*to_policy(self.config)))
        self.hours.start()

    def call_at(self, at: Instant, do: Callable[[], None]) -> "StageTimer":
        """Remember what is to be done at an instant; `pass_to` does it."""
        timer = StageTimer(at, do, self.timers)
        self.timers.append(timer)
        return timer

    def pass_to(self, at: Instant) -> None:
        """Let the time come, and do at each instant what was to be done then."""
        while (due := min(self.timers, key=lambda timer: timer.at, default=None)) is not None and due.at <= at:
            self.timers.remove(due)
            self.at = due.at
            due.do()
        self.at = at

    def now(self) -> Instant:
        """The test's time."""
        return self.at

    def post(self, item: Input) -> None:
        """Feed the engine."""
        step = self.engine.handle(item, self.at)
        self.offers += [effect for effect in step.effects if isinstance(effect, OfferCall)]
        for fact in step.facts:
            for sink in self.sinks:
                sink(fact)

    def snapshot(self) -> EngineSnapshot:
        """The engine's."""
        return self.engine.snapshot()

    def agents(self) -> tuple[AgentView, ...]:
        """The engine's operators."""
        return self.engine.agents()

    def live(self) -> LiveSnapshot:
        """The figures'."""
        return self.figures.snapshot(self.at)

    def telephone_of(self, agent: AgentId) -> str | None:
        """Everybody sits at his own."""
        return f"op{agent}"

    def talk_of(self, agent: AgentId) -> SpiedTalk | None:
        """No talk of a stage has channels."""
        return None

    def log_in_at(self, agent: AgentId, telephone: str, by: str, *, oust: bool) -> str:
        """Seat an operator at one of the telephones."""
        if telephone not in {t.name for t in self.config.telephones}:
            return "telephone_unknown"
        if not oust and self.seats.get(telephone, agent) != agent:
            return "telephone_taken"
        self.seats[telephone] = agent
        self.post(AgentLoggedIn(agent, by))
        return ""

    def health(self) -> Health:
        """What the test says."""
        return self.health_now

    async def upgrade(self) -> int:
        """Have a successor at once."""
        return 4711

    async def reload(self) -> list[str]:
        """Complain as the test says."""
        return self.mistakes

    def worsen(self, **changes: Any) -> None:
        """Change the health."""
        self.health_now = replace(self.health_now, **changes)

    def call(self, number: str = CALLER, name: str = "main-1.1") -> CallId:
        """A caller comes in."""
        self.post(CallArrived(CallId(name), QueueName(LINE), number, self.at))
        return CallId(name)

    def log_in(self, agent: str = "101") -> None:
        """An operator logs in."""
        self.post(AgentLoggedIn(AgentId(agent), "test"))

    def answer(self) -> None:
        """The telephone that rang last is answered."""
        self.post(OfferAnswered(self.offers[-1].rings[0].offer))


class StageCampaigns:
    """The real call lists over the stage's book; a round is looked through when the test says so."""

    def __init__(self, stage: Stage) -> None:
        book, rule = stage.callbacks, number_rule()
        path = stage.config_path.parent / "barred.json"
        self.bars = Bars(path, stage.records, rule, stage.now, book.handle)
        asked = Book(book.handle, book.snapshot, book.refusal, book.is_engaged)
        self.desk = CampaignDesk(
            lambda: stage.config, stage.now, stage.records, rule, asked, stage.engine.counts, self.bars
        )
        book.followed = self.desk.follow


class StageTransfers:
    """Nobody is handed on anywhere."""

    def __init__(self) -> None:
        self.asking: set[CallId] = set()

    def is_asking(self, call: CallId) -> bool:
        """Say what the test says."""
        return call in self.asking

    def targets(self) -> list[Target]:
        """One colleague."""
        return [Target(TransferTarget.OPERATOR, "102", "102")]

    async def transfer(self, call: CallId, to: str, by: str, *, agreed: bool) -> Target:
        """Say why not."""
        raise TransferImpossible("target_unknown", f"{call} {to} {by} {agreed}")

    async def ask(self, call: CallId, to: str, by: str, *, agreed: bool) -> Target:
        """Refuse, as there is no Asterisk."""
        raise TransferImpossible("asking_off", f"{call} {to} {by} {agreed}")

    async def join_asked(self, call: CallId) -> None:
        """Refuse, as nobody is asked."""
        raise TransferImpossible("nobody_asked", str(call))

    async def ask_no_more(self, call: CallId) -> None:
        """Refuse, as nobody is asked."""
        raise TransferImpossible("nobody_asked", str(call))


class StageBook:
    """The real book of call-backs on the stage's clock; nothing it orders is dialled."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        rule = number_rule()
        self.book = CallbackBook(callback_policies(stage.config, rule, stage.at), rule)
        self.ended: dict[RequestId, Request] = {}
        self.facts: list[CallbackFact] = []
        self.effects: list[CallbackEffect] = []
        self.followed: Callable[[Iterable[Request]], None] = lambda _: None
        self.enter(self.book.handle(CapacityChanged(QueueName(LINE), 2), stage.at))

    def enter(self, step: Step) -> None:
        """Keep what came of a step."""
        self.facts += step.facts
        self.effects += step.effects
        self.ended |= {row.request: row for row in step.changed}
        self.followed(step.changed)

    def observe(self, fact: Fact) -> None:
        """Hear the engine."""
        self.enter(self.book.observe(fact, self._stage.at))

    def snapshot(self) -> BookSnapshot:
        """The book's."""
        return self.book.snapshot()

    async def find(self, request: RequestId) -> Request | None:
        """Look it up."""
        return self.ended.get(request)

    def refusal(self, queue: QueueName, shown: str, origin: Origin = Origin.BOOKED) -> ImpossibleReason | None:
        """Ask the book."""
        return self.book.refusal(queue, shown, self._stage.at, origin)

    def is_engaged(self, number: str) -> bool:
        """Ask the book."""
        return self.book.is_engaged(number)

    def handle(self, told: CallbackInput) -> None:
        """Tell the book."""
        self.enter(self.book.handle(told, self._stage.at))

    def ask(self, asked: CallbackAsked) -> Request | None:
        """Open a request; None if it is impossible."""
        before = len(self.facts)
        self.handle(asked)
        opened = [fact.request for fact in self.facts[before:] if isinstance(fact, CallbackOwed)]
        return self.ended[opened[0]] if opened else None

    def unfinished(self, agent: AgentId, by: str, call: CallId | None = None) -> bool:
        """Report a break."""
        before = len(self.facts)
        self.handle(BreakReported(agent, by, call))
        return len(self.facts) > before

    def outcome_of_last(self, agent: AgentId, outcome: TalkOutcome, by: str) -> bool:
        """Nobody has been called back on a stage."""
        return False


class Tokens:
    """A guard that knows the tokens that the test made."""

    def __init__(self) -> None:
        self.known: dict[str, Identity] = {}

    def make(self, identity: Identity) -> str:
        """Return a token for the person."""
        token = new_token()
        self.known[token] = identity
        return token

    async def identify(self, token: str) -> Identity | None:
        """Look it up."""
        return self.known.get(token)


@asynccontextmanager
async def served(stage: Stage, guard: Guard) -> AsyncIterator[ControlServer]:
    """Serve the stage over HTTP on a port of the system's choice."""
    server = ControlServer(build_app(stage, guard), HOST, 0)
    await server.start()
    try:
        yield server
    finally:
        await server.close()


async def ask(server: ControlServer, token: str, method: str, path: str, body: dict[str, object] | None = None) -> Any:
    """Ask over a real connection, from a thread as the command line would."""
    client = ControlClient(HOST, server.port, token)
    if method == "GET":
        return await asyncio.to_thread(client.get, path)
    return await asyncio.to_thread(client.post, path, body)


def read_stream(
    host: str, port: int, token: str, last: str | None, count: int
) -> tuple[int, list[tuple[str, str, dict[str, Any]]]]:
    """Follow the stream over HTTP until so many events have come; return status and (id, kind, fields)."""
    link = http.client.HTTPConnection(host, port, timeout=30)
    headers = {"Authorization": f"Bearer {token}"} | ({"Last-Event-ID": last} if last else {})
    link.request("GET", "/v1/events", headers=headers)
    answer = link.getresponse()
    events: list[tuple[str, str, dict[str, Any]]] = []
    told: dict[str, str] = {}
    while answer.status == 200 and len(events) < count:
        line = answer.readline().decode().rstrip("\n")
        if line:
            name, _, value = line.partition(": ")
            told[name] = value
        elif "event" in told:
            events.append((told.get("id", ""), told["event"], json.loads(told["data"])))
            told = {}
    link.close()
    return answer.status, events
