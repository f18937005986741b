"""Lines over the control API and at the keyboard: open, closed, by whom and why."""

import json

import pytest

from acd.cli.main import run
from acd.control.access import Identity, Role
from acd.control.app import control_app
from acd.control.errors import RequestRefused
from acd.control.server import ControlServer
from queue_engine.ids import AgentId
from tests.acd.stage import HOST, LINE, Stage, Tokens, ask, served, write_site

CLOSABLE = '\n[[destination]]\nkind = "message"\nname = "sorry"\nsounds = ["vm-goodbye"]\n'


@pytest.fixture
def stage(tmp_path):
    """Return a stage whose line may be closed."""
    path = write_site(tmp_path)
    text = path.read_text(encoding="utf-8").replace('title = "122"', 'title = "122"\nat_closed = "sorry"')
    path.write_text(text + CLOSABLE, encoding="utf-8")
    return Stage(path)


@pytest.fixture
def guard():
    """Return a guard and the tokens of two people."""
    made = Tokens()
    made.supervisor = made.make(Identity("vera", Role.SUPERVISOR))
    made.anna = made.make(Identity("anna", Role.OPERATOR, AgentId("101")))
    return made


async def test_a_line_is_closed_with_a_reason_and_opened_again(stage, guard):
    """Who did it and why stands beside the line until it is taken back."""
    async with served(stage, guard) as server:
        closed = await ask(server, guard.supervisor, "POST", f"/v1/lines/{LINE}/close", {"reason": "fire drill"})
        assert (closed["open"], closed["switched_by"], closed["switched_for"]) == (False, "vera", "fire drill")
        opened = await ask(server, guard.supervisor, "POST", f"/v1/lines/{LINE}/by-hours")
        assert (opened["open"], opened["switched_by"], opened["next_change_at"]) == (True, None, None)


@pytest.mark.parametrize(
    ("token", "path", "body", "code"),
    [
        ("supervisor", "nowhere/close", {"reason": "x"}, "line_unknown"),
        ("supervisor", f"{LINE}/close", {}, "body_wrong"),
        ("supervisor", f"{LINE}/close", {"reason": "x", "until": 1}, "value_wrong"),
        ("anna", f"{LINE}/close", {"reason": "x"}, "not_allowed"),
    ],
)
async def test_what_is_refused(stage, guard, token, path, body, code):
    """An unknown line, no reason, a time that has passed, an operator."""
    async with served(stage, guard) as server:
        with pytest.raises(RequestRefused) as refused:
            await ask(server, getattr(guard, token), "POST", f"/v1/lines/{path}", body)
    assert refused.value.code == code


async def test_a_line_that_leads_nowhere_is_not_closed(tmp_path, guard):
    """Its callers would go nowhere: it has no at_closed, and no profile that brings one along."""
    path = write_site(tmp_path)
    path.write_text(path.read_text(encoding="utf-8").replace('profile = "saratov-122"\n', ""), encoding="utf-8")
    async with served(Stage(path), guard) as server:
        with pytest.raises(RequestRefused) as refused:
            await ask(server, guard.supervisor, "POST", f"/v1/lines/{LINE}/close", {"reason": "x"})
    assert refused.value.code == "line_no_destination"


async def test_at_the_keyboard(stage, capsys, in_thread):
    """`acd line close` and `acd line` tell who closed what and why."""
    server = ControlServer(control_app(stage, stage.config), HOST, 0)
    await server.start()
    try:
        text = stage.config_path.read_text(encoding="utf-8").replace(f"{HOST}:8122", f"{HOST}:{server.port}")
        stage.config_path.write_text(text, encoding="utf-8")
        options = ["--config", str(stage.config_path), "--lang", "en", "line"]
        until = "2026-11-22T08:30"
        assert await in_thread(run, [*options, "close", LINE, "--reason", "no power", "--until", until]) == 0
        capsys.readouterr()
        assert await in_thread(run, options) == 0
        shown = capsys.readouterr().out
        assert ("closed" in shown, "no power" in shown, "22.11 08:30" in shown) == (True, True, True)
        assert await in_thread(run, [*options, "by-hours", LINE, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)[0]["open"]
    finally:
        await server.close()
