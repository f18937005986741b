"""The desk of voice messages: what counts as one, who works on it, how its sound is destroyed."""

import asyncio

import pytest
from sqlalchemy import insert

from acd.control.access import Identity, Role
from acd.control.client import ControlClient
from acd.control.errors import RequestRefused
from ami_bridge.ended import EndedCall, LeftMessage
from config.messages_kept import Messages
from metrics.records.database import open_engine, upgrade
from metrics.records.derive_messages import message_after
from metrics.records.tables import voice_messages
from metrics.service_facts import VoiceMessageDestroyed, VoiceMessageDone, VoiceMessageHeard, VoiceMessageLeft
from queue_engine.ids import AgentId, CallId, Instant, QueueName
from tests.acd.stage import CALLER, HOST, LINE, NOON, Stage, Tokens, ask, served, write_site

CALL = CallId("main-1795.1")
FILE = "2026-11-21/main-1795.1.wav"
SECRETARY = '\n[[destination]]\nkind = "voice_message"\nname = "secretary"\ngreeting = ["beep"]\nmin_s = 2\n'


@pytest.fixture
async def stage(tmp_path):
    """Return a stage with a secretary."""
    path = write_site(tmp_path)
    path.write_text(path.read_text(encoding="utf-8") + SECRETARY, encoding="utf-8")
    made = Stage(path)
    await asyncio.to_thread(upgrade, made.config.database.url)
    yield made
    await made.records.dispose()


def sound(stage, seconds: float, file: str = FILE):
    """Put a file of so many seconds where Asterisk would."""
    path = stage.config.messages.directory / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\1" * (44 + int(16000 * seconds)))
    return path


def ended(call: CallId = CALL, file: str = FILE, seconds: float = 30.0) -> dict[CallId, EndedCall]:
    """Return the journal's entry of a call that left a message."""
    left = LeftMessage(file, Instant(NOON - seconds), NOON)
    return {call: EndedCall(call, QueueName(LINE), CALLER, NOON, NOON, None, "", 16, "secretary", "new", None, left)}


async def test_a_message_is_learnt_of_once(stage):
    """Its length is that of the file; the same entry read again is no second message."""
    sound(stage, 12.0)
    await stage.messages.learn("main", ended())
    await stage.messages.learn("main", ended())
    assert [(type(f), f.length_s, f.caller) for f in stage.told] == [(VoiceMessageLeft, 12.0, CALLER)]
    assert stage.messages.next_for(AgentId("101")) == (CALL, str(stage.config.messages.directory / FILE)[:-4])


async def test_a_message_that_is_recorded_is_not_learnt_of_again(stage):
    """After a restart the journal may still have what the records have, processed or not."""
    row = message_after(None, VoiceMessageLeft(NOON, CALL, QueueName(LINE), CALLER, "main", FILE, 12.0))
    engine = open_engine(stage.config.database.url)
    async with engine.begin() as connection:
        fields = {column.name: getattr(row, column.name) for column in voice_messages.c}
        await connection.execute(insert(voice_messages).values(**fields | {"done_at": NOON}))
    await engine.dispose()
    await stage.messages.learn("main", ended())
    assert stage.told == []


async def test_what_is_too_short_is_no_message_and_its_file_goes(stage):
    """Nobody said anything."""
    path = sound(stage, 1.5)
    await stage.messages.learn("main", ended())
    assert stage.told == []
    assert not path.exists()


async def test_a_message_on_another_machines_disk_is_taken_by_the_clock(stage):
    """No file here: the dialplan's times say how long it is."""
    await stage.messages.learn("main", ended(seconds=20.0))
    assert [fact.length_s for fact in stage.told] == [20.0]
    assert stage.messages.next_for(AgentId("101")) is None


async def test_a_name_that_leads_out_of_the_folder_is_refused(stage, tmp_path):
    """Nothing outside the folder is ever read or destroyed."""
    outside = tmp_path / "acd.toml"
    await stage.messages.learn("main", ended(file="../acd.toml"))
    assert stage.told == []
    assert outside.exists()


async def test_messages_are_the_first_levels_work(stage):
    """An operator of a higher level, and one of another line, have none."""
    sound(stage, 12.0)
    await stage.messages.learn("main", ended())
    operators = [stage.config.operators[0].model_copy(update={"levels": {LINE: 2}}), stage.config.operators[1]]
    stage.config = stage.config.model_copy(update={"operators": tuple(operators)})
    assert stage.messages.next_for(AgentId("101")) is None
    assert stage.messages.next_for(AgentId("102")) is not None
    assert stage.messages.next_for(AgentId("999")) is None


async def test_one_after_the_other(stage):
    """`after` goes on to the next; one that was processed is not offered again."""
    second = CallId("main-1795.2")
    sound(stage, 12.0)
    sound(stage, 12.0, "2026-11-21/main-1795.2.wav")
    await stage.messages.learn("main", ended() | ended(second, "2026-11-21/main-1795.2.wav"))
    assert stage.messages.next_for(AgentId("101"), CALL)[0] == second
    stage.messages.done_by_telephone(CALL, "telephone op101")
    assert stage.messages.next_for(AgentId("101"))[0] == second


async def test_what_was_processed_is_destroyed_when_its_time_is_over(stage):
    """Thirty days after; what nobody has processed stays, however old."""
    path = sound(stage, 12.0)
    left = VoiceMessageLeft(NOON, CALL, QueueName(LINE), CALLER, "main", FILE, 12.0)
    engine = open_engine(stage.config.database.url)
    row = message_after(message_after(None, left), VoiceMessageDone(NOON, CALL, "anna"))
    other = row._replace(call="main-1795.9", done_at=None, done_by=None)
    async with engine.begin() as connection:
        for each in (row, other):
            fields = {column.name: getattr(each, column.name) for column in voice_messages.c}
            await connection.execute(insert(voice_messages).values(**fields))
    await engine.dispose()
    days = Messages().keep_days * 86_400
    stage.at = Instant(NOON + days - 1)
    assert await stage.messages.destroy_due() == 0
    stage.at = Instant(NOON + days + 1)
    assert await stage.messages.destroy_due() == 1
    assert not path.exists()
    [fact] = stage.told
    assert (type(fact), fact.by, fact.reason, len(fact.sha256)) == (
        VoiceMessageDestroyed, "rule", "kept_long_enough", 64,
    )  # fmt: skip


async def test_over_the_api(stage):
    """An operator lists, hears and processes his line's messages; a wallboard may not; who listened is told."""
    sound(stage, 12.0)
    await stage.messages.learn("main", ended())
    guard = Tokens()
    anna = guard.make(Identity("anna", Role.OPERATOR, AgentId("101")))
    wall = guard.make(Identity("wall", Role.READ_ONLY))
    async with served(stage, guard) as server:
        [row] = (await ask(server, anna, "GET", "/v1/messages"))["messages"]
        assert (row["state"], row["caller"], row["length_s"]) == ("new", CALLER, 12.0)
        with pytest.raises(RequestRefused):
            await ask(server, wall, "GET", "/v1/messages")
        done = await ask(server, anna, "POST", f"/v1/messages/{CALL}/done", {"note": "called back"})
        assert (done["state"], done["done_by"], done["note"]) == ("done", "anna", "called back")
        assert (await ask(server, anna, "GET", "/v1/messages"))["messages"] == []
        with pytest.raises(RequestRefused) as refused:
            await ask(server, anna, "GET", "/v1/messages/main-9.9")
    assert refused.value.code == "message_unknown"


async def test_its_sound_over_the_api(stage, in_thread):
    """The WAV as it is; that somebody has listened is a fact."""
    path = sound(stage, 12.0)
    await stage.messages.learn("main", ended())
    guard = Tokens()
    anna = guard.make(Identity("anna", Role.OPERATOR, AgentId("101")))
    async with served(stage, guard) as server:
        client = ControlClient(HOST, server.port, anna)
        assert await in_thread(client.fetch, f"/v1/messages/{CALL}/sound") == path.read_bytes()
        path.unlink()
        with pytest.raises(RequestRefused) as refused:
            await in_thread(client.fetch, f"/v1/messages/{CALL}/sound")
    assert refused.value.code == "sound_gone"
    assert [type(fact) for fact in stage.told] == [VoiceMessageLeft, VoiceMessageHeard]
