"""After a connection to Asterisk is up: read what is there and bring our books into line with it.

Asterisk is the truth. Calls that we believe in and it does not have are closed with what its journal of ended calls
says; calls that it has and we do not know are taken up where they are; telephones are reachable as it says.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from math import inf
from typing import Final

import structlog

from ami_bridge import asking_found
from ami_bridge.client import AmiClient
from ami_bridge.desks import Desks, Telephone
from ami_bridge.ended import FAMILY, EndedCall, parse_tree
from ami_bridge.errors import ActionRefused
from ami_bridge.handed import OutsideVisit, outside_visits
from ami_bridge.legs import CallLeg, is_call_of
from ami_bridge.meanwhile import Look
from ami_bridge.message import AmiMessage
from ami_bridge.outgoing_legs import parse_leg
from ami_bridge.server_clock import read_clock
from ami_bridge.surveys import Taken, surveys_among
from ami_bridge.switchboard import Switchboard
from queue_engine.ids import CallId, Instant, QueueName
from queue_engine.inputs import Party, TalkEnded, TalkFound

log = structlog.get_logger(__name__)

VARIABLES: Final = (
    "ACD_CALL,ACD_LINE,ACD_ENTERED,ACD_STAGE,ACD_ANSWERED,ACD_TO,ACD_NUMBER,ACD_AGENT,ACD_QUESTIONED,ACD_HANDED,"
    + asking_found.VARIABLES
)
UP: Final = "6"
"""State of a channel that has answered or was answered."""
FETCHED_FROM: Final = frozenset({"Queue", "Wait"})
"""Where a call stands in our dialplan that has no session and opens none: the fallback, or before its next try."""
JOURNAL_READ_AT_MOST: Final = 3
"""Times at one resynchronisation: under load somebody always ends."""
GONE_STATES: Final = frozenset({"UNAVAILABLE", "INVALID", "UNKNOWN"})


EVER: Final = Instant(inf)
"""Of a list of channels that was read when nothing could begin meanwhile."""


@dataclass(frozen=True, slots=True)
class Found:
    """What resynchronisation found and does not deal with itself."""

    ended: Mapping[CallId, EndedCall]
    """The journal of ended calls."""
    in_fallback: Sequence[CallLeg]
    """Calls that wait without us, for their next try or in Asterisk's own Queue(), in the order of their entry."""
    present: Mapping[str, AmiMessage]
    """All channels, by Uniqueid."""
    outside: Sequence[OutsideVisit] = ()
    """Visits to somebody outside that are over, out of the same journal."""
    surveys: Sequence[Taken] = ()
    """Surveys that are over, out of the same journal."""
    read_at: Instant = EVER
    """When the channels were read."""


def _noted_elsewhere(present: Mapping[str, AmiMessage], bridge: str) -> str:
    """Return when the telephone in this bridge answered, by its own channel, or nothing.

    A caller whom an operator has called hangs together with that one's channel (Linkedid), which may be gone: then the
    dialplan cannot note it on the caller's.
    """
    there = (c.variables.get("ACD_ANSWERED", "") for c in present.values() if c.get("BridgeID") == bridge)
    return next(filter(None, there), "")


def _present(channels: Sequence[AmiMessage], gone: Set[str]) -> dict[str, AmiMessage]:
    return {c["Uniqueid"]: c for c in channels if c.event == "Status" and c["Uniqueid"] not in gone}


def _bridges_of(present: Mapping[str, AmiMessage], since: Look, server: str) -> dict[str, str]:
    """Return the bridge that each channel of the list is in, by Uniqueid, or an empty string.

    One that entered a bridge since the list was written was in none that we knew of, and nobody tells of it again.
    """
    one_with = asking_found.bridges_through(present, server)
    listed = {uniqueid: channel.get("BridgeID") or "" for uniqueid, channel in present.items()}
    entered = {uniqueid: bridge for uniqueid, (bridge, _) in since.entered.items() if uniqueid in present}
    return {uniqueid: one_with.get(bridge, bridge) for uniqueid, bridge in (listed | entered).items()}


class Resynchroniser:
    """Brings one server's switchboard into line with its Asterisk."""

    def __init__(
        self,
        board: Switchboard,
        desks: Desks,
        known_before: Callable[[CallId, str], bool],
    ) -> None:
        self._board = board
        self._desks = desks
        self._known_before = known_before
        self._runs = 0
        """Resynchronisations that are reading now."""

    @contextlib.contextmanager
    def _running(self) -> Iterator[None]:
        self._runs += 1
        try:
            yield
        finally:
            self._runs -= 1

    async def run(self, client: AmiClient) -> Found:
        """Read channels, device states and ended calls; return what others have to deal with.

        Raises:
            AmiError: Asterisk did not answer, or refused; the connection is then of no use.
        """
        known = self._known()
        with self._running(), self._board.meanwhile.since_now() as since:
            await read_clock(client, self._board.clock, self._board.now)
            devices = await client.action_list("DeviceStateList")
            read_at = self._board.now()
            channels = await client.action_list("Status", {"Variables": VARIABLES})
            entries = await self._ended_entries(client, since)
            ended = parse_tree(entries, self._board.clock)
        self._board.meanwhile.listed({channel.get("Uniqueid", "") for channel in channels})
        present = _present(channels, since.ended)
        # What has come since the channels were read is not among them, and is no less there.
        alive = present.keys() | (self._known() - known)
        self._close_gone_calls(alive, ended)
        self._record_those_who_died_coming(alive, ended)
        self._operators_channels(present, alive, since)
        self._board.consultations.found(asking_found.asked(present))
        in_fallback = self._take_up_calls(present, since)
        # Last, so that every call stands in its place before the first operator becomes ready.
        self._telephones(devices)
        log.info("ami.resynchronised", server=self._board.server, channels=len(present), calls=len(self._board.legs))
        clock = self._board.clock
        outside, surveys = outside_visits(entries, clock), surveys_among(entries, clock)
        return Found(ended, in_fallback, present, outside, surveys, read_at)

    def _known(self) -> set[str]:
        return self._board.uniqueids() | self._board.arrivals.uniqueids()

    async def take_up(self, client: AmiClient) -> list[CallLeg]:
        """Take up the calls that never came to us, in the order of entry; return those that stand in the fallback.

        Raises:
            AmiError: Asterisk did not answer.
        """
        if self._runs:
            return []  # a resynchronisation is under way and does the same
        with self._board.meanwhile.since_now() as since:
            await read_clock(client, self._board.clock, self._board.now)
            channels = await client.action_list("Status", {"Variables": VARIABLES})
        known = self._board.legs.uniqueids()
        new = {uniqueid: c for uniqueid, c in _present(channels, since.ended).items() if uniqueid not in known}
        return self._take_up_calls(new, since)

    def _record_those_who_died_coming(self, alive: Set[str], ended: Mapping[CallId, EndedCall]) -> None:
        """Callers whom Asterisk had taken in when it died, before they came to us: accepted, and to be called back."""
        for arrival in self._board.arrivals.vanished(alive):
            call_id, line = CallId(f"{self._board.server}-{arrival.uniqueid}"), self._board.line_of(arrival.dialled)
            if line is not None and call_id not in ended:
                call = self._board.visits.find_or_add(
                    call_id, line, arrival.caller, arrival.at, arrival.channel, arrival.uniqueid
                )
                self._board.visits.introduce(call)
                self._board.visits.lost(call, "Asterisk was restarted")

    @staticmethod
    async def _ended_entries(client: AmiClient, since: Look) -> list[AmiMessage]:
        """Return the journal, with the entries of those who have ended since the channels were read.

        It is read once more if somebody has ended while it was read, and again, within reason.
        """
        entries: list[AmiMessage] = []
        for _ in range(JOURNAL_READ_AT_MOST):
            ended = len(since.ended)
            try:
                entries = await client.action_list("DBGetTree", {"Family": FAMILY})
            except ActionRefused as refused:
                if "not found" not in str(refused):
                    raise
                entries = []  # no call has ended yet
            if len(since.ended) == ended:
                break
        return entries

    def _telephones(self, devices: list[AmiMessage]) -> None:
        for device in devices:
            technology, _, name = (device.get("Device") or "").partition("/")
            if technology == "PJSIP":
                telephone = Telephone(self._board.server, name)
                self._desks.reachability_found(telephone, reachable=device["State"] not in GONE_STATES)

    def _close_gone_calls(self, alive: Set[str], ended: Mapping[CallId, EndedCall]) -> None:
        for call in self._board.legs:
            if call.uniqueid not in alive:
                self._close(call, ended.get(call.call))
                continue
            for leg in list(call.legs):
                if leg.uniqueid and leg.uniqueid not in alive:
                    leg.hung_up_by = leg.hung_up_by or Party.SYSTEM
                    self._board.visits.operator_gone(call, leg, 0)

    def _close(self, call: CallLeg, ended: EndedCall | None) -> None:
        if ended is None:
            self._board.visits.lost(call, "Asterisk was restarted")
            return
        if ended.answered_at is not None and call.talk is None:
            self._tell_of_talk(call, ended.telephone, ended.answered_at)
        if ended.talked_s is not None and call.talk is not None:
            by = call.hung_up_by or call.talk.hung_up_by or (Party.CALLER if call.said_gone else Party.SYSTEM)
            self._board.post(TalkEnded(call.call, by, ended.cause, ended.talked_s, ended.ended_at))
        for leg in list(call.legs):
            if leg.talking:
                self._board.legs.drop(call, leg)
        self._board.visits.caller_gone(call, ended.cause, ended.ended_at)

    def _tell_of_talk(self, call: CallLeg, telephone: str, answered_at: Instant) -> None:
        """The call was answered, of which no event came, on a link that was dead before anybody knew."""
        leg = next((leg for leg in call.legs if leg.telephone == telephone), None)
        if leg is not None:
            leg.talking = True
            self._board.post(TalkFound(call.call, call.queue, leg.agent, call.caller, call.entered_at, answered_at))

    def _operators_channels(self, present: Mapping[str, AmiMessage], alive: Set[str], since: Look) -> None:
        self._board.own_calls.keep_only(alive)
        bridges = _bridges_of(present, since, self._board.server)
        for uniqueid, channel in present.items():
            linkedid = channel.get("Linkedid") or ""
            self._board.telephone_found(channel["Channel"], uniqueid, linkedid, bridges[uniqueid])

    def _entry_of(self, variables: Mapping[str, str]) -> Instant:
        """Return when a call entered, by our clock: those that entered on two sides of a step are told apart by it."""
        longest_s = self._board.longest_wait_s(QueueName(variables.get("ACD_LINE", "")))
        return self._board.clock.found(float(variables.get("ACD_ENTERED") or 0), self._board.now(), longest_s)

    def _take_up_calls(self, present: Mapping[str, AmiMessage], since: Look) -> list[CallLeg]:
        """Take up the calls that a daemon before us had; return those that stand in the fallback."""
        in_fallback: list[CallLeg] = []
        bridges = _bridges_of(present, since, self._board.server)
        entered = {uniqueid: self._entry_of(channel.variables) for uniqueid, channel in present.items()}
        for uniqueid, channel in sorted(present.items(), key=lambda item: entered[item[0]]):
            variables = channel.variables
            call_id = CallId(variables.get("ACD_CALL", ""))
            if not is_call_of(call_id, self._board.server, uniqueid) or variables.get("ACD_TO"):
                continue
            if parse_leg(uniqueid) is not None and channel.get("ChannelState") != UP:
                continue  # somebody who is called back and has not answered yet
            call = self._board.legs.call(call_id) or self._board.visits.find_or_add(
                call_id,
                QueueName(variables.get("ACD_LINE", "")),
                channel.get("CallerIDNum") or "",
                entered[uniqueid],
                channel["Channel"],
                uniqueid,
            )
            call.known_before = self._known_before(call_id, variables.get("ACD_STAGE", ""))
            self._board.visits.was_handed(call, variables.get("ACD_HANDED", ""))
            bridge = bridges[uniqueid]
            if bridge:
                answered = variables.get("ACD_ANSWERED") or _noted_elsewhere(present, bridge)
                _, seen_at = since.entered.get(uniqueid, (bridge, None))
                at = self._board.clock.ours(int(answered) / 1000) if answered else seen_at
                self._board.talks.caller_found(call, bridge, at)
                self._board.talks.operator_found(call, asking_found.operator_of(channel, present), at)
                if call.talk is not None:
                    self._board.mark_found(call.talk.agent, variables.get("ACD_QUESTIONED", ""))
                continue
            application = channel.get("Application")
            if application in FETCHED_FROM:
                in_fallback.append(call)
            if application != "Dial" and not call.introduced:
                # It will open a session within a second; its place in the line is its own at once.
                self._board.visits.introduce(call)
        return in_fallback
