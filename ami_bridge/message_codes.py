"""Voice messages at an operator's telephone, one after the other; keys mark one as done, repeat it, pass it over."""

from typing import Final, Protocol

from ami_bridge.agi_server import AgiSession
from ami_bridge.errors import AgiHungUp
from queue_engine.ids import AgentId, CallId

DONE: Final = "1"
AGAIN: Final = "2"
KEYS: Final = "123"
"""Any of them ends a message that plays; 3 goes on to the next."""
ASK_MS: Final = 6000


class Messages(Protocol):
    """What is asked of the desk of messages."""

    def next_for(self, agent: AgentId, after: CallId | None = None) -> tuple[CallId, str] | None:
        """Return the oldest message that an operator may process, later than `after`, and its sound."""

    def heard_by_telephone(self, call: CallId, by: str) -> None:
        """An operator listens to a message."""

    def done_by_telephone(self, call: CallId, by: str) -> None:
        """An operator has processed a message."""


class MessageSounds(Protocol):
    """What is said about messages: the sounds by the names of their prompts."""

    def __call__(self, name: str) -> str:
        """Return a sound for Asterisk."""


async def listen(agi: AgiSession, messages: Messages, sounds: MessageSounds, agent: AgentId, by: str) -> str:
    """Play the operator's messages, oldest first; return what is said when there are no more.

    Raises:
        AgiError: The operator has hung up, or the session has ended: what was not marked stays as it is.
    """
    before: CallId | None = None
    while (found := messages.next_for(agent, before)) is not None:
        before, sound = found
        messages.heard_by_telephone(before, by)
        key = await _play(agi, sound)
        while True:
            key = key or await _ask(agi, sounds("message-keys"))
            if key != AGAIN:
                break
            key = await _play(agi, sound)
        if key == DONE:
            messages.done_by_telephone(before, by)
            await agi.command("STREAM FILE", sounds("message-done"), "")
    return sounds("no-messages")


async def _play(agi: AgiSession, sound: str) -> str:
    """Return the key that has ended the sound; empty when it has played to its end."""
    reply = await agi.command("STREAM FILE", sound, KEYS)
    if reply.result < 0:
        raise AgiHungUp("STREAM FILE", "the operator has hung up")
    return chr(reply.result) if reply.result else ""


async def _ask(agi: AgiSession, sound: str) -> str:
    reply = await agi.command("GET DATA", sound, str(ASK_MS), "1")
    if reply.result < 0:
        raise AgiHungUp("GET DATA", "the operator has hung up")
    return reply.value
