"""`acd privacy`: refused while something goes on with the person; noted; nothing of him left."""

import json

from acd.control.access import ensure_token_file
from acd.control.place import token_path
from ami_bridge.ended import EndedCall, LeftMessage
from metrics.records.database import open_engine, upgrade
from queue_engine.ids import Instant, QueueName
from queue_engine.inputs import CallerHungUp
from tests.acd.stage import CALLER, LINE, NOON
from tests.metrics.storing import store


async def recorded(centre):
    """Let the database have what the stage has told so far."""
    ensure_token_file(token_path(centre.config))
    engine = open_engine(centre.config.database.url)
    await store(engine, [*centre.facts, *centre.told])
    await engine.dispose()


async def test_person_on_the_line_is_not_erased(centre, acd, in_thread):
    """His call goes on: what is written meanwhile would stay."""
    await in_thread(upgrade, centre.config.database.url)
    centre.call()
    code, _, err = await acd(centre, "--lang", "en", "privacy", "erase", CALLER, "--reason", "demand 7", "--yes")
    assert (code, "on the line" in err) == (4, True)


async def test_person_who_is_owed_a_call_is_not_erased(centre, acd, in_thread):
    """The number is needed to call him."""
    await in_thread(upgrade, centre.config.database.url)
    assert (await acd(centre, "callbacks", "add", LINE, CALLER))[0] == 0
    code, _, err = await acd(centre, "--lang", "en", "privacy", "erase", CALLER, "--reason", "demand 7", "--yes")
    assert (code, "acd callbacks cancel" in err) == (4, True)


async def test_person_is_handed_out_and_erased(centre, acd, in_thread, tmp_path):
    """The export has his calls, in files for their owner only; the erasure leaves none, and the trail says why."""
    await in_thread(upgrade, centre.config.database.url)
    call = centre.call()
    centre.post(CallerHungUp(call, 16))
    await recorded(centre)
    folder = tmp_path / "his"
    code, out, _ = await acd(centre, "--lang", "en", "privacy", "export", CALLER, "--output", str(folder))
    told = json.loads((folder / "data.json").read_text(encoding="utf-8"))
    assert (code, told["number"], told["tables"]["calls"][0]["call"]) == (0, CALLER, call)
    assert [oct(path.stat().st_mode & 0o777) for path in (folder, folder / "data.json")] == ["0o700", "0o600"]
    assert str(folder) in out
    code, out, _ = await acd(centre, "--lang", "en", "privacy", "erase", "89271234567", "--reason", "demand 7", "--yes")
    assert code == 0
    assert "calls\t1" in out
    code, out, _ = await acd(centre, "--lang", "en", "privacy", "export", CALLER, "--output", str(tmp_path / "again"))
    assert out.startswith("0 rows and 0 sounds")
    trail = (await acd(centre, "audit", "--json"))[1]
    assert "demand 7" in trail
    assert CALLER not in trail


async def test_his_voice_message_is_handed_out_and_destroyed(centre, acd, in_thread, tmp_path):
    """What he said to the secretary is his too: the sound goes with everything else."""
    await in_thread(upgrade, centre.config.database.url)
    call = centre.call()
    centre.post(CallerHungUp(call, 16))
    file = f"2026-11-21/{call}.wav"
    sound = centre.config.messages.directory / file
    sound.parent.mkdir(parents=True, exist_ok=True)
    sound.write_bytes(b"\1" * 200_000)
    left = LeftMessage(file, Instant(NOON - 12), NOON)
    ended = EndedCall(call, QueueName(LINE), CALLER, NOON, NOON, None, "", 16, "secretary", "new", None, left)
    await centre.messages.learn("main", {call: ended})
    await recorded(centre)
    folder = tmp_path / "his"
    assert (await acd(centre, "privacy", "export", CALLER, "--output", str(folder)))[0] == 0
    assert (folder / f"message-{call}.wav").read_bytes() == sound.read_bytes()
    code, out, _ = await acd(centre, "--lang", "en", "privacy", "erase", CALLER, "--reason", "demand 8", "--yes")
    assert (code, sound.exists()) == (0, False)
    assert "1 sounds destroyed" in out


async def test_what_is_no_number_is_told(centre, acd):
    """Nothing is searched for half a number."""
    code, _, err = await acd(centre, "--lang", "ru", "privacy", "erase", "812", "--reason", "x", "--yes")
    assert (code, "не номер телефона" in err) == (2, True)
