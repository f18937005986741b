"""Codes that operators dial, with a real session over a socket and a dialplan that answers from a script."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from ami_bridge.agi_server import AgiServer
from ami_bridge.desks import Desks, Telephone
from ami_bridge.dial_codes import DialCodes
from queue_engine.ids import AgentId
from queue_engine.inputs import AgentLoggedIn, AgentPaused, AgentResumed, Input, WrapUpEnded
from tests.ami_bridge.fake_asterisk import HOST, FakeDialplan, environment

SERVER = "main"
PINS = {"101": "1111", "102": "2222"}
DESK = Telephone(SERVER, "op101")


class PinStaff:
    """Two operators; the first one's own telephone is `op101`, the desk `hot` is nobody's."""

    def __init__(self) -> None:
        self.tried: list[tuple[str, str]] = []

    def owner_of(self, telephone: Telephone) -> AgentId | None:
        """Return whose telephone it is."""
        return AgentId("101") if telephone == DESK else None

    def exists(self, agent: AgentId) -> bool:
        """Tell whether there is such an operator."""
        return agent in PINS

    async def pin_is_right(self, agent: AgentId, pin: str) -> bool:
        """Compare, and remember that it was asked."""
        self.tried.append((agent, pin))
        return PINS.get(agent) == pin

    def needs_pin(self, agent: AgentId, telephone: Telephone) -> bool:
        """The owner needs none."""
        return self.owner_of(telephone) != agent

    def pause_reason(self, digits: str) -> tuple[str, float | None] | None:
        """Two reasons."""
        return {"": ("break", None), "2": ("lunch", 1800.0)}.get(digits)


class Office:
    """The handler on a real server, and the telephones."""

    def __init__(self) -> None:
        self.inputs: list[Input] = []
        self.staff = PinStaff()
        self.desks = Desks([DESK, Telephone(SERVER, "hot")], self.inputs.append)
        codes = DialCodes(lambda agi: agi.args[3], self.desks, self.staff, self.inputs.append)
        self.server = AgiServer({"operator": codes.serve})
        self.port = 0

    @asynccontextmanager
    async def dialled(self, action: str, digits: str = "", telephone: str = "op101") -> AsyncIterator[FakeDialplan]:
        """Dial a code."""
        said = {"request": f"agi://{HOST}/operator", "network_script": "operator"}
        said |= {"arg_1": action, "arg_2": telephone, "arg_3": digits, "arg_4": SERVER}
        async with FakeDialplan(self.port) as dialplan:
            dialplan.say(environment(**said))
            yield dialplan

    async def answer(self, action: str, digits: str = "", telephone: str = "op101", keys: tuple[str, ...] = ()) -> str:
        """Dial a code, press keys whenever they are asked for, and return the sound that is the last word."""
        pressed = iter(keys)
        async with self.dialled(action, digits, telephone) as dialplan:
            while True:
                command = await dialplan.command()
                if command.startswith("GET DATA"):
                    dialplan.say(f"200 result={next(pressed)}\n")
                    continue
                sound = command.split()[2]
                dialplan.say("200 result=0 endpos=8000\n")
                if sound != "agent-incorrect":
                    return sound

    def logged_in(self) -> list[str]:
        """Return who has logged in so far."""
        return [happened.agent for happened in self.inputs if isinstance(happened, AgentLoggedIn)]


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    """Return an office whose server listens."""
    made = Office()
    made.port = await made.server.start(HOST, 0)
    yield made
    await made.server.close()


async def test_own_telephone_needs_no_number_and_no_pin(office):
    """Its SIP password has said who it is."""
    assert await office.answer("login") == "agent-loginok"
    assert office.logged_in() == ["101"]
    assert office.staff.tried == []


async def test_number_and_pin_may_be_dialled_along(office):
    """`*10102*2222` at another's telephone asks for nothing."""
    assert await office.answer("login", "102*2222") == "agent-loginok"
    assert office.desks.agent_at(DESK) == "102"


async def test_pin_that_was_dialled_along_counts_once(office):
    """Wrong, it is asked for, and not tried again and again."""
    assert await office.answer("login", "102*9", keys=("2222",)) == "agent-loginok"
    assert office.staff.tried == [("102", "9"), ("102", "2222")]


async def test_number_and_pin_are_asked_for_at_a_desk_that_is_nobodys(office):
    """First the number, then the PIN."""
    assert await office.answer("login", telephone="hot", keys=("102", "2222")) == "agent-loginok"
    assert office.logged_in() == ["102"]


async def test_three_wrong_answers_are_enough(office):
    """Nobody is logged in, and the last word says so."""
    assert await office.answer("login", "102", keys=("1", "2", "3")) == "pbx-invalid"
    assert office.logged_in() == []


async def test_unknown_number_is_asked_for_its_pin_all_the_same(office):
    """Nobody learns from the line which numbers exist."""
    assert await office.answer("login", "999", keys=("1", "2", "3")) == "pbx-invalid"
    assert [agent for agent, _ in office.staff.tried] == ["999"] * 3


async def test_hanging_up_is_no_wrong_pin(office):
    """Whoever puts the receiver down when asked has tried nothing."""
    async with office.dialled("login", "102") as dialplan:
        assert (await dialplan.command()).startswith("GET DATA agent-pass")
        dialplan.say("200 result=-1\n")
        assert await dialplan.reader.read() == b""
    assert office.staff.tried == []


async def test_no_pin_is_ever_logged(office):
    """Neither one that is dialled along nor one that is pressed, right or wrong, nor of a session that breaks off."""
    with capture_logs() as logs:
        await office.answer("login", "102*774411", keys=("885522", "2222"))
        async with office.dialled("login", "102*774411") as dialplan:
            await dialplan.command()
        async with office.dialled("login", "102*774411", "unknown") as dialplan:
            assert await dialplan.reader.read() == b""
        async with office.dialled("nonesuch", "102*774411") as dialplan:
            await dialplan.command()
        await office.server.close()
    told = str(logs)
    assert "code.unknown" in told
    assert "774411" not in told
    assert "885522" not in told
    assert "2222" not in told


@pytest.mark.parametrize(
    ("action", "digits", "sound", "last"),
    [
        ("pause", "2", "auth-thankyou", AgentPaused(AgentId("101"), "lunch", "telephone op101", 1800.0)),
        ("pause", "", "auth-thankyou", AgentPaused(AgentId("101"), "break", "telephone op101", None)),
        ("resume", "", "auth-thankyou", AgentResumed(AgentId("101"), "telephone op101")),
        ("ready", "", "auth-thankyou", WrapUpEnded(AgentId("101"), "telephone op101")),
    ],
    ids=["pause-reason", "pause", "resume", "ready"],
)
async def test_code_does_what_it_says_and_says_so(office, action, digits, sound, last):
    """The operator at the telephone is meant, and the telephone is who asked."""
    await office.answer("login")
    assert await office.answer(action, digits) == sound
    assert office.inputs[-1] == last


async def test_code_at_a_telephone_where_nobody_is_logged_in_is_refused(office):
    """So is a pause for a reason that does not exist."""
    assert await office.answer("pause") == "pbx-invalid"
    await office.answer("login")
    assert await office.answer("pause", "7") == "pbx-invalid"
