"""What is fed to everything that people and other programs write to: API, MQTT commands, dial codes, configuration."""

import logging
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

import orjson
import structlog

from acd.control.access import Identity, Role
from acd.control.app import build_app
from acd.control.endpoints import ENDPOINTS
from acd.control.store.trail import Trail
from acd.publish.commands import Commands
from ami_bridge.agi_message import AgiReply
from ami_bridge.desks import Desks, Telephone
from ami_bridge.dial_codes import DialCodes
from config.errors import ConfigErrors
from config.load import load_config
from queue_engine.ids import AgentId
from tests.acd.stage import Stage, Tokens, write_site
from tests.ami_bridge.test_dial_codes import PinStaff
from tests.fuzz.mutating import Reader

Run = Callable[[Coroutine[Any, Any, Any]], Any]
"""Runs a coroutine to its end."""

API: Final = (
    b"\x00\x00/v1/status\x1f\x1f",
    b"\x00\x01/v1/callbacks\x1f\x1f{\"line\":\"saratov-122\",\"number\":\"+79270000001\",\"origin\":\"booked\"}",
    b"\x01\x00/v1/kpi\x1ffrom=2026-11-21&to=2026-11-22&line=saratov-122\x1f",
    b"\x02\x01/v1/agents/101/pause\x1f\x1f{\"reason\":\"lunch\",\"limit_s\":60}",
    b"\x03\x01/v1/calls/main-1.1/priority\x1f\x1f{\"priority\":5}",
    b"\x00\x00/v1/trail\x1fafter=0&limit=10\x1f",
)  # fmt: skip
MQTT: Final = (
    b'{"id":"1","command":"pause","agent":"101","reason":"lunch","limit_s":60}',
    b'{"id":"2","command":"resume","agent":"101"}',
    b'{"id":"3","command":"add_callback","line":"saratov-122","number":"89270000001"}',
)
CODES: Final = (
    b"\x00op101\x1f101*1111",
    b"\x01op101\x1f",
    b"\x02op101\x1f2",
    b"\x00hot\x1f\x1f102\x1f2222",
    b"\x05op101\x1f",
)
ACTIONS: Final = ("login", "logout", "pause", "resume", "ready", "unfinished", "machine", "wrong_person", "", "\n")

_PEOPLE: Final = (
    Identity("root", Role.ADMINISTRATOR),
    Identity("chief", Role.SUPERVISOR),
    Identity("anna", Role.OPERATOR, AgentId("101")),
    Identity("wall", Role.READ_ONLY),
)
_PATHS: Final = tuple(sorted({(endpoint.method, endpoint.path) for endpoint in ENDPOINTS}))


def quiet() -> None:
    """Let what is fed not fill the terminal with what is said about it."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


class Api:
    """No request, by whomever, brings more than a refusal."""

    def __init__(self, home: Path, run: Run) -> None:
        self._run = run
        self._stage = Stage(write_site(home))
        self._stage.log_in("101")
        self._stage.call()
        tokens = Tokens()
        self._tokens = [tokens.make(person) for person in _PEOPLE]
        self._app = build_app(self._stage, tokens)

    def __call__(self, data: bytes) -> None:
        """Ask once.

        The first byte says who asks, the second how; then path, query and body stand between separators. A path that
        is a number stands for one of the endpoints.
        """
        reader = Reader(data)
        token, method = self._tokens[reader.number(len(_PEOPLE))], ("GET", "POST", "PUT", "DELETE")[reader.number(4)]
        path, query = reader.chunk(b"\x1f"), reader.chunk(b"\x1f")
        if len(path) == 1:
            method, template = _PATHS[path[0] % len(_PATHS)]
            path = template.encode().replace(b"{agent}", b"101").replace(b"{call}", b"main-1.1")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "path": path.decode(errors="replace"),
            "raw_path": path,
            "query_string": query,
            "headers": [(b"authorization", b"Bearer " + token.encode()), (b"content-type", b"application/json")],
            "client": ("127.0.0.1", 5000),
            "server": ("127.0.0.1", 8122),
            "scheme": "http",
            "root_path": "",
        }  # fmt: skip
        if scope["path"].startswith("/v1/events"):
            return  # endless by design
        status = self._run(self._asked(scope, reader.rest()))
        assert status in {200, 400, 401, 403, 404, 405, 409, 413, 422, 429, 503}, status

    async def _asked(self, scope: dict[str, Any], body: bytes) -> int:
        statuses: list[int] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        await self._app(scope, receive, send)
        return statuses[0]


class MqttCommands:
    """A command is done or refused with a reason, and the answer can always be sent."""

    def __init__(self, home: Path, run: Run) -> None:
        stage = Stage(write_site(home))
        stage.log_in("101")
        self._run = run
        self._commands = Commands(stage, lambda _queue, _number, _by: None, Trail(None))

    def __call__(self, data: bytes) -> None:
        """Ask once."""
        answer = self._run(self._commands.take(data))
        orjson.dumps(answer.model_dump())
        assert answer.code


class Session:
    """A session of the dialplan whose operator presses what the input says."""

    def __init__(self, args: tuple[str, ...], pressed: Reader) -> None:
        self.args = args
        self._pressed = pressed

    async def command(self, name: str, *_words: str) -> AgiReply:
        """Answer a question for digits; everything else succeeds."""
        value = self._pressed.chunk(b"\x1f").decode(errors="replace") if name == "GET DATA" else "0"
        return AgiReply(200, 0, "", value)


class Codes:
    """Whatever is dialled, nobody but the owner of a PIN gets in, and a telephone acts for who sits at it alone."""

    def __init__(self, _home: Path, run: Run) -> None:
        self._run = run
        self._staff = PinStaff()

    def __call__(self, data: bytes) -> None:
        """Dial once, at a desk where nobody sits."""
        reader = Reader(data)
        action = ACTIONS[reader.number(len(ACTIONS))]
        telephone, digits = (reader.chunk(b"\x1f").decode(errors="replace") for _ in range(2))
        posted: list[object] = []
        desks = Desks([Telephone("main", "op101"), Telephone("main", "hot")], posted.append)
        self._staff.tried.clear()
        codes = DialCodes(lambda agi: agi.args[3], desks, self._staff, posted.append)
        self._run(codes.serve(Session((action, telephone, digits, "main"), reader)))
        seats = desks.seats()
        assert len(self._staff.tried) <= 3
        for agent, seat in seats.items():
            own = seat.name == "op101" and agent == "101"
            assert own or self._staff.tried[-1] in {("101", "1111"), ("102", "2222")}
        if action != "login":
            assert not posted


class Configuration:
    """A file is a configuration or has mistakes that are told; each has words in both languages."""

    def __init__(self, home: Path, _run: Run) -> None:
        self._path = write_site(home)

    def __call__(self, data: bytes) -> None:
        """Load once."""
        self._path.write_bytes(data)
        told = ["a configuration"]
        try:
            load_config(self._path, environ={})
        except ConfigErrors as errors:
            told = [mistake.text(language) for mistake in errors.mistakes for language in ("en", "ru")]
        assert told
        assert all(told)


def configuration_example(home: Path) -> bytes:
    """Return a whole configuration to start from."""
    return write_site(home).read_bytes()
