"""Who may send supervisors into talks, and who may log in where: asked over HTTP."""

import pytest

from acd.control.access import Identity, Role
from acd.control.errors import RequestRefused
from queue_engine.ids import AgentId
from tests.acd.stage import Stage, Tokens, ask, served

SUPERVISOR = Identity("chief", Role.SUPERVISOR)
WALLBOARD = Identity("wall", Role.READ_ONLY)
ANNA = Identity("anna", Role.OPERATOR, AgentId("101"))
SENIOR = '\n[[telephone]]\nname = "op900"\n\n[[supervisor]]\nname = "chief"\ntelephone = "op900"\n'


@pytest.fixture
def senior(stage: Stage) -> Stage:
    """A stage with one supervisor's telephone."""
    path = stage.config_path
    path.write_text(path.read_text(encoding="utf-8") + SENIOR, encoding="utf-8")
    return Stage(path)


async def refusal(server, token, path, body=None) -> tuple[int, str]:
    """Return how a request is refused."""
    with pytest.raises(RequestRefused) as refused:
        await ask(server, token, "POST", path, body)
    return refused.value.status, refused.value.code


@pytest.mark.parametrize("identity", [WALLBOARD, ANNA])
async def test_supervisors_alone_listen_and_see_who_listens(senior: Stage, identity):
    """No operator, for his own talk neither, and no wallboard."""
    tokens = Tokens()
    async with served(senior, tokens) as server:
        token = tokens.make(identity)
        body = {"mode": "listen"}
        assert await refusal(server, token, "/v1/agents/101/supervise", body) == (403, "not_allowed")
        assert await refusal(server, token, "/v1/supervisions/op900/end") == (403, "not_allowed")
        with pytest.raises(RequestRefused, match="may not"):
            await ask(server, token, "GET", "/v1/supervisions")


async def test_refusals_have_reasons(senior: Stage):
    """Nobody there, no talk, not a supervisor's telephone, no such mode."""
    tokens = Tokens()
    async with served(senior, tokens) as server:
        token = tokens.make(SUPERVISOR)
        assert (await ask(server, token, "GET", "/v1/supervisions"))["supervisions"] == []
        path = "/v1/agents/101/supervise"
        assert await refusal(server, token, path, {"mode": "join"}) == (409, "agent_talks_not")
        other = {"mode": "join", "telephone": "op101"}
        assert await refusal(server, token, path, other) == (404, "telephone_unknown")
        assert await refusal(server, token, path, {"mode": "shout"}) == (422, "body_wrong")
        unknown = "/v1/agents/999/supervise"
        assert await refusal(server, token, unknown, {"mode": "join"}) == (404, "agent_unknown")
        assert await refusal(server, token, "/v1/supervisions/op900/end") == (404, "telephone_unknown")


async def test_without_supervisors_telephones_nobody_is_listened_to(stage: Stage):
    """Whatever the role: what the site has not configured does not exist."""
    tokens = Tokens()
    async with served(stage, tokens) as server:
        path, body = "/v1/agents/101/supervise", {"mode": "listen"}
        assert await refusal(server, tokens.make(SUPERVISOR), path, body) == (404, "telephone_unknown")


async def test_operator_logs_in_where_he_sits_unless_somebody_else_does(senior: Stage):
    """A free telephone is his; a colleague's is given to him by a supervisor alone."""
    tokens = Tokens()
    async with served(senior, tokens) as server:
        anna, chief = tokens.make(ANNA), tokens.make(SUPERVISOR)
        assert (await ask(server, anna, "POST", "/v1/agents/101/login", {"telephone": "op900"}))["state"] == "ready"
        senior.seats["op102"] = AgentId("102")
        path = "/v1/agents/101/login"
        assert await refusal(server, anna, path, {"telephone": "op102"}) == (409, "telephone_taken")
        assert await refusal(server, anna, path, {"telephone": "op555"}) == (404, "telephone_unknown")
        assert await refusal(server, anna, "/v1/agents/102/login", {"telephone": "op900"}) == (403, "not_allowed")
        assert (await ask(server, chief, "POST", path, {"telephone": "op102"}))["state"] == "ready"
        assert senior.seats["op102"] == "101"
