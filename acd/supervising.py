"""Supervisors on the telephone: who may come into which talk, and the trail of it.

A supervisor's telephone is one of `[[supervisor]]`. It may dial the codes, and it is rung when somebody with the role
of a supervisor asks for it through the API. Every use, and every try that was refused, is in the audit trail, with its
beginning and its end. An operator is not told who listens or whispers: that is in no fact and no event. A caller who is
taken over is one: the operator knows it, and the records say what became of his talk.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from acd.control.access import Identity, Role
from acd.control.store.trail import DONE, Trail
from acd.pins import Pins
from ami_bridge.client import AmiClient
from ami_bridge.desks import Telephone
from ami_bridge.errors import SupervisionRefused
from ami_bridge.message import AmiMessage
from ami_bridge.supervision import Mode, SpiedTalk, Supervision, Watch
from ami_bridge.switchboard import Switchboard
from config.model import Config
from config.people import Supervisor
from metrics.facts import CallTakenOver, TakeoverEnded, TalkFact
from queue_engine.ids import AgentId, Instant
from queue_engine.inputs import AgentLoggedOut, AgentPaused, AgentResumed, Input

PAUSE_REASON: Final = "supervisor"
"""Reason of a pause that a supervisor dials."""


class Supervising:
    """Joins the supervisors of the configuration to the talks. Implements `SupervisorDesk` for those who dial."""

    def __init__(
        self,
        config: Callable[[], Config],
        boards: Mapping[str, Switchboard],
        client: Callable[[str], AmiClient],
        called_out: Callable[[AgentId], SpiedTalk | None],
        post: Callable[[Input], None],
        now: Callable[[], Instant],
        trail: Trail,
        tell: Callable[[TalkFact], None],
    ) -> None:
        self._config = config
        self._post = post
        self._now = now
        self._trail = trail
        self._tell = tell
        self._pins = Pins(now)
        self._supervision = Supervision(boards, client, now, self._ended, called_out, self._taken)
        self._noting: set[asyncio.Task[None]] = set()

    def on_event(self, message: AmiMessage) -> None:
        """Take in one event of a server."""
        self._supervision.on_event(message)

    def resynchronise(self, server: str, present: Mapping[str, AmiMessage]) -> None:
        """After a break of the link: who has hung up meanwhile is in no talk any more."""
        self._supervision.resynchronise(server, present)

    def watches(self) -> Sequence[Watch]:
        """Return who is in which talk."""
        return self._supervision.watches()

    # -- by API ----------------------------------------------------------------------------------------------------

    async def supervise(self, mode: Mode, agent: AgentId, telephone: str | None, by: str) -> Watch:
        """Ring a supervisor's telephone and put it into the operator's talk; who asked is noted by the API.

        Args:
            mode: What to do there.
            agent: Whose talk.
            telephone: Its name; None for that of the supervisor who is called like the asker, or the only one.
            by: Who asks.

        Raises:
            SupervisionRefused: Not now, or not that telephone.
        """
        return await self._supervision.begin(mode, agent, self._place(self._chosen(telephone, by)), by)

    def leave(self, telephone: str) -> bool:
        """Hang a supervisor up; return whether he was in a talk."""
        supervisor = next((s for s in self._config().supervisors if s.telephone == telephone), None)
        return supervisor is not None and self._supervision.end(self._place(supervisor))

    def _chosen(self, telephone: str | None, by: str) -> Supervisor:
        all_of_them = self._config().supervisors
        if telephone is not None:
            chosen = [s for s in all_of_them if s.telephone == telephone]
        else:
            chosen = [s for s in all_of_them if s.name == by] or list(all_of_them)
        if len(chosen) == 1:
            return chosen[0]
        told = "which supervisor's telephone?" if chosen else "that is no supervisor's telephone"
        raise SupervisionRefused("telephone_unknown", told)

    def _place(self, supervisor: Supervisor) -> Telephone:
        config = self._config()
        own = next(t for t in config.telephones if t.name == supervisor.telephone)
        return Telephone(own.server or config.servers[0].name, own.name)

    # -- by dialling (ami_bridge.supervisor_codes.SupervisorDesk) --------------------------------------------------

    def is_supervisors(self, telephone: Telephone) -> bool:
        """Tell whether this is a supervisor's telephone."""
        return self._at(telephone) is not None

    def needs_pin(self, telephone: Telephone) -> bool:
        """Tell whether its supervisor has a PIN."""
        supervisor = self._at(telephone)
        return supervisor is None or supervisor.pin is not None

    async def pin_is_right(self, telephone: Telephone, pin: str) -> bool:
        """Tell whether this is the PIN; too many wrong ones lock it for a while."""
        supervisor = self._at(telephone)
        return await self._pins.right(telephone.name, supervisor.pin if supervisor else None, pin)

    async def refused(self, telephone: Telephone, action: str, agent: AgentId, code: str) -> None:
        """Note in the trail what was dialled in vain."""
        await self._note(telephone, action, f"agent {agent}", outcome=code)

    async def dialled(self, telephone: Telephone, mode: Mode, agent: AgentId, channel: str, uniqueid: str) -> str:
        """Let whoever dialled into the operator's talk; return the channel to listen to.

        Raises:
            SupervisionRefused: Not now.
        """
        by = self._name_at(telephone)
        watch, spied = self._supervision.dialled(mode, agent, telephone, by, channel, uniqueid)
        if mode is Mode.TAKE:
            self._supervision.take_now(watch)
        await self._note(telephone, mode, f"agent {agent} call {watch.call}")
        return spied

    async def force(self, telephone: Telephone, deed: str, agent: AgentId) -> None:
        """Log an operator out, pause him, end his pause.

        Raises:
            SupervisionRefused: There is no such operator.
        """
        if not any(operator.number == agent for operator in self._config().operators):
            raise SupervisionRefused("agent_unknown", f"no operator {agent}")
        by = self._name_at(telephone)
        happened: Input
        match deed:
            case "logout":
                happened = AgentLoggedOut(agent, by)
            case "pause":
                happened = AgentPaused(agent, PAUSE_REASON, by)
            case _:
                happened = AgentResumed(agent, by)
        self._post(happened)
        await self._note(telephone, deed, f"agent {agent}")

    def _at(self, telephone: Telephone) -> Supervisor | None:
        return next((s for s in self._config().supervisors if self._place(s) == telephone), None)

    def _name_at(self, telephone: Telephone) -> str:
        supervisor = self._at(telephone)
        return supervisor.name if supervisor is not None else telephone.name

    # -- the trail -------------------------------------------------------------------------------------------------

    def _taken(self, watch: Watch) -> None:
        """Record that a caller was taken over; that somebody listens or whispers stands in the trail alone."""
        taken = CallTakenOver(self._now(), watch.call, watch.queue, watch.agent, watch.telephone.name, watch.by)
        self._tell(taken)

    def _ended(self, watch: Watch) -> None:
        if watch.taken_at is not None:
            self._tell(TakeoverEnded(self._now(), watch.call, self._now() - watch.taken_at, watch.by))
        told = f"agent {watch.agent} call {watch.call}"
        lasted = f"{self._now() - watch.began_at:.0f} s"
        who = Identity(watch.by, Role.SUPERVISOR)
        note = self._trail.acted(
            who,
            f"telephone {watch.telephone.name}",
            f"{watch.mode} ended",
            told,
            self._now(),
            detail=lasted,
            outcome=watch.ended_as or DONE,
        )
        task = asyncio.get_running_loop().create_task(note, name="supervision-note")
        self._noting.add(task)
        task.add_done_callback(self._noting.discard)

    async def _note(self, telephone: Telephone, action: str, object_: str, outcome: str = DONE) -> None:
        who = Identity(self._name_at(telephone), Role.SUPERVISOR)
        await self._trail.acted(who, f"telephone {telephone.name}", action, object_, self._now(), outcome=outcome)
