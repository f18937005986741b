"""A site with calls, cards, recordings, messages, seats and prompts, and a second machine to restore it on."""

import asyncio
import base64
from datetime import date, datetime
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from acd.backup.site import Made, create, keys_of
from acd.journal.store.database import upgrade as upgrade_journal
from acd.recordings.sealed import Keys
from config.backup import Backup
from config.load import load_config
from config.model import Config
from metrics.facts import RecordingKept
from metrics.norms import Standard
from metrics.records.database import open_engine
from metrics.reports.build import kpi_report
from metrics.reports.model import Report
from metrics.reports.periods import days
from metrics.service_facts import VoiceMessageLeft
from queue_engine.ids import CallId, Instant, QueueName
from tests.acd.privacy.test_whole import HIS, fill
from tests.acd.stage import write_site
from tests.metrics.stories import START, story
from tests.metrics.storing import store

ZONE = ZoneInfo("Europe/Saratov")
MADE_AT = START + 3 * 86_400.0
KEY = base64.b64encode(b"k" * 32).decode()
RECORDING, MESSAGE = "2026-09-21/1790000001000_c1_op101.wav", "29833333/c2.wav"
SECONDS = bytes(range(256)) * 700


def write(home: Path, url: str = "", *, folder: Path) -> Path:
    """Write the configuration of a machine whose backups are in `folder`."""
    home.mkdir()
    path = write_site(home)
    (home / "backup.key").write_text(KEY + "\n", encoding="ascii")
    (home / "journal.toml").write_text('[journal.smtp]\npassword_file = "smtp.secret"\n', encoding="utf-8")
    (home / "smtp.secret").write_text("letters", encoding="utf-8")
    text = path.read_text(encoding="utf-8")
    if url:
        text = text.replace(f"sqlite:///{home}/acd.db", url)
    text += f"""
[recording]
folder = "{home}/recordings"

[voice]
directory = "{home}/prompts"

[backup]
folder = "{folder}"
key = {{ file = "backup.key" }}
keep_days = 7
also = ["{home}/journal.toml"]
"""
    path.write_text(text, encoding="utf-8")
    folder.mkdir(exist_ok=True)
    return path


async def busy_site(home: Path, url: str = "", *, folder: Path) -> tuple[Config, Path]:
    """Return a site that has been at work, and its configuration's path."""
    path = write(home, url, folder=folder)
    config = load_config(path)
    await asyncio.to_thread(upgrade_journal, config.database.url)
    await fill(config.database.url)
    engine = open_engine(config.database.url)
    at = Instant(START + 1)
    kept = RecordingKept(
        at, "r1", CallId("c1"), "op101", at, 9.0, RECORDING, len(SECONDS), "0", 1, "", Instant(at + 30 * 86_400)
    )
    left = VoiceMessageLeft(at, CallId("c2"), QueueName("122"), HIS, "main", MESSAGE, 3.0)
    await store(engine, [*story(Random(3), calls=200), kept, left], run="second")
    await engine.dispose()
    for file, content in (
        (home / "recordings" / RECORDING, SECONDS),
        (home / "messages" / MESSAGE, SECONDS[::-1]),
        (home / "prompts" / "acd-greeting.wav", b"greeting"),
        (home / "acd.spool" / "00000001.spool", b"run\t1\tkind\t1\t{}\n"),
        (home / "acd.seats.json", b"[]"),
    ):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return config, path


def settings_of(config: Config) -> Backup:
    """Return where the site's backups are."""
    assert config.backup is not None
    return config.backup


def keys(config: Config) -> Keys:
    """Return the keys of the site's backups."""
    return keys_of(config.backup)


async def backed_up(config: Config, path: Path, now: float = MADE_AT) -> Made:
    """Make a backup."""
    return await create(config, path, settings_of(config), now)


async def indicators(config: Config) -> Report:
    """Return the report of the indicators of the days of the story."""
    engine = open_engine(config.database.url)
    report = await kpi_report(
        engine, days(date(2026, 9, 20), date(2026, 9, 23), ZONE), Standard(), made_at=datetime(2026, 9, 30, tzinfo=ZONE)
    )
    await engine.dispose()
    return report
