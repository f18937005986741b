"""The live screen, driven through Textual's pilot against a real control API over HTTP."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from acd.control.access import Identity, Role
from acd.control.app import build_app
from acd.control.client import ControlClient
from acd.control.server import ControlServer
from acd.top.dialogs import Ask, Confirm, Reading
from acd.top.screen import TopApp
from ami_bridge.desks import Telephone
from ami_bridge.errors import SupervisionRefused
from ami_bridge.supervision import Mode, Watch
from callback.inputs import CallbackAsked
from queue_engine.facts import AgentState
from queue_engine.ids import AgentId, CallId, Instant, QueueName
from tests.acd.stage import HOST, LINE, Stage, Tokens, served

SUPERVISOR = Identity("старшая", Role.SUPERVISOR)
WALLBOARD = Identity("board", Role.READ_ONLY)


class Seniors:
    """Supervisors' telephones that ring and are never picked up; remembers what was asked of them."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str | None, str]] = []
        self.knows_alone = True

    async def supervise(self, mode: Mode, agent: AgentId, telephone: str | None, by: str) -> Watch:
        """Ring."""
        self.asked.append((mode, agent, telephone, by))
        if telephone is None and not self.knows_alone:
            raise SupervisionRefused("telephone_unknown", "which supervisor's telephone?")
        return Watch(by, Telephone("main", "op900"), mode, agent, CallId("main-1.1"), Instant(0.0), "1.9")


@pytest.fixture
def senior_stage(stage: Stage) -> Stage:
    """A stage whose supervisors' telephones ring."""
    stage.supervising = Seniors()
    return stage


@dataclass
class Viewer:
    """Somebody in front of the screen."""

    app: TopApp
    pilot: Pilot[None]
    stage: Stage
    moved: asyncio.Event

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until something is to be seen: looked at after every message of the application."""
        while not true():
            self.moved.clear()
            await self.moved.wait()

    def cells(self, table: str) -> list[str]:
        """Return the rows of a table as they stand."""
        return [" ".join(cell.plain for cell in row.cells) for row in self.app.panel(table).shown]

    def text(self, name: str) -> str:
        """Return what stands in a line of figures."""
        return str(self.app.screen_stack[0].query_one(f"#{name}", Static).content)

    def state_of(self, agent: str) -> AgentState:
        """Return what the engine says of an operator."""
        return next(a.state for a in self.stage.snapshot().agents if a.agent == agent)


@asynccontextmanager
async def watching(stage: Stage, who: Identity = SUPERVISOR, *, language: str = "ru") -> AsyncIterator[Viewer]:
    """Serve the stage and open the screen in 80x24."""
    tokens = Tokens()
    token = tokens.make(who)
    async with served(stage, tokens) as server:
        async with screen(stage, token, server.port, language) as viewer:
            yield viewer


@asynccontextmanager
async def screen(stage: Stage, token: str, port: int, language: str = "ru") -> AsyncIterator[Viewer]:
    """Open the screen in 80x24 on a daemon at a port."""
    app = TopApp(ControlClient(HOST, port, token), language, clock=lambda: 0.0)
    moved = asyncio.Event()
    async with app.run_test(size=(80, 24), message_hook=lambda _message: moved.set()) as pilot:
        yield Viewer(app, pilot, stage, moved)


async def test_lines_operators_and_calls_are_followed(stage):
    """What happens in the centre appears by itself: an operator logs in, a caller waits, both talk."""
    async with watching(stage) as viewer:
        await viewer.until(lambda: len(viewer.cells("agents")) == 2)
        assert "Сцена" in viewer.text("head")
        stage.log_in()
        await viewer.until(lambda: "Готов" in viewer.cells("agents")[0])
        stage.call()
        await viewer.until(lambda: "звонок" in "".join(viewer.cells("calls")))
        stage.answer()
        await viewer.until(lambda: "говор" in "".join(viewer.cells("calls")))
        assert "+79271234567" in viewer.cells("calls")[0]
        assert "100.0%" in viewer.cells("lines")[0]


async def test_operator_is_paused_for_a_reason_and_resumed(stage):
    """P asks for the reason, R for a yes; the answer shows without waiting for anything else."""
    stage.log_in()
    async with watching(stage) as viewer:
        await viewer.until(lambda: "Готов" in "".join(viewer.cells("agents")))
        await viewer.pilot.press("p", *"tea", "enter")
        await viewer.until(lambda: ": tea" in " ".join(viewer.cells("agents")))
        assert viewer.state_of("101") is AgentState.PAUSED
        await viewer.pilot.press("r", "y")
        await viewer.until(lambda: viewer.state_of("101") is AgentState.READY)


async def test_nothing_is_done_without_a_yes(stage):
    """Esc, n and an empty answer leave everything as it is; the same key on a Russian keyboard asks the same."""
    stage.log_in()
    async with watching(stage) as viewer:
        await viewer.until(lambda: len(viewer.cells("agents")) == 2)
        for keys in (("o", "n"), ("щ", "escape"), ("щ", "н"), ("p", "delete", "enter"), ("з", "escape")):
            await viewer.pilot.press(*keys)
        assert viewer.state_of("101") is AgentState.READY
        await viewer.pilot.press("щ", "д")
        await viewer.until(lambda: viewer.state_of("101") is AgentState.LOGGED_OUT)


async def test_call_is_given_to_the_chosen_operator(stage):
    """T gives the call under the cursor to the operator who is proposed: the one chosen among the operators."""
    stage.log_in()
    stage.call()
    stage.answer()
    stage.call("+79270000002", "main-2.1")
    async with watching(stage) as viewer:
        await viewer.until(lambda: len(viewer.cells("calls")) == 2)
        await viewer.pilot.press("t", "enter")
        await viewer.until(lambda: any(type(fact).__name__ == "CallReserved" for fact in stage.facts))
        reserved = next(fact for fact in stage.facts if type(fact).__name__ == "CallReserved")
        assert (reserved.call, reserved.agent, reserved.by) == ("main-2.1", "101", "старшая")


async def test_refusal_is_shown_and_changes_nothing(stage):
    """A wallboard's token may look only: the daemon says no, the screen says so and goes on."""
    stage.log_in()
    async with watching(stage, WALLBOARD, language="en") as viewer:
        await viewer.until(lambda: len(viewer.cells("agents")) == 2)
        await viewer.pilot.press("o", "y")
        await viewer.until(lambda: any("Refused" in n.message for n in viewer.app._notifications))
        assert viewer.state_of("101") is AgentState.READY


async def test_filter_and_order_hold_while_things_change(stage):
    """What was typed filters at once and goes on filtering; sorting keeps the cursor with its operator."""
    async with watching(stage) as viewer:
        await viewer.until(lambda: len(viewer.cells("agents")) == 2)
        await viewer.pilot.press("down", "s", "v")
        assert viewer.app.panel("agents").chosen["agent"] == "102"
        assert [row.key for row in viewer.app.panel("agents").shown] == ["102", "101"]
        await viewer.pilot.press("slash", *"101", "enter")
        stage.log_in("102")
        await viewer.until(lambda: "Готов 1" in viewer.text("head"))
        assert [row.key for row in viewer.app.panel("agents").shown] == ["101"]
        await viewer.pilot.press("escape")
        assert len(viewer.app.panel("agents").shown) == 2
        assert viewer.app.query_one("#find", Input).value == ""


async def test_restart_of_the_daemon_is_survived(stage, unused_tcp_port_at):
    """Without the daemon the screen says so and keeps the last state; when it is back, it follows again."""
    tokens, port = Tokens(), unused_tcp_port_at(HOST)
    token = tokens.make(SUPERVISOR)
    server = ControlServer(build_app(stage, tokens), HOST, port)
    await server.start()
    async with screen(stage, token, port) as viewer:
        await viewer.until(lambda: len(viewer.cells("agents")) == 2)
        await server.close()
        await viewer.until(lambda: "НЕТ СВЯЗИ" in viewer.text("head"))
        assert len(viewer.cells("agents")) == 2
        stage = Stage(stage.config_path, at=Instant(stage.at + 5))
        server = ControlServer(build_app(stage, tokens), HOST, port)
        await server.start()
        stage.log_in()
        await viewer.until(lambda: "Готов" in "".join(viewer.cells("agents")))
        assert "НЕТ СВЯЗИ" not in viewer.text("head")
    await server.close()


@pytest.mark.parametrize("language", ["ru", "en"])
async def test_everything_fits_a_terminal_of_80_by_24(stage, language):
    """Every table, the figures and the keys are to be seen in 80x24, in both languages."""
    async with watching(stage, language=language) as viewer:
        await viewer.until(lambda: viewer.app.panel("lines").region.height > 1)
        for name in ("head", "lines", "agents", "calls", "figures"):
            region = viewer.app.screen.query_one(f"#{name}").region
            assert region.height >= (2 if name in {"lines", "agents", "calls", "figures"} else 1)
            assert region.right <= 80
            assert region.bottom <= 24
        assert viewer.app.panel("lines").virtual_size.width <= 80
        assert viewer.app.panel("calls").virtual_size.width <= 40


async def test_call_backs_due_are_told_and_listed(stage):
    """How many and when the first is due stands below; B shows them where the callers stood, and back."""
    stage.callbacks.ask(CallbackAsked(QueueName(LINE), "+78452123456", "старшая"))
    async with watching(stage) as viewer:
        await viewer.until(lambda: "Перезвонить 1" in viewer.text("figures"))
        assert not viewer.app.panel("callbacks").display
        await viewer.pilot.press("b")
        await viewer.until(lambda: "+78452123456" in " ".join(viewer.cells("callbacks")))
        assert viewer.app.panel("callbacks").display
        assert not viewer.app.panel("calls").display
        await viewer.pilot.press("и")
        assert viewer.app.panel("calls").display


async def test_wide_terminal_shows_callers_and_call_backs(stage):
    """From 120 columns on there is room for both."""
    async with watching(stage) as viewer:
        await viewer.pilot.resize_terminal(130, 40)
        await viewer.until(lambda: viewer.app.panel("callbacks").display)
        assert viewer.app.panel("calls").display


@pytest.mark.parametrize(("key", "mode"), [("l", "listen"), ("ц", "whisper"), ("j", "join"), ("л", "take")])
async def test_supervisor_comes_into_a_talk_by_a_key(senior_stage, key, mode):
    """The daemon is asked to ring the supervisor's telephone; the screen says to pick it up."""
    stage = senior_stage
    stage.log_in()
    stage.call()
    stage.answer()
    async with watching(stage) as viewer:
        await viewer.until(lambda: any(row.values["state"] == "talking" for row in viewer.app.panel("agents").shown))
        await viewer.pilot.press(key, "y")
        await viewer.until(lambda: any("снимите трубку" in n.message for n in viewer.app._notifications))
    assert stage.supervising.asked == [(mode, "101", None, "старшая")]


async def test_supervisor_is_asked_for_his_telephone_once(senior_stage):
    """Where the daemon cannot know it; from then on it is said along."""
    stage = senior_stage
    stage.supervising.knows_alone = False
    stage.log_in()
    stage.call()
    stage.answer()
    async with watching(stage) as viewer:
        await viewer.until(lambda: any(row.values["state"] == "talking" for row in viewer.app.panel("agents").shown))
        await viewer.pilot.press("l", "y")
        await viewer.until(lambda: isinstance(viewer.app.screen, Ask))
        await viewer.pilot.press(*"op900", "enter")
        await viewer.until(lambda: len(stage.supervising.asked) == 2)
        await viewer.pilot.press("w", "y")
        await viewer.until(lambda: len(stage.supervising.asked) == 3)
    assert [asked[2] for asked in stage.supervising.asked] == [None, "op900", "op900"]


async def test_nobody_is_rung_for_an_operator_who_talks_to_nobody(stage):
    """The screen says so itself and asks nothing."""
    stage.log_in()
    async with watching(stage, language="en") as viewer:
        await viewer.until(lambda: "Ready" in "".join(viewer.cells("agents")))
        await viewer.pilot.press("l")
        await viewer.until(lambda: any("talks to nobody" in n.message for n in viewer.app._notifications))
        assert not isinstance(viewer.app.screen, Confirm)


@pytest.mark.parametrize("language", ["ru", "en"])
async def test_keys_are_told(stage, language):
    """The question mark lists every key; the list fits the terminal and Esc leaves it."""
    async with watching(stage, language=language) as viewer:
        await viewer.until(lambda: len(viewer.cells("agents")) == 2)
        await viewer.pilot.press("question_mark")
        await viewer.until(lambda: isinstance(viewer.app.screen, Reading))
        await viewer.pilot.pause()
        box = viewer.app.screen.query_one(".dialog").region
        assert 10 < box.bottom <= 24
        assert box.right <= 80
        await viewer.pilot.press("escape")
        assert not isinstance(viewer.app.screen, Reading)
