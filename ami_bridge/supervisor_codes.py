"""What a supervisor does by dialling a code and an operator's number: come into his talk, or force his state.

Only the conversation with the telephone is here; who may and what it leads to is asked of a `SupervisorDesk`. Where the
supervisor is to listen, the dialplan goes on with ChanSpy by itself when this session has ended.
"""

from collections.abc import Callable
from typing import Final, Protocol

import structlog

from ami_bridge.agi_server import AgiSession
from ami_bridge.desks import Telephone
from ami_bridge.dial_codes import PIN_AFTER, PIN_TRIES, SOUND_ASK_NUMBER, SOUND_ASK_PIN, SOUND_DONE, SOUND_REFUSED, ask
from ami_bridge.errors import AgiError, SupervisionRefused
from ami_bridge.supervision import Mode
from queue_engine.ids import AgentId

log = structlog.get_logger(__name__)

FORCES: Final = {"force_logout": "logout", "force_pause": "pause", "force_resume": "resume"}
"""Codes that change an operator's state, and what they do."""


class SupervisorDesk(Protocol):
    """Who the supervisors are, and what they may lead to."""

    def is_supervisors(self, telephone: Telephone) -> bool:
        """Tell whether this is a supervisor's telephone."""

    def needs_pin(self, telephone: Telephone) -> bool:
        """Tell whether its supervisor has a PIN."""

    async def pin_is_right(self, telephone: Telephone, pin: str) -> bool:
        """Tell whether this is the PIN; too many wrong ones lock it for a while."""

    async def refused(self, telephone: Telephone, action: str, agent: AgentId, code: str) -> None:
        """Note in the trail what was dialled in vain."""

    async def dialled(self, telephone: Telephone, mode: Mode, agent: AgentId, channel: str, uniqueid: str) -> str:
        """Let whoever dialled into the operator's talk; return the channel to listen to.

        Raises:
            SupervisionRefused: Not now.
        """

    async def force(self, telephone: Telephone, deed: str, agent: AgentId) -> None:
        """Log an operator out, pause him, end his pause.

        Raises:
            SupervisionRefused: There is no such operator.
        """


class SupervisorCodes:
    """The handler of `agi://HOST:PORT/supervisor`."""

    def __init__(self, server_of: Callable[[AgiSession], str], desk: SupervisorDesk) -> None:
        self._server_of = server_of
        self._desk = desk

    async def serve(self, agi: AgiSession) -> None:
        """Do what was dialled; say how it went, unless the supervisor is about to hear the talk."""
        action, name, digits = (*agi.args, "", "", "")[:3]
        telephone = Telephone(self._server_of(agi), name)
        try:
            spoken = await self._do(agi, action, telephone, digits)
            if spoken:
                await agi.command("STREAM FILE", spoken, "")
        except AgiError as gone:
            log.info("code.broken_off", action=action, telephone=name, error=str(gone))

    async def _do(self, agi: AgiSession, action: str, telephone: Telephone, digits: str) -> str:
        number, _, pin = digits.partition(PIN_AFTER)
        if not self._desk.is_supervisors(telephone):
            await self._desk.refused(telephone, action, AgentId(number), "not_allowed")
            return SOUND_REFUSED
        agent = AgentId(number or await ask(agi, SOUND_ASK_NUMBER))
        if not await self._knows_pin(agi, telephone, pin):
            await self._desk.refused(telephone, action, agent, "pin_wrong")
            return SOUND_REFUSED
        try:
            if action in FORCES:
                await self._desk.force(telephone, FORCES[action], agent)
                return SOUND_DONE
            mode = Mode(action)
            spied = await self._desk.dialled(telephone, mode, agent, agi.channel, agi.unique_id)
        except SupervisionRefused as refused:
            await self._desk.refused(telephone, action, agent, refused.code)
            return SOUND_REFUSED
        await agi.command("SET VARIABLE", "ACD_SPIED", spied)
        await agi.command("SET VARIABLE", "ACD_SPY", Mode.LISTEN if mode is Mode.TAKE else mode)
        return ""

    async def _knows_pin(self, agi: AgiSession, telephone: Telephone, dialled: str) -> bool:
        if not self._desk.needs_pin(telephone):
            return True
        for _ in range(PIN_TRIES):
            if await self._desk.pin_is_right(telephone, dialled or await ask(agi, SOUND_ASK_PIN)):
                return True
            dialled = ""
        return False
