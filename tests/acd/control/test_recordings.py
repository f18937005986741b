"""Recorded talks over the API: who may hear them, in which parts, and what stands in the trail."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from acd.control.access import Identity, Role
from acd.control.errors import RequestRefused
from acd.control.ranges import asked_range
from acd.recordings.outside import Outside
from metrics.facts import RecordingKept
from metrics.records.database import open_engine, upgrade
from queue_engine.facts import CallAccepted
from queue_engine.ids import AgentId, CallId, Instant, QueueName
from tests.acd.stage import HOST, LINE, Stage, Tokens, ask, served
from tests.metrics.storing import store

SOUND = bytes(range(256)) * 4
RECORDING = "100000_main-1.1_op101"
CHIEF = Identity("chief", Role.SUPERVISOR)
ROOT = Identity("root", Role.ADMINISTRATOR)
ANNA = Identity("anna", Role.OPERATOR, AgentId("101"))


class Desk:
    """Recordings out of a database, whose sound is in memory."""

    def __init__(self, records: AsyncEngine) -> None:
        self.records = records
        self.destroyed: list[tuple[str, str, str]] = []
        self.paused: list[tuple[str, str]] = []
        self.talks_outside: list[Outside] = []

    def read(self, path: str, start: int, length: int) -> Iterator[bytes]:
        """The one sound there is."""
        yield SOUND[start : start + length]

    async def destroy(self, recording: str, path: str, reason: str, by: str) -> bool:
        """Note it."""
        self.destroyed.append((recording, reason, by))
        return True

    def may_pause(self, queue: QueueName) -> bool | None:
        """Yes."""
        return True

    async def pause(self, call: CallId, by: str) -> bool:
        """Done."""
        self.paused.append((call, by))
        return True

    async def resume(self, call: CallId, by: str) -> bool:
        """Done."""
        return True

    async def outside(self) -> list[Outside]:
        """As the test has it."""
        return self.talks_outside

    def agent_at(self, telephone: str) -> AgentId | None:
        """Operator N sits at opN."""
        return AgentId(telephone[2:]) if telephone.startswith("op") else None


@pytest.fixture
async def desk(stage: Stage, tmp_path: Path):
    """One recording of one call."""
    url = f"sqlite+aiosqlite:///{tmp_path}/records.db"
    await asyncio.to_thread(upgrade, url)
    engine = open_engine(url)
    at, call = Instant(100.0), CallId("main-1.1")
    kept = RecordingKept(
        at, RECORDING, call, "op101", at, 60.0, "1970-01-01/x.wav", len(SOUND), "00", 1, "", Instant(9e9)
    )
    await store(engine, [CallAccepted(at, call, QueueName(LINE), "79270001122", at, 0), kept])
    stage.recording_desk = Desk(engine)
    yield stage.recording_desk
    await engine.dispose()


@pytest.mark.parametrize(
    ("header", "part"),
    [
        (None, (0, 100)),
        ("bytes=0-9", (0, 10)),
        ("bytes=90-", (90, 10)),
        ("bytes=-5", (95, 5)),
        ("bytes=90-1000", (90, 10)),
        ("bytes=-1000", (0, 100)),
        ("bytes=-", (0, 100)),
        ("items=0-9", (0, 100)),
        ("bytes=0-1,5-6", (0, 100)),
    ],
)
def test_range_of_bytes(header, part):
    """One range is kept to; what is none, or several, is answered with the whole (RFC 9110, 14.2)."""
    assert asked_range(header, 100) == part


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=5-2"])
def test_range_that_does_not_exist(header):
    """Beyond the end, or backwards."""
    with pytest.raises(RequestRefused) as refused:
        asked_range(header, 100)
    assert refused.value.status == 416


async def heard(server, token: str, range_: str | None = None):
    """Return status, headers and body of a request for the sound."""
    reader, writer = await asyncio.open_connection(HOST, server.port)
    more = f"Range: {range_}\r\n" if range_ else ""
    path = f"/v1/recordings/{RECORDING}/sound"
    writer.write(
        f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n{more}\r\n".encode()
    )
    answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), head.decode().lower(), body


async def test_supervisor_hears_the_whole_or_a_part(stage: Stage, desk):
    """What a player asks for when somebody moves within the sound."""
    tokens = Tokens()
    async with served(stage, tokens) as server:
        token = tokens.make(CHIEF)
        status, head, body = await heard(server, token)
        assert (status, body, "audio/wav" in head, "no-store" in head) == (200, SOUND, True, True)
        status, head, body = await heard(server, token, "bytes=256-511")
        assert (status, body) == (206, SOUND[256:512])
        assert "content-range: bytes 256-511/1024" in head


async def test_operator_hears_nothing(stage: Stage, desk):
    """S2: listening is for those who assess, also where the talk was his own."""
    tokens = Tokens()
    async with served(stage, tokens) as server:
        assert (await heard(server, tokens.make(ANNA)))[0] == 403
        with pytest.raises(RequestRefused, match="may not"):
            await ask(server, tokens.make(ANNA), "GET", "/v1/recordings")


async def test_list_and_destruction(stage: Stage, desk):
    """A supervisor finds it by its call; only an administrator destroys it, with a reason."""
    tokens = Tokens()
    async with served(stage, tokens) as server:
        chief, path = tokens.make(CHIEF), f"/v1/recordings/{RECORDING}"
        (found,) = (await ask(server, chief, "GET", "/v1/recordings?call=main-1.1"))["recordings"]
        assert (found["recording"], found["line"], found["caller"]) == (RECORDING, LINE, "79270001122")
        with pytest.raises(RequestRefused):
            await ask(server, chief, "POST", f"{path}/destroy", {"reason": "x"})
        told = await ask(server, tokens.make(ROOT), "POST", f"{path}/destroy", {"reason": "asked by the caller"})
    assert (told["destroyed_by"], told["destroyed_for"]) == ("root", "asked by the caller")
    assert desk.destroyed == [(RECORDING, "asked by the caller", "root")]


async def test_operator_pauses_his_own_talk_only(stage: Stage, desk):
    """What is not to be recorded is known to whoever talks; a colleague's talk is none of his business."""
    tokens = Tokens()
    stage.log_in()
    call = stage.call()
    stage.answer()
    boris = Identity("boris", Role.OPERATOR, AgentId("102"))
    async with served(stage, tokens) as server:
        told = await ask(server, tokens.make(ANNA), "POST", f"/v1/calls/{call}/recording/pause")
        assert told == {"call": call, "paused": True}
        with pytest.raises(RequestRefused, match="his own"):
            await ask(server, tokens.make(boris), "POST", f"/v1/calls/{call}/recording/resume")


async def test_talk_outside_is_paused_by_who_called_there_or_handed_the_caller_on(stage: Stage, desk):
    """No line has it: Asterisk says what goes on; an operator sees and pauses his own, a supervisor all."""
    own, visit = CallId("main-2.1-hot-line"), CallId("main-1.1-1")
    desk.talks_outside = [
        Outside(visit, QueueName(LINE), "trunk-city", "op102", Instant(20.0), True, "PJSIP/trunk-city-2"),
        Outside(own, QueueName(LINE), "op101", "op101", Instant(10.0), False, "PJSIP/op101-1"),
    ]
    tokens = Tokens()
    async with served(stage, tokens) as server:
        anna, chief = tokens.make(ANNA), tokens.make(CHIEF)
        (seen,) = (await ask(server, anna, "GET", "/v1/outside-talks"))["talks"]
        assert (seen["call"], seen["agent"], seen["paused"]) == (own, "101", False)
        listed = (await ask(server, chief, "GET", "/v1/outside-talks"))["talks"]
        assert [(each["call"], each["agent"]) for each in listed] == [(own, "101"), (visit, "102")]
        assert (await ask(server, anna, "POST", f"/v1/calls/{own}/recording/pause"))["paused"]
        with pytest.raises(RequestRefused, match="his own"):
            await ask(server, anna, "POST", f"/v1/calls/{visit}/recording/pause")
        assert (await ask(server, chief, "POST", f"/v1/calls/{visit}/recording/pause"))["paused"]
        with pytest.raises(RequestRefused, match="no talk"):
            await ask(server, chief, "POST", "/v1/calls/main-9.9/recording/pause")
    assert desk.paused == [(own, "anna"), (visit, "chief")]
