"""Call-backs over the control API and at the keyboard: who is owed one, and what may be asked."""

import asyncio
import json

import pytest

from acd.cli.main import run
from acd.control.access import Identity, Role
from acd.control.app import control_app
from acd.control.errors import RequestRefused
from acd.control.server import ControlServer
from callback.inputs import CallbackCancelled
from queue_engine.ids import AgentId, CallId, Instant
from queue_engine.inputs import CallerHungUp
from tests.acd.stage import CALLER, HOST, LINE, Stage, Tokens, ask, served, write_site

DAY_S = 86_400.0


@pytest.fixture
def stage(tmp_path):
    """Return a stage with one operator at work."""
    made = Stage(write_site(tmp_path))
    made.log_in()
    return made


@pytest.fixture
def guard():
    """Return a guard and the tokens of three people."""
    made = Tokens()
    made.supervisor = made.make(Identity("vera", Role.SUPERVISOR))
    made.wallboard = made.make(Identity("wall", Role.READ_ONLY))
    made.anna = made.make(Identity("anna", Role.OPERATOR, AgentId("101")))
    return made


async def test_a_call_back_is_asked_for_shown_and_called_off(stage, guard):
    """It is owed from the moment it is asked for, with who asked; called off, it is shown with its reason."""
    async with served(stage, guard) as server:
        body = {"line": LINE, "number": "8 927 123-45-67", "at": stage.at + DAY_S}
        made = await ask(server, guard.supervisor, "POST", "/v1/callbacks", body)
        assert (made["number"], made["state"], made["by"]) == (CALLER, "owed", "vera")
        listed = await ask(server, guard.supervisor, "GET", "/v1/callbacks")
        assert [row["request"] for row in listed["callbacks"]] == [made["request"]]
        assert (listed["owed"], listed["oldest_due_in_s"]) == (1, None)
        ended = await ask(server, guard.supervisor, "POST", f"/v1/callbacks/{made['request']}/cancel")
        assert (ended["state"], ended["reason"]) == ("given_up", "cancelled")
        shown = await ask(server, guard.supervisor, "GET", f"/v1/callbacks/{made['request']}")
        assert shown == ended


async def test_a_break_is_owed_and_the_status_says_how_soon(stage, guard):
    """After a break the status tells how many are owed and when the oldest is due; a wallboard sees no number."""
    stage.log_in("102")
    call = stage.call()
    stage.answer()
    stage.at = Instant(stage.at + 60)
    stage.post(CallerHungUp(call, 44))
    stage.at = Instant(stage.at + 5)
    async with served(stage, guard) as server:
        status = await ask(server, guard.wallboard, "GET", "/v1/status")
        assert (status["callbacks_owed"], status["callback_due_in_s"]) == (1, 10.0)
        [row] = (await ask(server, guard.wallboard, "GET", "/v1/callbacks"))["callbacks"]
        assert (row["origin"], row["number"], row["broken_call"]) == ("break", "***67", call)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"line": "nowhere", "number": CALLER}, "line_unknown"),
        ({"line": LINE, "number": CALLER, "agent": "999"}, "agent_unknown"),
        ({"line": LINE, "number": "+12025550143"}, "callback_impossible"),
        ({"line": LINE, "number": "hello"}, "callback_impossible"),
        ({"line": LINE, "number": CALLER, "agent": "102"}, "not_allowed"),
        ({"line": LINE}, "body_wrong"),
    ],
)
async def test_what_cannot_be_is_refused_with_its_reason(stage, guard, body, code):
    """Unknown lines and operators, numbers that may not be dialled, and a booking for somebody else."""
    async with served(stage, guard) as server:
        with pytest.raises(RequestRefused) as refused:
            await ask(server, guard.anna, "POST", "/v1/callbacks", body)
    assert refused.value.code == code


async def test_operators_password_dials_so_many_an_hour_and_no_more(tmp_path):
    """Past the limit it is refused with its reason, told as a fact; calling it a wish from the web changes nothing."""
    path = write_site(tmp_path)
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace('callback = { trunk = "city" }', 'callback = { trunk = "city", max_per_person_hour = 2 }'),
        encoding="utf-8",
    )
    stage, guard = Stage(path), Tokens()
    stage.log_in()
    anna = guard.make(Identity("anna", Role.OPERATOR, AgentId("101")))
    vera = guard.make(Identity("vera", Role.SUPERVISOR))
    async with served(stage, guard) as server:
        for number, origin in (("89271234501", "booked"), ("89271234502", "web")):
            made = await ask(server, anna, "POST", "/v1/callbacks", {"line": LINE, "number": number, "origin": origin})
            assert made["origin"] == "booked"
        body = {"line": LINE, "number": "89271234503", "origin": "web"}
        with pytest.raises(RequestRefused) as refused:
            await ask(server, anna, "POST", "/v1/callbacks", body)
        assert (refused.value.code, refused.value.message) == ("callback_impossible", "person_limit")
        assert (await ask(server, vera, "POST", "/v1/callbacks", body))["by"] == "vera"


async def test_only_those_that_exist_can_be_ended(stage, guard):
    """A number that is nobody's, or none at all, is told apart from a fault."""
    async with served(stage, guard) as server:
        for name in ("7", "x", "9" * 30):
            with pytest.raises(RequestRefused) as refused:
                await ask(server, guard.supervisor, "POST", f"/v1/callbacks/{name}/done")
            assert refused.value.code == "callback_unknown"


async def test_operator_says_that_his_talk_was_not_finished(stage, guard):
    """Once, and only for himself; without a talk there is nothing to say."""
    call = stage.call()
    stage.answer()
    stage.at = Instant(stage.at + 60)
    stage.post(CallerHungUp(call))
    async with served(stage, guard) as server:
        said = await ask(server, guard.anna, "POST", "/v1/agents/101/unfinished", {"call": call})
        assert said == {"agent": "101", "taken": True}
        for path, code in (("101/unfinished", "talk_unknown"), ("102/unfinished", "not_allowed")):
            with pytest.raises(RequestRefused) as refused:
                await ask(server, guard.anna, "POST", f"/v1/agents/{path}")
            assert refused.value.code == code
        with pytest.raises(RequestRefused) as refused:
            await ask(server, guard.anna, "POST", "/v1/agents/101/callback-outcome", {"outcome": "machine"})
        assert refused.value.code == "talk_unknown"
    [row] = stage.callbacks.snapshot().rows
    assert row.calls == (CallId(call),)


async def test_a_call_back_that_has_ended_cannot_be_ended_again(stage, guard):
    """What was called off is not open any more."""
    async with served(stage, guard) as server:
        made = await ask(server, guard.supervisor, "POST", "/v1/callbacks", {"line": LINE, "number": CALLER})
        stage.callbacks.handle(CallbackCancelled(made["request"], "test"))
        with pytest.raises(RequestRefused) as refused:
            await ask(server, guard.supervisor, "POST", f"/v1/callbacks/{made['request']}/cancel")
    assert refused.value.code == "callback_unknown"


def test_a_wrong_time_is_told_in_plain_words(tmp_path, capsys):
    """The keyboard refuses a time that is none before it asks the daemon."""
    path = write_site(tmp_path)
    assert run(["--config", str(path), "--lang", "en", "callbacks", "add", LINE, CALLER, "--at", "soon"]) != 0
    assert "2026-11-21T14:30" in capsys.readouterr().err


@pytest.fixture
async def keyboard(tmp_path, unused_tcp_port_at, capsys):
    """Return a way to run commands against a stage that answers at the address of its configuration."""
    stage = Stage(write_site(tmp_path, port=unused_tcp_port_at(HOST)))
    server = ControlServer(control_app(stage, stage.config), HOST, stage.config.control.listen.port)
    await server.start()

    async def call(*arguments: str) -> tuple[int, str, str]:
        code = await asyncio.to_thread(run, ["--config", str(stage.config_path), *arguments])
        told = capsys.readouterr()
        return code, told.out, told.err

    yield call
    await server.close()


@pytest.mark.parametrize("language", ["en", "ru"])
async def test_the_keyboard_lists_adds_and_settles(keyboard, language):
    """The same from the command line, as a table and as JSON."""
    said = ("--lang", language, "callbacks")
    code, out, _ = await keyboard(*said, "add", LINE, CALLER, "--at", "2030-01-01T10:00", "--agent", "101", "--json")
    made = json.loads(out)
    assert (code, made["number"], made["agent"]) == (0, CALLER, "101")
    code, out, _ = await keyboard(*said, "list")
    assert code == 0
    assert CALLER in out
    code, out, _ = await keyboard(*said, "show", str(made["request"]))
    assert code == 0
    assert CALLER in out
    code, out, _ = await keyboard(*said, "done", str(made["request"]), "--json")
    assert json.loads(out)["state"] == "done"
    code, _, told = await keyboard(*said, "cancel", str(made["request"]))
    assert (code, bool(told)) == (4, True)
