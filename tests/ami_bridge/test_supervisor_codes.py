"""Codes that supervisors dial, with a real session over a socket and a dialplan that answers from a script."""

from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from ami_bridge.agi_server import AgiServer
from ami_bridge.desks import Telephone
from ami_bridge.errors import SupervisionRefused
from ami_bridge.supervision import Mode
from ami_bridge.supervisor_codes import SupervisorCodes
from queue_engine.ids import AgentId
from tests.ami_bridge.fake_asterisk import HOST, FakeDialplan, environment

SERVER = "main"
PIN = "99887766"


class Desk:
    """`op900` is a supervisor's with a PIN; operator 101 talks, nobody else does."""

    def __init__(self) -> None:
        self.told: list[tuple[str, ...]] = []

    def is_supervisors(self, telephone: Telephone) -> bool:
        """One is."""
        return telephone.name == "op900"

    def needs_pin(self, telephone: Telephone) -> bool:
        """Everybody does."""
        return True

    async def pin_is_right(self, telephone: Telephone, pin: str) -> bool:
        """Compare."""
        return pin == PIN

    async def refused(self, telephone: Telephone, action: str, agent: AgentId, code: str) -> None:
        """Remember it."""
        self.told.append(("refused", telephone.name, action, agent, code))

    async def dialled(self, telephone: Telephone, mode: Mode, agent: AgentId, channel: str, uniqueid: str) -> str:
        """Let him in, to operator 101."""
        if agent != "101":
            raise SupervisionRefused("agent_talks_not", "operator talks to nobody")
        self.told.append(("dialled", mode, agent))
        return "PJSIP/op101-00000002"

    async def force(self, telephone: Telephone, deed: str, agent: AgentId) -> None:
        """Remember it."""
        self.told.append(("forced", deed, agent))


class Office:
    """The handler on a real server."""

    def __init__(self) -> None:
        self.desk = Desk()
        self.server = AgiServer({"supervisor": SupervisorCodes(lambda agi: agi.args[3], self.desk).serve})
        self.port = 0

    async def dial(self, action: str, digits: str, telephone: str = "op900", keys: tuple[str, ...] = ()) -> list[str]:
        """Dial a code, press keys whenever they are asked for, and return the other commands until the session ends."""
        pressed = iter(keys)
        said = {"request": f"agi://{HOST}/supervisor", "network_script": "supervisor"}
        said |= {"arg_1": action, "arg_2": telephone, "arg_3": digits, "arg_4": SERVER}
        commands: list[str] = []
        async with FakeDialplan(self.port) as dialplan:
            dialplan.say(environment(**said))
            while command := await dialplan.command():
                if command.startswith("GET DATA"):
                    dialplan.say(f"200 result={next(pressed)}\n")
                    continue
                commands.append(command)
                dialplan.say("200 result=1\n")
                if command.startswith("STREAM FILE") or "ACD_SPY " in command:
                    break
        return commands


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    """A listening handler."""
    office = Office()
    office.port = await office.server.start(HOST, 0)
    yield office
    await office.server.close()


async def test_listener_is_handed_to_the_dialplan_with_the_channel(office):
    """The daemon says what and whom; ChanSpy is the dialplan's, so nothing is spoken here."""
    assert await office.dial("whisper", f"101*{PIN}") == [
        "SET VARIABLE ACD_SPIED PJSIP/op101-00000002",
        "SET VARIABLE ACD_SPY whisper",
    ]
    assert office.desk.told == [("dialled", "whisper", "101")]


async def test_taking_over_begins_with_listening(office):
    """Until the caller comes to him the supervisor hears the talk."""
    assert (await office.dial("take", f"101*{PIN}"))[-1] == "SET VARIABLE ACD_SPY listen"


@pytest.mark.parametrize(
    ("telephone", "digits", "code"),
    [("op101", f"101*{PIN}", "not_allowed"), ("op900", f"102*{PIN}", "agent_talks_not")],
)
async def test_who_may_not_hears_so_and_stands_in_the_trail(office, telephone, digits, code):
    """An operator's telephone, or an operator who talks to nobody."""
    (told,) = await office.dial("listen", digits, telephone)
    assert "pbx-invalid" in told
    assert office.desk.told == [("refused", telephone, "listen", digits[:3], code)]


async def test_wrong_pin_is_asked_for_three_times_and_never_logged(office):
    """The dialled one counts as the first try."""
    with capture_logs() as logged:
        (told,) = await office.dial("join", "101*123456789", keys=("55555", "44444"))
    assert "pbx-invalid" in told
    assert office.desk.told == [("refused", "op900", "join", "101", "pin_wrong")]
    assert "123456789" not in str(logged)


async def test_number_and_pin_are_asked_for_when_nothing_is_dialled_along(office):
    """As at log-in: first the number, then the PIN."""
    (told,) = await office.dial("force_pause", "", keys=("102", PIN))
    assert "auth-thankyou" in told
    assert office.desk.told == [("forced", "pause", "102")]
