"""Voice messages at a telephone: which keys do what, over a real session and a dialplan that answers from a script."""

from collections.abc import AsyncIterator

import pytest

from ami_bridge.agi_server import AgiServer
from ami_bridge.desks import Desks, Telephone
from ami_bridge.dial_codes import DialCodes
from queue_engine.ids import AgentId, CallId
from tests.ami_bridge.fake_asterisk import HOST, FakeDialplan, environment
from tests.ami_bridge.test_dial_codes import DESK, SERVER, PinStaff

FIRST, SECOND = CallId("main-1.1"), CallId("main-1.2")


class TwoMessages:
    """A desk of messages that remembers what was done with them."""

    def __init__(self) -> None:
        self.left = [FIRST, SECOND]
        self.heard: list[CallId] = []
        self.done: list[tuple[CallId, str]] = []

    def next_for(self, agent: AgentId, after: CallId | None = None) -> tuple[CallId, str] | None:
        """Return the message after that one."""
        rest = self.left if after is None else self.left[self.left.index(after) + 1 :]
        return (rest[0], f"/messages/{rest[0]}") if rest else None

    def heard_by_telephone(self, call: CallId, by: str) -> None:
        """Remember it."""
        self.heard.append(call)

    def done_by_telephone(self, call: CallId, by: str) -> None:
        """Remember it, and who."""
        self.done.append((call, by))


class Room:
    """The handler on a real server, and an operator at his desk."""

    def __init__(self) -> None:
        self.messages = TwoMessages()
        desks = Desks([DESK, Telephone(SERVER, "hot")], lambda _input: None)
        desks.sit(AgentId("101"), DESK, "test")
        codes = DialCodes(
            lambda agi: agi.args[3], desks, PinStaff(), lambda _input: None, None, self.messages, lambda name: name
        )
        self.server = AgiServer({"operator": codes.serve})
        self.port = 0

    async def listen(self, *keys: str) -> list[str]:
        """Dial the code; a key per sound or question in turn, `-` for none; return what was played and asked."""
        pressed = iter(keys)
        said = {"request": f"agi://{HOST}/operator", "network_script": "operator"}
        said |= {"arg_1": "messages", "arg_2": "op101", "arg_3": "", "arg_4": SERVER}
        heard: list[str] = []
        async with FakeDialplan(self.port) as dialplan:
            dialplan.say(environment(**said))
            while command := await dialplan.command():
                verb, sound = command.split()[0], command.split()[2]
                heard.append(sound)
                if verb == "GET":
                    dialplan.say(f"200 result={next(pressed).strip('-')}\n")
                    continue
                key = next(pressed) if sound.startswith("/messages/") else "-"
                dialplan.say(f"200 result={0 if key == '-' else ord(key)} endpos=8000\n")
                if sound == "no-messages":
                    break
        return heard


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    """Return a room whose server listens."""
    made = Room()
    made.port = await made.server.start(HOST, 0)
    yield made
    await made.server.close()


async def test_one_is_marked_as_done_the_other_passed_over(room):
    """1 in the middle of the first message, 3 in the second: only the first is done, by that telephone."""
    heard = await room.listen("1", "3")
    assert heard == [f"/messages/{FIRST}", "message-done", f"/messages/{SECOND}", "no-messages"]
    assert room.messages.done == [(FIRST, "telephone op101")]
    assert room.messages.heard == [FIRST, SECOND]


async def test_a_message_that_plays_to_its_end_is_asked_about(room):
    """No key while it plays: the question comes; 2 repeats it, then 1 marks it; silence goes on to the next."""
    heard = await room.listen("-", "2", "-", "1", "-", "-")
    first, second = f"/messages/{FIRST}", f"/messages/{SECOND}"
    assert heard == [
        first, "message-keys", first, "message-keys", "message-done", second, "message-keys", "no-messages",
    ]  # fmt: skip
    assert room.messages.done == [(FIRST, "telephone op101")]


async def test_whoever_has_none_is_told(room):
    """One sentence, and the call ends."""
    room.messages.left = []
    assert await room.listen() == ["no-messages"]
