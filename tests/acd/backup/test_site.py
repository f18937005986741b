"""A site that is restored is the site that was, figures, cards, sounds and seats; a bad backup restores nothing."""

import asyncio
import threading
from pathlib import Path

import pytest
from sqlalchemy import func, select

from acd.backup import erasures, sounds
from acd.backup.errors import BackupDamaged, BackupFolder, NotEmpty
from acd.backup.site import backups_in, configuration_in, restore, verify, verify_sounds
from acd.backup.vault import PURPOSE, unpacked
from acd.journal.roles import Person as JournalPerson
from acd.journal.roles import Role
from acd.journal.store.database import open_journal
from acd.journal.store.lists import CardFilter, Lists
from acd.privacy.person import Person
from acd.privacy.whole import find
from acd.recordings.sealed import CHUNK, TAG, SealingKey
from config.load import load_config
from metrics.records.database import open_engine
from metrics.records.tables import calls, facts
from queue_engine.facts import CallAccepted
from queue_engine.ids import CallId, Instant, QueueName
from tests.acd.backup.site import (
    KEY,
    MADE_AT,
    MESSAGE,
    RECORDING,
    SECONDS,
    backed_up,
    busy_site,
    indicators,
    keys,
    settings_of,
    write,
)
from tests.acd.privacy.test_whole import HIS, OTHER, SERVICE, silent
from tests.metrics.storing import store

DAY_S = 86_400.0


@pytest.fixture(
    params=[
        ("sqlite", "sqlite"),
        pytest.param(("postgresql", "sqlite"), marks=pytest.mark.postgres),
        pytest.param(("sqlite", "postgresql"), marks=pytest.mark.postgres),
    ],
    ids="-to-".join,
)
def urls(request):
    """Return the URLs of the old and the new database; an empty one for an SQLite file beside the configuration."""
    return [request.getfixturevalue("postgres_url") if name == "postgresql" else "" for name in request.param]


async def test_restored_site_gives_the_same_report(urls, tmp_path):
    """Indicators, a search for a card, sounds, seats, spool and prompts are those of the site that was backed up."""
    config, path = await busy_site(tmp_path / "old", urls[0], folder=tmp_path / "backups")
    made = await backed_up(config, path)
    before = await indicators(config)
    assert (made.sounds.new, made.sounds.missing) == (2, 0)

    other = load_config(write(tmp_path / "new", urls[1], folder=tmp_path / "backups"))
    restored = await asyncio.to_thread(restore, other, made.path, keys(other))
    assert restored.rows == made.rows
    assert await indicators(other) == before
    assert before.parts
    assert await cards_found(other.database.url, "Петров") == 1
    home = tmp_path / "new"
    assert (home / "recordings" / RECORDING).read_bytes() == SECONDS
    assert (home / "messages" / MESSAGE).read_bytes() == SECONDS[::-1]
    assert (home / "prompts" / "acd-greeting.wav").read_bytes() == b"greeting"
    assert (home / "acd.seats.json").read_bytes() == b"[]"
    assert (home / "acd.spool" / "00000001.spool").read_bytes() == b"run\t1\tkind\t1\t{}\n"
    assert (home / "recordings" / RECORDING).stat().st_mode & 0o077 == 0
    await work_goes_on(other.database.url)


async def work_goes_on(url):
    """See that new facts get numbers after the restored ones."""
    at = Instant(MADE_AT)
    engine = open_engine(url)
    await store(engine, [CallAccepted(at, CallId("new"), QueueName("122"), OTHER, at, 0)], run="after")
    async with engine.connect() as link:
        newest = await link.scalar(select(facts.c.call).order_by(facts.c.id.desc()).limit(1))
        assert (newest, await link.scalar(select(func.count()).select_from(calls).where(calls.c.call == "new"))) == (
            "new",
            1,
        )
    await engine.dispose()


async def cards_found(url, question):
    """Return how many cards a search finds, by the database's own index of words."""
    engine = open_journal(url)
    who = JournalPerson("anna", "Анна", Role.ADMINISTRATOR, SERVICE)
    found = await Lists(engine).page(who, CardFilter(text=question))
    await engine.dispose()
    return len(found)


async def test_backup_is_of_one_moment_while_the_daemon_writes(tmp_path):
    """Facts and the records derived from them agree in a backup that was made while both were written."""
    config, path = await busy_site(tmp_path / "old", folder=tmp_path / "backups")
    stop = threading.Event()
    begun = threading.Event()

    async def write_on():
        engine = open_engine(config.database.url)
        number = 0
        while not stop.is_set():
            number += 1
            at = Instant(MADE_AT + number)
            fact = CallAccepted(at, CallId(f"busy-{number}"), QueueName("122"), OTHER, at, 0)
            await store(engine, [fact], run=f"busy-{number}")
            begun.set()
        await engine.dispose()

    writing = asyncio.create_task(asyncio.to_thread(lambda: asyncio.run(write_on())))
    try:
        await asyncio.to_thread(begun.wait)
        made = await backed_up(config, path)
    finally:
        stop.set()
        await writing
    other = load_config(write(tmp_path / "new", folder=tmp_path / "backups"))
    await asyncio.to_thread(restore, other, made.path, keys(other))
    engine = open_engine(other.database.url)
    async with engine.connect() as link:
        accepted = select(facts.c.call).where(facts.c.kind == "CallAccepted", facts.c.call.like("busy-%"))
        told = set((await link.execute(accepted)).scalars())
        derived = set((await link.execute(select(calls.c.call).where(calls.c.call.like("busy-%")))).scalars())
    await engine.dispose()
    assert told
    assert told == derived


def damaged(content, how):
    """Return a backup's bytes with one thing wrong."""
    middle = len(content) // 2
    match how:
        case "cut in the middle":
            return content[:middle]
        case "cut by a byte":
            return content[:-1]
        case "cut by its last chunk":
            body = len(content) - 32
            return content[: 32 + (body - 1) // (CHUNK + TAG) * (CHUNK + TAG)]
        case "nothing but its header":
            return content[:32]
        case "longer":
            return content + b"\0"
        case "a bit":
            return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        case "its salt":
            return content[:16] + bytes([content[16] ^ 1]) + content[17:]
        case "its magic":
            return b"X" + content[1:]
        case "another key's":
            return content[:8] + bytes(8) + content[16:]
        case _:
            return b""


WAYS = (
    "cut in the middle",
    "cut by a byte",
    "cut by its last chunk",
    "nothing but its header",
    "longer",
    "a bit",
    "its salt",
    "its magic",
    "another key's",
    "empty",
)


async def test_altered_backup_restores_nothing(tmp_path):
    """However it was altered or cut short, it is refused before a table is made or a file written."""
    config, path = await busy_site(tmp_path / "old", folder=tmp_path / "backups")
    made = await backed_up(config, path)
    content = made.path.read_bytes()
    assert len(content) > CHUNK + TAG
    other = load_config(write(tmp_path / "new", folder=tmp_path / "backups"))
    there = sorted((tmp_path / "new").iterdir())
    for how in WAYS:
        made.path.write_bytes(damaged(content, how))
        with pytest.raises(BackupDamaged):
            await asyncio.to_thread(restore, other, made.path, keys(other))
        assert sorted((tmp_path / "new").iterdir()) == there, how


async def test_nothing_readable_lies_in_the_folder(tmp_path):
    """Neither numbers nor names nor sound stand in any file of the backups in clear, and all are for their owner."""
    config, path = await busy_site(tmp_path / "old", folder=tmp_path / "backups")
    await backed_up(config, path)
    erasures.note(tmp_path / "backups", SealingKey(KEY, PURPOSE), erasures.Erasure(MADE_AT + 1, HIS))
    files = [file for file in (tmp_path / "backups").rglob("*") if file.is_file()]
    assert len(files) == 4
    for file in files:
        content = file.read_bytes()
        assert not any(word in content for word in (b"9271234567", "Петров".encode(), SECONDS[:512], b"CallAccepted"))
        assert file.stat().st_mode & 0o077 == 0


async def test_copies_of_sounds_follow_the_records(tmp_path):
    """A sound is copied once; it stays when the site's disk loses it, and goes when the records call it destroyed."""
    config, path = await busy_site(tmp_path / "old", folder=tmp_path / "backups")
    await backed_up(config, path)
    (tmp_path / "old" / "recordings" / RECORDING).unlink()
    again = await backed_up(config, path, MADE_AT + 60)
    assert (again.sounds.new, again.sounds.there, again.sounds.gone, again.sounds.missing) == (0, 2, 0, 0)
    engine = open_engine(config.database.url)
    async with engine.begin() as link:
        await link.exec_driver_sql("UPDATE recordings SET destroyed_at = 1")
    await engine.dispose()
    last = await backed_up(config, path, MADE_AT + 120)
    assert (last.sounds.there, last.sounds.gone) == (1, 1)


async def test_copies_that_were_swapped_or_changed_are_found(tmp_path):
    """A copy opens under its own name alone."""
    config, path = await busy_site(tmp_path / "old", folder=tmp_path / "backups")
    await backed_up(config, path)
    folder = tmp_path / "backups"
    assert list(verify_sounds(folder, keys(config))) == [None, None]
    first, second = sounds.copies_in(folder)
    first.write_bytes(second.read_bytes())
    found = list(verify_sounds(folder, keys(config)))
    assert [damage is None for damage in found] == [False, True]


async def test_old_backups_go_but_never_the_last_ones(tmp_path):
    """Older than `keep_days` goes; three stay however old."""
    config, path = await busy_site(tmp_path / "old", folder=tmp_path / "backups")
    folder = tmp_path / "backups"
    for day in range(4):
        await backed_up(config, path, MADE_AT + day * DAY_S)
    late = await backed_up(config, path, MADE_AT + 9.5 * DAY_S)
    assert len(late.removed) == 2
    assert len(backups_in(folder)) == 3
    much_later = await backed_up(config, path, MADE_AT + 90 * DAY_S)
    assert (len(much_later.removed), len(backups_in(folder))) == (1, 3)


async def test_who_was_erased_since_stays_erased(tmp_path):
    """A restored backup from before an erasure does not bring the person back, in rows or in sound."""
    config, path = await busy_site(tmp_path / "old", folder=tmp_path / "backups")
    made = await backed_up(config, path)
    folder, key = settings_of(config).folder, SealingKey(KEY, PURPOSE)
    erasures.note(folder, key, erasures.Erasure(MADE_AT - 5, OTHER))
    erasures.note(folder, key, erasures.Erasure(MADE_AT + 5, HIS))
    other = load_config(write(tmp_path / "new", folder=folder))
    restored = await asyncio.to_thread(restore, other, made.path, keys(other))
    assert restored.erased_again == 1
    assert (await find(other, Person(HIS), silent)).rows == 0
    assert (await find(other, Person(OTHER), silent)).rows > 0
    assert not (tmp_path / "new" / "recordings" / RECORDING).exists()
    await backed_up(config, path, MADE_AT + 60)
    assert [erasure.number for erasure in erasures.erased_since(folder, keys(config), 0)] == [HIS]


async def test_nothing_is_put_over_what_is_there(tmp_path):
    """A database with rows, a spool with other facts: neither is touched."""
    config, path = await busy_site(tmp_path / "old", folder=tmp_path / "backups")
    made = await backed_up(config, path)
    with pytest.raises(NotEmpty):
        await asyncio.to_thread(restore, config, made.path, keys(config))
    other = load_config(write(tmp_path / "new", folder=tmp_path / "backups"))
    spool = tmp_path / "new" / "acd.spool"
    spool.mkdir()
    (spool / "00000009.spool").write_bytes(b"others\n")
    with pytest.raises(NotEmpty):
        await asyncio.to_thread(restore, other, made.path, keys(other))
    assert not (tmp_path / "new" / "acd.seats.json").exists()


async def test_configuration_comes_with_its_secrets_but_not_with_the_key_of_the_backups(tmp_path):
    """What a new machine needs is in it; what opens it is not."""
    config, path = await busy_site(tmp_path / "old", folder=tmp_path / "backups")
    made = await backed_up(config, path)
    found = configuration_in(made.path, keys(config))
    assert sorted(found) == ["acd.toml", "journal.toml", "smtp.secret"]
    assert found["acd.toml"] == path.read_bytes()
    everything = b"".join(content for _, content in unpacked(made.path, keys(config)))
    assert KEY.encode() not in everything


async def test_backup_that_could_not_be_written_leaves_nothing(tmp_path, monkeypatch):
    """A disk that is full in the middle leaves no half backup under a whole one's name."""
    config, path = await busy_site(tmp_path / "old", folder=tmp_path / "backups")

    def gone(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("acd.backup.vault.Packer.list_all", gone)
    with pytest.raises(BackupFolder):
        await backed_up(config, path)
    assert [file for file in (tmp_path / "backups").rglob("*") if file.is_file()] == []


async def test_verify_tells_what_is_in_it(tmp_path):
    """Site, instant, and how much there is of each kind."""
    config, path = await busy_site(tmp_path / "old", folder=tmp_path / "backups")
    made = await backed_up(config, path)
    manifest, kinds = verify(made.path, keys(config))
    assert (manifest.site, manifest.made_at) == ("stage", MADE_AT)
    assert {"tables", "configuration", "state", "prompts"} <= set(kinds)
    assert Path(made.path).name == "stage-20260924T141320Z.acdbackup"
