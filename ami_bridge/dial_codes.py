"""What an operator does by dialling a code: log in, log out, pause, resume, end wrap-up; each with a spoken answer.

Only the conversation with the telephone is here. Who may log in where, and what a digit after the pause code means, is
asked of a `Staff`. Number and PIN may be dialled along with the code for logging in (`*10101*1234`) or are asked for.
What stands after the code is never logged: it may hold a PIN.
"""

from collections.abc import Callable
from typing import Final, Protocol

import structlog

from ami_bridge.agi_server import AgiSession
from ami_bridge.desks import Desks, Telephone
from ami_bridge.errors import AgiError, AgiHungUp
from ami_bridge.message_codes import Messages, MessageSounds, listen
from callback.kinds import TalkOutcome
from queue_engine.ids import AgentId
from queue_engine.inputs import AgentPaused, AgentResumed, Input, WrapUpEnded

log = structlog.get_logger(__name__)

PIN_TRIES: Final = 3
PIN_DIGITS: Final = 12
PIN_AFTER: Final = "*"
"""Between a number and a PIN that are dialled along with the code."""
DIGIT_TIMEOUT_MS: Final = 5000

# Names of Asterisk's core sounds; each may be replaced by a file of the site's own.
SOUND_LOGGED_IN: Final = "agent-loginok"
SOUND_LOGGED_OUT: Final = "agent-loggedoff"
SOUND_ASK_NUMBER: Final = "agent-user"
SOUND_ASK_PIN: Final = "agent-pass"
SOUND_WRONG: Final = "agent-incorrect"
SOUND_DONE: Final = "auth-thankyou"
SOUND_REFUSED: Final = "pbx-invalid"


class Staff(Protocol):
    """Who the operators are."""

    def owner_of(self, telephone: Telephone) -> AgentId | None:
        """Return the operator whose own telephone this is."""

    def exists(self, agent: AgentId) -> bool:
        """Tell whether there is such an operator."""

    async def pin_is_right(self, agent: AgentId, pin: str) -> bool:
        """Tell whether this is the operator's PIN; too many wrong ones lock the number for a while."""

    def needs_pin(self, agent: AgentId, telephone: Telephone) -> bool:
        """Tell whether this operator has to give the PIN at this telephone."""

    def pause_reason(self, digits: str) -> tuple[str, float | None] | None:
        """Return the reason that these digits stand for, with its time limit in seconds; None if there is none."""


class CallbackWords(Protocol):
    """What an operator says of his last talk to the book of call-backs."""

    def unfinished(self, agent: AgentId, by: str) -> bool:
        """The caller's side ended it too early; return whether he is called back."""

    def outcome_of_last(self, agent: AgentId, outcome: TalkOutcome, by: str) -> bool:
        """What the call-back that he talks in, or has just talked in, has reached; return whether there was one."""


class DialCodes:
    """The handler of `agi://HOST:PORT/operator`."""

    def __init__(
        self,
        server_of: Callable[[AgiSession], str],
        desks: Desks,
        staff: Staff,
        post: Callable[[Input], None],
        said: CallbackWords | None = None,
        messages: Messages | None = None,
        sounds: MessageSounds | None = None,
    ) -> None:
        self._server_of = server_of
        self._desks = desks
        self._staff = staff
        self._post = post
        self._said = said
        self._messages = messages
        self._sounds = sounds

    async def serve(self, agi: AgiSession) -> None:
        """Do what was dialled and say how it went."""
        action, name, digits = (*agi.args, "", "", "")[:3]
        telephone = Telephone(self._server_of(agi), name)
        if not self._desks.knows(telephone):
            log.warning("code.refused", action=action, telephone=name)
            return
        try:
            spoken = await self._do(agi, action, telephone, digits)
            await agi.command("STREAM FILE", spoken, "")
        except AgiError as gone:
            log.info("code.broken_off", action=action, telephone=name, error=str(gone))

    async def _do(self, agi: AgiSession, action: str, telephone: Telephone, digits: str) -> str:
        if action == "login":
            return await self._log_in(agi, telephone, digits)
        agent = self._desks.agent_at(telephone)
        if agent is None:
            return SOUND_REFUSED
        by = f"telephone {telephone.name}"
        done = True
        match action:
            case "logout":
                self._desks.leave(agent, by)
                return SOUND_LOGGED_OUT
            case "pause":
                reason = self._staff.pause_reason(digits)
                done = reason is not None
                if reason is not None:
                    self._post(AgentPaused(agent, reason[0], by, reason[1]))
            case "resume":
                self._post(AgentResumed(agent, by))
            case "ready":
                self._post(WrapUpEnded(agent, by))
            case "messages" if self._messages is not None and self._sounds is not None:
                return await listen(agi, self._messages, self._sounds, agent, by)
            case "unfinished" | "machine" | "wrong_person":
                done = self._say(agent, action, by)
            case _:
                log.warning("code.unknown", action=action)
                done = False
        return SOUND_DONE if done else SOUND_REFUSED

    def _say(self, agent: AgentId, what: str, by: str) -> bool:
        """Pass on what the operator says of his last talk; return whether it changed anything."""
        if self._said is None:
            return False
        if what == "unfinished":
            return self._said.unfinished(agent, by)
        return self._said.outcome_of_last(agent, TalkOutcome(what), by)

    async def _log_in(self, agi: AgiSession, telephone: Telephone, digits: str) -> str:
        dialled_number, _, dialled_pin = digits.partition(PIN_AFTER)
        for _ in range(PIN_TRIES):
            number = dialled_number or self._staff.owner_of(telephone) or await ask(agi, SOUND_ASK_NUMBER)
            agent = AgentId(number)
            right = self._staff.exists(agent)
            if not right or self._staff.needs_pin(agent, telephone):
                # An unknown number is asked for its PIN all the same: the line does not tell which numbers exist.
                pin = dialled_pin or await ask(agi, SOUND_ASK_PIN)
                right = await self._staff.pin_is_right(agent, pin) and right
            if right:
                self._desks.sit(agent, telephone, by=f"telephone {telephone.name}")
                return SOUND_LOGGED_IN
            dialled_pin = ""
            # A number that is nobody's may be a PIN dialled in the wrong place.
            who = agent if self._staff.exists(agent) else None
            log.warning("code.wrong_pin", telephone=telephone.name, agent=who)
            await agi.command("STREAM FILE", SOUND_WRONG, "")
        return SOUND_REFUSED


async def ask(agi: AgiSession, sound: str) -> str:
    """Return the digits that are pressed after a sound; none when nothing is pressed.

    Raises:
        AgiHungUp: Whoever was asked has hung up: that is no wrong answer.
    """
    reply = await agi.command("GET DATA", sound, str(DIGIT_TIMEOUT_MS), str(PIN_DIGITS))
    if reply.result < 0:
        raise AgiHungUp("GET DATA", "the operator has hung up")
    return reply.value
