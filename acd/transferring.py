"""Callers handed on to operators, to lines, and outside: what is asked, what becomes of it, what is recorded.

However a caller was handed on (REFER of a telephone, a key, the API), his channel comes to the dialplan, which begins a
new visit. From there all is one way: an operator's visit waits for that operator and then for the one who handed him on
(`queue_engine.turns`); a line's is a call of that line; a visit outside is Asterisk's alone and is told at its end. The
facts are made where the visit begins (or, outside, ends), so a transfer while the daemon was away is recorded too.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from acd.asking import Asking, is_asking
from acd.server import AsteriskServer
from acd.transfer_targets import Target, targets_in
from ami_bridge.attended import OPERATORS_CONTEXT, AttendedTransfers
from ami_bridge.desks import Telephone
from ami_bridge.errors import BridgeError
from ami_bridge.handed import BACK, Handed, OutsideVisit, first_visit, visit_after, visit_before
from ami_bridge.legs import CallLeg, OperatorLeg
from ami_bridge.message import AmiMessage
from config.lines import OutsideNumber
from config.model import Config
from metrics.facts import (
    CallTransferred,
    Consent,
    OutsideResult,
    OutsideTransferEnded,
    TalkFact,
    TransferRefused,
    TransferTarget,
    TransferWay,
)
from metrics.records.transfers import ended_transfers
from queue_engine.floor import AWAY
from queue_engine.ids import AgentId, CallId, Instant, QueueName
from queue_engine.inputs import SYSTEM_ACTOR, Turn
from queue_engine.snapshot import AgentView

log = structlog.get_logger(__name__)


class TransferImpossible(Exception):
    """A caller cannot be handed on so; the talk goes on."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class Transferring:
    """The transfers of one running centre."""

    def __init__(
        self,
        config: Callable[[], Config],
        servers: Mapping[str, AsteriskServer],
        records: AsyncEngine,
        agent_of: Callable[[Telephone], AgentId],
        agents: Callable[[], tuple[AgentView, ...]],
        now: Callable[[], Instant],
        tell: Callable[[TalkFact], None],
        settled: Callable[[], Awaitable[bool]],
    ) -> None:
        self._config = config
        self._servers = servers
        self._records = records
        self._agent_of = agent_of
        self._agents = agents
        self._now = now
        self._tell = tell
        self._settled = settled
        self._asked: dict[CallId, str] = {}
        """Who asked through the API for a transfer that is on its way, by the visit that it ends."""
        self._agreed: dict[CallId, str] = {}
        """To which destination a caller agrees to be handed on, about whom somebody outside is asked first."""
        self.asking = Asking()

    def join(self, server: AsteriskServer) -> None:
        """Be told by a server of callers who were handed on."""
        server.board.visits.handed = self._handed
        attended = AttendedTransfers(
            server.board,
            server.set_variables,
            server.redirect,
            partial(self._joined, server),
            partial(self._joined_outside, server),
            self._has_to_be_asked,
        )
        server.board.attended = attended.on_event
        self.asking.join(server)
        server.board.outside_ended = lambda visit: self._outside_ended(server.name, visit)

    # -- what is asked ---------------------------------------------------------------------------------------------

    def targets(self) -> list[Target]:
        """Return every place where callers can be handed on to."""
        return targets_in(self._config())

    async def transfer(self, call: CallId, to: str, by: str, *, agreed: bool) -> Target:
        """Hand the caller of a talk on.

        Args:
            call: The talk.
            to: An operator's number, the name of a line or of a destination.
            by: Who asks.
            agreed: The operator says that the caller agrees to be handed on to somebody outside.

        Raises:
            TransferImpossible: No such talk or target, the caller has not agreed, or Asterisk refuses.
        """
        server, leg, talking = self._talk(call)
        try:
            target = self._checked(to, agreed=agreed)
            if target.consent and agreed:
                mark = {"Channel": leg.channel, "Variable": "ACD_CONSENT", "Value": target.name}
                await server.client.action("Setvar", mark)
            self._asked[call] = by
            where = {"Channel": talking, "Context": OPERATORS_CONTEXT, "Exten": target.dial}
            await server.client.action("BlindTransfer", where)
        except BridgeError as error:
            self._refused(leg, to, str(error), by)
            raise TransferImpossible("not_transferred", str(error)) from error
        except TransferImpossible as refusal:
            self._refused(leg, to, refusal.code, by)
            raise
        return target

    async def ask(self, call: CallId, to: str, by: str, *, agreed: bool) -> Target:
        """Let the operator of a talk ask somebody first: the caller hears music, and a colleague or a number is rung.

        Asking a line, the operator waits in it like a caller, and gets its next free operator.

        Args:
            call: The talk.
            to: An operator's number, the name of a line or of a destination.
            by: Who asks.
            agreed: The operator says that the caller agrees to be handed on to somebody outside.

        Raises:
            TransferImpossible: No such talk or target, the caller has not agreed, or Asterisk refuses.
        """
        server, leg, talking = self._talk(call)
        if not self._config().in_talk.ask:
            raise TransferImpossible("asking_off", "nobody can be asked in a talk: in_talk.ask is not set")
        if is_asking(leg) or self.asking.is_beginning(leg):
            raise TransferImpossible("asking_already", f"somebody is being asked in the talk {call}")
        try:
            target = _agreed(self._checked(to, agreed=agreed), agreed=agreed)
            if target.consent:
                self._agreed[call] = target.name
                # For the channel that dials, which inherits it, and for the caller's own should it come to that.
                for channel, variable in ((talking, "__ACD_CONSENT"), (leg.channel, "ACD_CONSENT")):
                    mark = {"Channel": channel, "Variable": variable, "Value": target.name}
                    await server.client.action("Setvar", mark)
            self._asked[call] = by
            await self._send(server, leg, talking, target)
        except BridgeError as error:
            self._refused(leg, to, str(error), by)
            raise TransferImpossible("not_transferred", str(error)) from error
        except TransferImpossible as refusal:
            self._refused(leg, to, refusal.code, by)
            raise
        return target

    async def _send(self, server: AsteriskServer, leg: CallLeg, talking: str, target: Target) -> None:
        if not await self.asking.begin(server, leg, talking, target.dial):
            raise TransferImpossible("not_transferred", f"Asterisk has not taken the operator to {target.name}")

    async def join_asked(self, call: CallId) -> None:
        """Join the caller to whoever is asked: the operator's part is over.

        Raises:
            TransferImpossible: Nobody is being asked, or Asterisk refuses.
        """
        await self._while_asking(call, "Hangup", {"Cause": "16"})

    async def ask_no_more(self, call: CallId) -> None:
        """Bring the operator back to his caller; whoever is asked is hung up.

        Raises:
            TransferImpossible: Nobody is being asked, or Asterisk refuses.
        """
        await self._while_asking(call, "CancelAtxfer", {})
        self._asked.pop(call, None)

    def is_asking(self, call: CallId) -> bool:
        """Tell whether the operator of a talk is with somebody whom he asks, and his caller hears music."""
        talks = (server.board.talk_of(call) for server in self._servers.values())
        return any(talk is not None and is_asking(talk[0]) for talk in talks)

    async def _while_asking(self, call: CallId, action: str, headers: Mapping[str, str]) -> None:
        server, leg, talking = self._talk(call)
        if not is_asking(leg):
            raise TransferImpossible("nobody_asked", f"nobody is being asked in the talk {call}")
        try:
            await server.client.action(action, {"Channel": talking, **headers})
        except BridgeError as error:
            raise TransferImpossible("not_transferred", str(error)) from error

    def _talk(self, call: CallId) -> tuple[AsteriskServer, CallLeg, str]:
        """Return where a call talks, and the operator's channel."""
        for server in self._servers.values():
            talk = server.board.talk_of(call)
            if talk is not None:
                return server, talk[0], talk[1].channel
        raise TransferImpossible("call_unknown", f"no talk {call} that could be handed on")

    def _checked(self, to: str, *, agreed: bool) -> Target:
        target = next((each for each in self.targets() if each.name == to), None)
        if target is None:
            raise TransferImpossible("target_unknown", f"callers cannot be handed on to {to}")
        if target.consent and not agreed and not target.asks:
            raise TransferImpossible("consent_needed", "the caller has to be asked first")
        if target.kind is TransferTarget.OPERATOR:
            states = {view.agent: view.state for view in self._agents()}
            if states.get(AgentId(to)) in AWAY:
                raise TransferImpossible("agent_absent", f"operator {to} takes no calls now")
        return target

    def _refused(self, leg: CallLeg, to: str, reason: str, by: str) -> None:
        self._asked.pop(leg.call, None)
        agent = leg.talk.agent if leg.talk is not None else AgentId("")
        self._tell(TransferRefused(self._now(), leg.call, agent, to, reason, by))

    # -- what becomes of it ----------------------------------------------------------------------------------------

    def _handed(self, call: CallLeg, handed: Handed) -> None:
        """A caller who was handed on has come to a line: whom he waits for first, and the fact."""
        settings = self._config().transfer
        agent = self._agent_of(Telephone(call.server, handed.telephone)) if handed.telephone else AgentId("")
        back = (Turn(agent, settings.return_s, "returned", at_once=True),) if agent else ()
        if handed.to == BACK:
            kind, target = TransferTarget.RETURN, str(agent)
            call.turns, call.priority = back, settings.priority
        elif handed.to:
            kind, target = TransferTarget.OPERATOR, handed.to
            call.turns = (Turn(AgentId(handed.to), settings.wait_s, "transferred"), *back)
            call.priority = settings.priority
        else:
            kind, target = TransferTarget.LINE, call.queue
        if call.known_before:
            return  # a daemon before us has told it
        before = handed.before or visit_before(call.call, first_visit(call.server, call.uniqueid))
        by = SYSTEM_ACTOR if kind is TransferTarget.RETURN else self._asked.pop(before, str(agent))
        at = call.entered_at
        self._tell(CallTransferred(at, before, handed.queue, agent, TransferWay.BLIND, kind, target, call.call, by))

    def _joined(
        self,
        server: AsteriskServer,
        before: CallId,
        queue: QueueName,
        agent: AgentId,
        call: CallLeg,
        to: AgentId | None,
    ) -> None:
        """An operator has joined the caller to a colleague whom he had asked, or put him into his place in a line."""
        kind = TransferTarget.LINE if to is None else TransferTarget.OPERATOR
        target, way, by = to or call.queue, TransferWay.ATTENDED, self._asked.pop(before, agent)
        self._agreed.pop(before, None)
        self._tell(CallTransferred(self._now(), before, queue, agent, way, kind, target, call.call, by))
        if call.talk is not None and self._is_recorded(call.queue):
            server.record_part(call.talk.channel, call.queue, call.call)

    def _joined_outside(
        self, server: AsteriskServer, call: CallLeg, leg: OperatorLeg, dialled: str, channel: str
    ) -> bool:
        """An operator has joined the caller to somebody outside: a visit begins, whose end the dialplan tells.

        What it is stands on the caller's channel, so that it is told whatever becomes of us.
        """
        destination = self._outside(dialled)
        if destination is None or not channel:
            return False
        visit = visit_after(call.call, first_visit(call.server, call.uniqueid))
        at = server.board.clock.theirs(self._now())
        server.set_variables(
            call.channel,
            {
                "ACD_CALL": visit,
                "ACD_BEFORE": call.call,
                "ACD_VISIT": visit.rpartition("-")[2],
                "ACD_ENTERED": f"{at:.3f}",
                "ACD_ANSWERED": f"{at * 1000:.0f}",
                "ACD_STAGE": "outside",
                "ACD_THERE": destination.name,
                "ACD_FROM": f"PJSIP/{leg.telephone}",
                "ACD_AGREED": Consent.OPERATOR.value if destination.consent else "",
                "ACD_CONSENT": "",
                "ACD_WAY": TransferWay.ATTENDED.value,
                "DIALSTATUS": "ANSWER",
                "CHANNEL(hangup_handler_wipe)": "acd-outside-ended,s,1",
            },
        )
        self._agreed.pop(call.call, None)
        if self._is_recorded(call.queue):
            server.record_part(channel, call.queue, visit)
        return True

    def _has_to_be_asked(self, call: CallId, dialled: str) -> bool:
        destination = self._outside(dialled)
        return destination is not None and destination.consent and self._agreed.get(call) != destination.name

    def _outside(self, dialled: str) -> OutsideNumber | None:
        numbers = (each for each in self._config().destinations if isinstance(each, OutsideNumber))
        return next((each for each in numbers if dialled and each.dial_as == dialled), None)

    def _is_recorded(self, queue: QueueName) -> bool:
        return any(line.name == queue and line.recording is not None for line in self._config().lines)

    def _outside_ended(self, server: str, visit: OutsideVisit) -> None:
        """A caller's visit outside is over: both facts at once, as nobody of us was in it."""
        agent = self._agent_of(Telephone(server, visit.telephone)) if visit.telephone else AgentId("")
        first, _, _ = visit.call.rpartition("-")
        before = visit.before or visit_before(visit.call, first)
        answered_at = visit.answered_at if visit.status == "ANSWER" else None
        self._tell(
            CallTransferred(
                visit.entered_at,
                before,
                visit.queue,
                agent,
                TransferWay.ATTENDED if visit.attended else TransferWay.BLIND,
                TransferTarget.DESTINATION,
                visit.destination,
                visit.call,
                self._asked.pop(before, str(agent)),
                Consent(visit.agreed) if visit.agreed in set(Consent) else Consent.NOT_NEEDED,
            )
        )
        until = visit.ended_at if answered_at is None else answered_at
        self._tell(
            OutsideTransferEnded(
                visit.ended_at,
                visit.call,
                _result(visit),
                max(0.0, until - visit.entered_at),
                0.0 if answered_at is None else max(0.0, visit.ended_at - answered_at),
            )
        )

    def resynchronised(self, present: Mapping[str, AmiMessage]) -> None:
        """Learn from a server's channels who agrees to be handed on: he was asked by a daemon before us."""
        for channel in present.values():
            agreed = channel.variables.get("ACD_CONSENT")
            if agreed:
                self._agreed.setdefault(CallId(channel.variables.get("ACD_CALL", "")), agreed)

    async def recover(self, server: AsteriskServer, visits: tuple[OutsideVisit, ...]) -> None:
        """Record the visits outside that ended while we were away."""
        if not visits:
            return
        try:
            await self._settled()
            recorded = await ended_transfers(self._records, [visit.call for visit in visits])
        except (SQLAlchemyError, OSError) as error:
            log.error("transfers.not_recovered", server=server.name, reason=str(error).partition("\n")[0])
            return
        for visit in visits:
            if visit.call not in recorded:
                self._outside_ended(server.name, visit)


def _agreed(target: Target, *, agreed: bool) -> Target:
    """Return a target that can be asked before the caller is joined to it: he cannot be asked for a key any more.

    Raises:
        TransferImpossible: The caller has not agreed.
    """
    if target.consent and not agreed:
        raise TransferImpossible("consent_needed", "the caller has to be asked first")
    return target


def _result(visit: OutsideVisit) -> OutsideResult:
    if visit.agreed == Consent.REFUSED:
        return OutsideResult.NO_CONSENT
    if visit.status == "ANSWER":
        return OutsideResult.ANSWERED
    if visit.status in {"", "CANCEL"}:
        return OutsideResult.CALLER_LEFT
    return OutsideResult.NOT_ANSWERED
