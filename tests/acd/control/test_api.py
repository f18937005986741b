"""What the control API answers, asked over HTTP."""

import asyncio
from collections.abc import Iterator
from typing import get_args

import pytest
from pydantic import BaseModel, TypeAdapter

from acd.campaigns.model import Settings
from acd.control.access import Identity, Role
from acd.control.client import ControlClient
from acd.control.endpoints import ENDPOINTS
from acd.control.errors import DaemonAway, RequestRefused
from acd.whole import WHOLE
from metrics.records.database import upgrade
from queue_engine.ids import AgentId
from queue_engine.inputs import CallerHungUp
from tests.acd.stage import CALLER, HOST, LINE, Stage, Tokens, ask, served

ADMINISTRATOR = Identity("root", Role.ADMINISTRATOR)
SUPERVISOR = Identity("chief", Role.SUPERVISOR)
WALLBOARD = Identity("wall", Role.READ_ONLY)
ANNA = Identity("anna", Role.OPERATOR, AgentId("101"))


async def refusal(server, token, method, path, body=None) -> RequestRefused:
    """Return how the request is refused."""
    with pytest.raises(RequestRefused) as refused:
        await ask(server, token, method, path, body)
    return refused.value


async def test_status_tells_who_waits_and_how_the_day_went(stage: Stage):
    """One caller talks, one waits: the line's figures, the operators' states and the health are in the answer."""
    tokens = Tokens()
    stage.log_in()
    stage.call(name="main-1.1")
    stage.answer()
    stage.call(name="main-1.2")
    stage.at += 7
    async with served(stage, tokens) as server:
        told = await ask(server, tokens.make(WALLBOARD), "GET", "/v1/status")
    line = told["lines"][0]
    assert (line["waiting"], line["talking"], line["longest_wait_s"]) == (1, 1, 7.0)
    assert (line["accepted_today"], line["answered_today"], line["share_in_norm_today"]) == (1, 1, 1.0)
    assert (line["operators_logged_in"], line["operators_ready"], line["norm_share"]) == (1, 0, 0.9)
    assert told["agents_by_state"] == {"talking": 1, "logged_out": 1}
    assert told["health"]["status"] == "ok"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, "ok"),
        ({"database_up": False, "spooled": 4096}, "degraded"),
        ({"held": 3, "records_error": "spool: [Errno 28] No space left on device"}, "degraded"),
        ({"lost": 1}, "degraded"),
        ({"set_aside": 1}, "ok"),
        ({"draining": True}, "degraded"),
        ({"agi_listening": False}, "down"),
        ({"servers": ()}, "down"),
    ],
)
async def test_health_names_the_worst(stage: Stage, change, status):
    """Without its database the centre is degraded, without callers' way in it is down."""
    tokens = Tokens()
    stage.worsen(**change)
    async with served(stage, tokens) as server:
        assert (await ask(server, tokens.make(ANNA), "GET", "/v1/health"))["status"] == status


async def test_supervisor_changes_an_operators_state(stage: Stage):
    """Log-in, pause with a limit, resume and log-out take effect at once, and the facts name who asked."""
    tokens = Tokens()
    async with served(stage, tokens) as server:
        token = tokens.make(SUPERVISOR)
        path = "/v1/agents/101"
        assert (await ask(server, token, "POST", f"{path}/login"))["state"] == "ready"
        paused = await ask(server, token, "POST", f"{path}/pause", {"reason": "lunch", "limit_s": 60})
        assert (paused["state"], paused["reason"]) == ("paused", "lunch")
        assert (await ask(server, token, "POST", f"{path}/resume"))["state"] == "ready"
        assert (await ask(server, token, "POST", f"{path}/logout", {"reason": "end"}))["state"] == "logged_out"
    assert {fact.by for fact in stage.facts} == {"chief"}


async def test_pause_during_a_talk_waits_for_its_end(stage: Stage):
    """The operator goes on talking; the pause comes after the call."""
    tokens = Tokens()
    stage.log_in()
    stage.call()
    stage.answer()
    async with served(stage, tokens) as server:
        told = await ask(server, tokens.make(SUPERVISOR), "POST", "/v1/agents/101/pause", {"reason": "lunch"})
    assert (told["state"], told["call"]) == ("talking", "main-1.1")


async def test_callers_number_is_shown_to_those_who_need_it(stage: Stage):
    """A supervisor and the operator who talks see the number; a wallboard sees two digits of it."""
    tokens = Tokens()
    stage.log_in()
    stage.call()
    stage.answer()
    async with served(stage, tokens) as server:
        seen = {
            identity.name: (await ask(server, tokens.make(identity), "GET", "/v1/calls"))["calls"][0]["caller"]
            for identity in (SUPERVISOR, ANNA, WALLBOARD)
        }
    assert seen == {"chief": CALLER, "anna": CALLER, "wall": "***67"}


async def test_operator_sees_himself_alone(stage: Stage):
    """Neither another operator nor a call that is not his is shown to an operator."""
    tokens = Tokens()
    stage.log_in("102")
    stage.call()
    stage.answer()
    async with served(stage, tokens) as server:
        token = tokens.make(ANNA)
        agents = (await ask(server, token, "GET", "/v1/agents"))["agents"]
        assert [agent["agent"] for agent in agents] == ["101"]
        assert (await ask(server, token, "GET", "/v1/calls"))["calls"] == []


@pytest.mark.parametrize(
    ("identity", "method", "path"),
    [
        (ANNA, "POST", "/v1/agents/102/pause"),
        (ANNA, "GET", "/v1/status"),
        (ANNA, "POST", "/v1/reload"),
        (WALLBOARD, "POST", "/v1/agents/101/login"),
        (SUPERVISOR, "POST", "/v1/reload"),
    ],
)
async def test_what_a_role_may_not_is_refused(stage: Stage, identity, method, path):
    """Rights are checked for every request, and nothing changes when they lack."""
    tokens = Tokens()
    async with served(stage, tokens) as server:
        told = await refusal(server, tokens.make(identity), method, path, {"reason": "x"})
    assert (told.status, told.code, stage.facts) == (403, "not_allowed", [])


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/v1/agents/999/login", {}, 404, "agent_unknown"),
        ("/v1/agents/101/pause", {}, 422, "body_wrong"),
        ("/v1/campaigns", {"name": "remind", "line": LINE, "settings": {"hours": ["mon 8-20"]}}, 422, "value_wrong"),
        ("/v1/agents/101/pause", {"reason": "x", "limit_s": -1}, 422, "body_wrong"),
        ("/v1/agents/101/pause", {"reason": "x", "extra": 1}, 422, "body_wrong"),
        ("/v1/agents/101/login", {"reason": "x"}, 422, "body_wrong"),
        ("/v1/agents/101/pause", {"reason": "x" * 70_000}, 413, "body_too_long"),
        ("/v1/agents/101/fly", {}, 404, "path_unknown"),
        ("/v1/status", {}, 405, "method_wrong"),
    ],
)
async def test_wrong_request_is_refused_with_a_stable_code(stage: Stage, path, body, status, code):
    """Every refusal has the same shape and a code for programs, and changes nothing."""
    tokens = Tokens()
    async with served(stage, tokens) as server:
        told = await refusal(server, tokens.make(ADMINISTRATOR), "POST", path, body)
    assert (told.status, told.code, stage.facts) == (status, code, [])


@pytest.mark.parametrize("token", ["", "wrong", "ключ".encode().decode("latin-1")])
async def test_without_a_valid_token_nothing_is_told(stage: Stage, token):
    """An unknown token, or none, is refused before anything else is looked at."""
    async with served(stage, Tokens()) as server:
        assert (await refusal(server, token, "GET", "/v1/health")).status == 401


async def test_reload_tells_the_mistakes(stage: Stage):
    """A configuration with mistakes is not taken, and each of them is in the answer."""
    tokens = Tokens()
    async with served(stage, tokens) as server:
        token = tokens.make(ADMINISTRATOR)
        assert await ask(server, token, "POST", "/v1/reload") == {"reloaded": True, "errors": []}
        stage.mistakes = ["acd.toml: line[1].ring_s: must be above 0"]
        assert await ask(server, token, "POST", "/v1/reload") == {"reloaded": False, "errors": stage.mistakes}


async def test_fault_in_an_answer_is_an_answer(stage: Stage, monkeypatch):
    """A bug of ours becomes a 500 with the usual shape; the server goes on."""
    tokens = Tokens()
    async with served(stage, tokens) as server:
        token = tokens.make(ADMINISTRATOR)
        with monkeypatch.context() as broken:
            broken.setattr(stage, "snapshot", lambda: 1 / 0)
            assert (await refusal(server, token, "GET", "/v1/status")).code == "failed"
        assert (await ask(server, token, "GET", "/v1/status"))["site"] == "Сцена"


@pytest.mark.parametrize(
    "endpoint",
    [e for e in ENDPOINTS if e.method == "GET" and e.path not in {"/v1/kpi", "/v1/audit"} and "{" not in e.path],
    ids=lambda each: each.path,
)
async def test_answer_is_of_the_shape_that_is_documented(stage: Stage, endpoint):
    """Every answer fits the type that its schema in the OpenAPI document is made of, and has no field beside."""
    tokens = Tokens()
    await asyncio.to_thread(upgrade, stage.config.database.url)
    stage.log_in()
    stage.call()
    async with served(stage, tokens) as server:
        told = await ask(server, tokens.make(ADMINISTRATOR), "GET", endpoint.path)
    adapter = TypeAdapter(endpoint.answers)
    assert adapter.dump_python(adapter.validate_python(told), mode="json") == told


async def test_openapi_document_names_every_request(stage: Stage):
    """The document is served without a token and lists the paths, their roles and how to authenticate."""
    async with served(stage, Tokens()) as server:
        document = await ask(server, "", "GET", "/v1/openapi.json")
    listed = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert listed >= {(endpoint.method, endpoint.path) for endpoint in ENDPOINTS}
    pause = document["paths"]["/v1/agents/{agent}/pause"]["post"]
    assert pause["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Pause"}
    assert "supervisor" in pause["description"]
    references = set(_references(document))
    assert references <= {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}


def _references(part):
    if isinstance(part, dict):
        yield from (value for key, value in part.items() if key == "$ref")
        for value in part.values():
            yield from _references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value)


def models_in(kind: object) -> Iterator[type[BaseModel]]:
    """Give all models that a type is made of, itself included."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
        parts = [field.annotation for field in kind.model_fields.values()]
    else:
        parts = [*get_args(kind)]
    for part in parts:
        yield from models_in(part)


def test_whole_number_may_be_written_with_a_point():
    """To JSON, and to the document, `2.0` is the whole number 2: wherever a request has one, it is taken for it."""
    bodies = {endpoint.body for endpoint in ENDPOINTS if endpoint.method != "GET"}
    numbers = [
        (model.__name__, name, field)
        for body in bodies
        for model in models_in(body)
        for name, field in model.model_fields.items()
        if field.annotation is int
    ]
    assert {"priority", "keep_free"} <= {name for _, name, _ in numbers}
    assert [(model, name) for model, name, field in numbers if WHOLE not in field.metadata] == []
    taken = TypeAdapter(Settings).validate_json(b'{"keep_free": 2.0}', strict=True)
    assert (taken.keep_free, type(taken.keep_free)) == (2, int)


async def test_line_that_left_the_configuration_is_still_shown(stage: Stage):
    """A line that drains has no norms any more, and its callers are counted."""
    tokens = Tokens()
    stage.call()
    stage.config = stage.config.model_copy(update={"lines": ()})
    async with served(stage, tokens) as server:
        line = (await ask(server, tokens.make(WALLBOARD), "GET", "/v1/lines"))["lines"][0]
    assert (line["title"], line["waiting"], line["max_wait_s"], line["norm_share"]) == (LINE, 1, None, None)


async def test_daemon_that_is_away_is_named_so():
    """Nobody listens: the client says where it looked."""
    with pytest.raises(DaemonAway) as away:
        await asyncio.to_thread(ControlClient(HOST, 1, "x").get, "/v1/status")
    assert away.value.address == f"{HOST}:1"


async def test_stranger_at_the_address_is_no_daemon():
    """Another program's answer is not taken for the daemon's."""

    async def stranger(reader, writer):
        await reader.readline()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
        writer.close()

    server = await asyncio.start_server(stranger, HOST, 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(DaemonAway, match="no daemon of ours"):
            await asyncio.to_thread(ControlClient(HOST, port, "x").get, "/v1/status")


async def test_indicators_of_a_period_are_answered(stage: Stage, in_thread):
    """The same figures as the report's, as JSON; a wrong period and an unknown line are refused."""
    tokens = Tokens()
    await in_thread(upgrade, stage.config.database.url)
    async with served(stage, tokens) as server:
        token = tokens.make(WALLBOARD)
        told = await ask(server, token, "GET", "/v1/kpi?from=2026-11-01&to=2026-11-21&line=saratov-122")
        assert told["report"] == "kpi"
        assert (await refusal(server, token, "GET", "/v1/kpi?from=yesterday")).code == "period_wrong"
        assert (await refusal(server, token, "GET", "/v1/kpi?line=112")).code == "line_unknown"


async def test_indicators_without_records_are_refused(stage: Stage):
    """The database is not there: 503, and the daemon goes on."""
    tokens = Tokens()
    async with served(stage, tokens) as server:
        told = await refusal(server, tokens.make(WALLBOARD), "GET", "/v1/kpi")
    assert (told.status, told.code) == (503, "database_away")


async def test_supervisor_lets_a_call_overtake(stage: Stage):
    """A call of a higher class stands before those that came earlier."""
    tokens = Tokens()
    stage.call(name="main-1.1")
    stage.call(name="main-1.2")
    async with served(stage, tokens) as server:
        told = await ask(server, tokens.make(SUPERVISOR), "POST", "/v1/calls/main-1.2/priority", {"priority": 5})
    assert (told["position"], told["priority"]) == (1, 5)


async def test_supervisor_gives_a_call_to_one_operator(stage: Stage):
    """It rings him and nobody else, though another is ready before him."""
    tokens = Tokens()
    async with served(stage, tokens) as server:
        token = tokens.make(SUPERVISOR)
        stage.log_in("102")
        talk = stage.call(name="main-1.0")
        stage.answer()
        stage.call()
        assert (await ask(server, token, "POST", "/v1/calls/main-1.1/give", {"agent": "102"}))["state"] == "waiting"
        stage.log_in("101")
        stage.at += 60
        stage.post(CallerHungUp(talk))
        (call,) = (await ask(server, token, "GET", "/v1/calls"))["calls"]
    assert (call["state"], call["agents"]) == ("ringing", ["102"])


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/v1/calls/main-9.9/priority", {"priority": 1}, 404, "call_unknown"),
        ("/v1/calls/main-1.1/priority", {"priority": 1000}, 422, "body_wrong"),
        ("/v1/calls/main-1.1/give", {"agent": "999"}, 404, "agent_unknown"),
        ("/v1/calls/main-1.1/give", {"agent": "102"}, 409, "agent_absent"),
        ("/v1/calls/main-1.1/move", {"line": "112"}, 404, "line_unknown"),
        ("/v1/calls/main-1.2/move", {"line": LINE}, 409, "call_talks"),
    ],
)
async def test_call_that_cannot_be_moved_is_told_why(stage: Stage, path, body, status, code):
    """Unknown calls, operators and lines, and a call that talks, are refused by name."""
    tokens = Tokens()
    stage.log_in()
    stage.call(name="main-1.2")
    stage.answer()
    stage.call(name="main-1.1")
    before = len(stage.facts)
    async with served(stage, tokens) as server:
        told = await refusal(server, tokens.make(SUPERVISOR), "POST", path, body)
    assert (told.status, told.code, len(stage.facts)) == (status, code, before)


async def test_operator_may_not_move_calls(stage: Stage):
    """Places in the line are a supervisor's business."""
    tokens = Tokens()
    stage.call()
    async with served(stage, tokens) as server:
        told = await refusal(server, tokens.make(ANNA), "POST", "/v1/calls/main-1.1/give", {"agent": "101"})
    assert told.code == "not_allowed"
