"""The checks of configuration, secrets and records, on real files."""

import sqlite3

import pytest

from acd.control.app import control_app
from acd.control.server import ControlServer
from acd.doctor.finding import Severity
from acd.doctor.norms import bare_secrets, norms, secret_paths
from acd.doctor.plan import check_installation, daemon_runs, host_names
from acd.doctor.records import records
from config.load import load_config
from metrics.records.database import upgrade
from tests.acd.stage import HOST, Stage, write_site


def told(findings) -> list[tuple[str, Severity]]:
    """Return which checks found how bad a thing."""
    return [(found.check, found.severity) for found in findings]


async def test_every_mistake_of_the_configuration_is_a_finding(tmp_path):
    """With mistakes in the file nothing else is looked at; each is told with its key, braces and all."""
    path = tmp_path / "acd.toml"
    path.write_text('[site]\nname = "{x}"\n', encoding="utf-8")
    found = [each async for each in check_installation(path)]
    assert {each.check for each in found} == {"configuration"}
    assert any("site.name" in each.said("ru") for each in found)
    assert any(": asterisk: is missing" in each.said("en") for each in found)


async def test_checks_can_be_chosen_by_name(tmp_path):
    """`--only` takes the beginning of names; without a link wanted, no Asterisk is asked."""
    path = write_site(tmp_path)
    assert {found.check async for found in check_installation(path, "configuration")} == {"configuration"}
    assert {found.check async for found in check_installation(path, "disk")} == {"configuration", "disk"}


async def test_checks_that_need_asterisk_are_skipped_without_it(tmp_path, unused_tcp_port_at):
    """An Asterisk that is away is one error; what would have asked it is named as not looked at."""
    path = write_site(tmp_path, ami_port=unused_tcp_port_at(HOST))
    found = [each async for each in check_installation(path, "ami")]
    assert told(found) == [
        ("configuration", Severity.OK),
        ("ami.reach", Severity.ERROR),
        ("ami.rights", Severity.SKIPPED),
        ("ami.events", Severity.SKIPPED),
        ("ami.least", Severity.SKIPPED),
    ]
    assert "Connection refused" in found[1].said("en")


def test_line_over_its_regulation_is_a_warning(tmp_path):
    """The norm's section is cited; a shorter wait than allowed is none of the doctor's business."""
    config = load_config(write_site(tmp_path))
    assert told(norms(config)) == [("norms", Severity.OK)]
    slower = config.lines[0].model_copy(update={"max_wait_s": 300.0, "target_wait_s": 30.0})
    (found,) = norms(config.model_copy(update={"lines": (slower,)}))
    assert found.severity is Severity.WARNING
    assert found.said("en") == "Line saratov-122: max_wait_s is 300 s, the regulation allows 120 s (SAR 5.1)"


def test_line_without_a_regulation_is_a_warning(tmp_path):
    """Its figures could not be judged."""
    config = load_config(write_site(tmp_path))
    free = config.lines[0].model_copy(update={"profile": None})
    assert told(norms(config.model_copy(update={"lines": (free,)}))) == [("norms", Severity.WARNING)]


def test_files_of_secrets_are_found_wherever_they_stand(tmp_path):
    """Every `{ file = ... }` of the file, in tables and lists, relative to the file."""
    path = tmp_path / "acd.toml"
    path.write_text(
        '[[asterisk]]\nami_secret = { file = "ami" }\n[[operator]]\npin = { file = "/run/pin" }\nname = "x"\n',
        encoding="utf-8",
    )
    assert [(key, str(file)) for key, file in secret_paths(path)] == [
        ("asterisk[1].ami_secret", str(tmp_path / "ami")),
        ("operator[1].pin", "/run/pin"),
    ]
    assert secret_paths(tmp_path / "none") == []


@pytest.mark.parametrize(("mode", "count"), [(0o600, 0), (0o644, 1)])
def test_bare_secrets_in_an_open_file_are_a_warning(tmp_path, mode, count):
    """A lab may write secrets into the file, but then it closes the file."""
    path = write_site(tmp_path)
    path.chmod(mode)
    assert len(bare_secrets(load_config(path), path)) == count


def test_names_among_the_hosts_are_found(tmp_path):
    """Addresses need no resolver, names do."""
    config = load_config(write_site(tmp_path))
    assert host_names(config) == []
    named = config.servers[0].model_copy(update={"host": "pbx.example"})
    assert host_names(config.model_copy(update={"servers": (named,)})) == [("asterisk main", "pbx.example")]


async def test_database_that_is_not_there_yet_is_well_and_not_made(tmp_path):
    """The first start creates it; the doctor does not."""
    assert told(await records(f"sqlite:///{tmp_path}/acd.db")) == [("database", Severity.OK)]
    assert list(tmp_path.iterdir()) == []


async def test_database_without_its_folder_is_an_error(tmp_path):
    """Where its file cannot be made, records cannot be kept."""
    assert told(await records(f"sqlite:///{tmp_path}/no/acd.db")) == [("database", Severity.ERROR)]


def upgraded(tmp_path) -> str:
    """Return the URL of a database of today's schema."""
    url = f"sqlite:///{tmp_path}/acd.db"
    upgrade(url)
    return url


async def test_database_of_todays_schema_is_well(tmp_path, in_thread):
    """Writable and up to date."""
    url = await in_thread(upgraded, tmp_path)
    for _ in range(2):  # whatever is tried is taken back, or the second look would stumble over it
        assert told(await records(url)) == [("database", Severity.OK), ("database.schema", Severity.OK)]


async def test_database_that_is_behind_is_a_warning(tmp_path):
    """A file without a schema will be brought up to date at the start."""
    sqlite3.connect(tmp_path / "acd.db").execute("CREATE TABLE other (id INTEGER)").connection.close()
    assert told(await records(f"sqlite:///{tmp_path}/acd.db")) == [
        ("database", Severity.OK),
        ("database.schema", Severity.WARNING),
    ]


async def test_database_of_a_newer_version_is_an_error(tmp_path, in_thread):
    """A schema that this version does not know is left alone."""
    url = await in_thread(upgraded, tmp_path)
    link = sqlite3.connect(tmp_path / "acd.db")
    link.execute("UPDATE alembic_version SET version_num = 'from-the-future'")
    link.commit()
    link.close()
    assert ("database.schema", Severity.ERROR) in told(await records(url))


async def test_database_that_is_none_is_an_error(tmp_path):
    """A file with something else in it is told, and so is a URL that is none."""
    (tmp_path / "acd.db").write_text("hello, this is no database at all" * 40, encoding="utf-8")
    assert told(await records(f"sqlite:///{tmp_path}/acd.db")) == [("database", Severity.ERROR)]
    assert told(await records("mysql://x/y")) == [("database", Severity.ERROR)]
    assert told(await records("nonsense")) == [("database", Severity.ERROR)]


async def test_database_held_by_another_is_an_error(tmp_path, in_thread, monkeypatch):
    """A lock that nobody gives back keeps records out."""
    url = await in_thread(upgraded, tmp_path)
    monkeypatch.setattr("metrics.records.database.BUSY_TIMEOUT_MS", 1)
    holder = sqlite3.connect(tmp_path / "acd.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        (found,) = await records(url)
    finally:
        holder.close()
    assert found.severity is Severity.ERROR
    assert "locked" in found.said("en")


async def test_own_daemon_is_told_from_another_program(tmp_path, unused_tcp_port_at, in_thread):
    """A port that our own daemon holds is no error: it answers with its token."""
    stage = Stage(write_site(tmp_path, port=unused_tcp_port_at(HOST)))
    assert not await in_thread(daemon_runs, stage.config)
    server = ControlServer(control_app(stage, stage.config), HOST, stage.config.control.listen.port)
    await server.start()
    try:
        assert await in_thread(daemon_runs, stage.config)
        found = [each async for each in check_installation(stage.config_path, "port")]
    finally:
        await server.close()
    assert found[-1].severity is Severity.OK
    assert "our own running daemon" in found[-1].said("en")
