"""The running centre as the desk sees it, and what the operator who looks at a page is doing in it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import structlog

from acd.campaigns.model import Campaign, Contact
from acd.campaigns.round import AWAY
from acd.control.callbacks import CallbackDesk
from acd.control.centre import TransferDesk
from acd.control.recordings import RecordingDesk
from acd.journal.roles import Person
from acd.messages.desk import MessageDesk
from acd.recordings.outside import Outside
from config.model import Config
from metrics.live import LiveAgent, LiveCall, LiveSnapshot
from queue_engine.facts import AgentState
from queue_engine.ids import AgentId, Instant
from queue_engine.inputs import Input

if TYPE_CHECKING:
    from acd.campaigns.joined import Campaigning

log = structlog.get_logger(__name__)


class Floor(Protocol):
    """The running centre as the desk sees it: `acd.control.centre.Centre` is one."""

    def now(self) -> Instant:
        """The engine's instant."""
        ...

    def live(self) -> LiveSnapshot:
        """Return the figures of this moment and of today."""
        ...

    def post(self, item: Input) -> None:
        """Hand an input to the engine."""
        ...

    @property
    def callbacks(self) -> CallbackDesk:
        """Who is owed a call-back."""
        ...

    def log_in_at(self, agent: AgentId, telephone: str, by: str, *, oust: bool) -> str:
        """Log an operator in at a telephone; return why not, or an empty text."""
        ...

    @property
    def transfers(self) -> TransferDesk:
        """Those who hand callers on."""
        ...

    @property
    def campaigning(self) -> "Campaigning":
        """Call lists and the do-not-call list."""
        ...

    @property
    def recording_desk(self) -> RecordingDesk | None:
        """Recorded talks; None where the site records none."""
        ...

    @property
    def messages(self) -> MessageDesk:
        """Voice messages that callers have left."""
        ...

    @property
    def config(self) -> Config:
        """The configuration in force."""
        ...


@dataclass(frozen=True, slots=True)
class Listed:
    """A contact of a call list, with the list."""

    contact: Contact
    campaign: Campaign


@dataclass(frozen=True, slots=True)
class Standing:
    """What the operator who looks at a page is doing."""

    agent: LiveAgent
    call: LiveCall | None
    """The call that rings or is talked to: he is shown the number of his own alone."""
    listed: Listed | None = None
    """Whom of a call list he talks to, or has just talked to."""
    asking: bool = False
    """He is with somebody whom he asks, and his caller hears music."""
    paused: bool | None = None
    """Whether the recording of his talk holds silence now; None where it cannot be paused."""
    outside: tuple[Outside, ...] = ()
    """What he talks outside himself, where its recording can be paused."""

    @property
    def talks(self) -> bool:
        """Whether he has a caller."""
        return self.call is not None and self.agent.state is AgentState.TALKING


async def standing(floor: Floor, person: Person) -> Standing | None:
    """Return what the operator of this person is doing; None for somebody without a telephone."""
    if person.agent is None:
        return None
    live, number = floor.live(), AgentId(person.agent)
    nobody = LiveAgent(number, AgentState.LOGGED_OUT, floor.now())
    agent = next((one for one in live.agents if one.agent == number), nobody)
    call = next((one for one in (*live.talking, *live.waiting) if one.call == agent.call), None)
    listed = await present_contact(floor, number)
    if call is None or agent.state is not AgentState.TALKING:
        calls_himself = agent.state is AgentState.BUSY_ELSEWHERE
        return Standing(agent, call, listed, outside=await outside_talks(floor, number) if calls_himself else ())
    paused = await _paused(floor, call)
    return Standing(agent, call, listed, floor.transfers.is_asking(call.call), paused)


async def present_contact(floor: Floor, agent: AgentId) -> Listed | None:
    """Return whom of a call list an operator talks to, or has just talked to; None also with the records away."""
    lists = floor.campaigning.desk
    number = lists.present(agent)
    if number is None:
        return None
    try:
        contact = await lists.store.contact(number)
        campaign = None if contact is None else await lists.list_of(contact)
    except AWAY as fault:  # the page is shown all the same
        log.warning("desk.lists_away", reason=type(fault).__name__)
        return None
    return None if contact is None or campaign is None else Listed(contact._replace(agent=agent), campaign)


async def outside_talks(floor: Floor, agent: AgentId) -> tuple[Outside, ...]:
    """Return the talks outside that an operator called or handed a caller on to, and whose recording may be paused."""
    desk = floor.recording_desk
    if desk is None:
        return ()
    found = [each for each in await desk.outside() if desk.agent_at(each.by) == agent and desk.may_pause(each.line)]
    return tuple(sorted(found, key=lambda each: each.began_at))


async def _paused(floor: Floor, call: LiveCall) -> bool | None:
    desk = floor.recording_desk
    return await desk.is_paused(call.call) if desk is not None and desk.may_pause(call.queue) else None


def telephones_for(config: Config, person: Person | None) -> list[tuple[str, bool]]:
    """Return the telephones where this operator can sit, and which is his own; none where he has no choice."""
    operator = next((one for one in config.operators if person is not None and one.number == person.agent), None)
    if operator is None:
        return []
    names = [(telephone.name, telephone.name == operator.own_telephone) for telephone in config.telephones]
    return names if operator.own_telephone is None or len(names) > 1 else []


def targets_of(floor: Floor, person: Person | None) -> list[tuple[str, str, bool]]:
    """Return where this operator can hand his caller on to: its name, what people call it, whether consent is asked."""
    titles = {operator.number: operator.title for operator in floor.config.operators}
    titles |= {line.name: line.title or line.name for line in floor.config.lines}
    own = person.agent if person is not None else None
    return [
        (target.name, titles.get(target.name, target.name), target.consent)
        for target in floor.transfers.targets()
        if target.name != own
    ]


def pause_title(config: Config, name: str) -> str:
    """Return what people call a reason to pause."""
    return next((one.title or one.name for one in config.pause_reasons if one.name == name), name)


def title_of_line(config: Config, line: str) -> str:
    """Return what people call a line of the telephone."""
    return next((one.title or one.name for one in config.lines if one.name == line), line)
