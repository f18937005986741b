"""`acd backup` as people type it: made, looked through, refused where it must be, put back."""

import asyncio
import json

from metrics.records.database import upgrade
from queue_engine.inputs import CallerHungUp
from tests.acd.backup.site import KEY
from tests.acd.cli.test_privacy import recorded
from tests.acd.stage import CALLER, Stage, write_site


def with_backups(centre, folder):
    """Give the stage's configuration a table of backups, with the key in a file."""
    home = centre.config_path.parent
    (home / "backup.key").write_text(KEY + "\n", encoding="ascii")
    folder.mkdir(exist_ok=True)
    with centre.config_path.open("a", encoding="utf-8") as file:
        file.write(f'[backup]\nfolder = "{folder}"\nkey = {{ file = "{home}/backup.key" }}\n')


async def schema(centre):
    """Make the tables of the records."""
    await asyncio.to_thread(upgrade, centre.config.database.url)


async def test_site_without_backups_is_told_how(centre, acd):
    """The advice names the table."""
    code, _, err = await acd(centre, "--lang", "en", "backup", "create")
    assert (code, "[backup]" in err) == (2, True)


async def test_backup_is_made_read_through_and_put_back(centre, acd, tmp_path, unused_tcp_port_at):
    """Made beside the daemon, listed, whole; refused while a daemon runs; on another machine all is there."""
    call = centre.call()
    centre.post(CallerHungUp(call, 16))
    await schema(centre)
    await recorded(centre)
    folder = tmp_path / "backups"
    with_backups(centre, folder)
    assert (await acd(centre, "backup", "create"))[0] == 0
    (made,) = folder.glob("*.acdbackup")
    assert str(made) in (await acd(centre, "backup", "list"))[1]
    code, out, _ = await acd(centre, "--lang", "en", "backup", "verify")
    assert (code, "is whole" in out) == (0, True)
    code, _, err = await acd(centre, "--lang", "ru", "backup", "restore", str(made), "--yes")
    assert (code, "сначала остановите" in err) == (4, True)

    (tmp_path / "new").mkdir()
    other = Stage(write_site(tmp_path / "new", port=unused_tcp_port_at("127.0.14.9")))
    code, out, err = await acd(
        other, "--lang", "en", "backup", "restore", str(made), "--key", str(tmp_path / "backup.key"), "--yes"
    )
    assert (code, err) == (0, "")
    trail = json.loads((await acd(other, "audit", "--json"))[1])
    assert [row["entry"]["action"] for row in trail] == ["backup create", "backup restore"]


async def test_damage_is_told_and_the_exit_code_says_so(centre, acd, tmp_path):
    """One changed byte: no trust."""
    await schema(centre)
    folder = tmp_path / "backups"
    with_backups(centre, folder)
    assert (await acd(centre, "backup", "create"))[0] == 0
    (made,) = folder.glob("*.acdbackup")
    made.write_bytes(made.read_bytes()[:-1])
    code, _, err = await acd(centre, "--lang", "en", "backup", "verify", str(made))
    assert (code, "cannot be trusted" in err) == (2, True)


async def test_configuration_is_taken_out_where_there_is_none(centre, acd, tmp_path):
    """A machine with nothing but the backup and the key gets its configuration back."""
    await schema(centre)
    folder = tmp_path / "backups"
    with_backups(centre, folder)
    assert (await acd(centre, "backup", "create"))[0] == 0
    (made,) = folder.glob("*.acdbackup")
    text = centre.config_path.read_text(encoding="utf-8")
    centre.config_path.unlink()
    key = ["--key", str(tmp_path / "backup.key")]
    code, _, _ = await acd(centre, "backup", "configuration", str(made), "--to", str(tmp_path / "etc"), *key)
    assert (code, (tmp_path / "etc" / "acd.toml").read_text(encoding="utf-8")) == (0, text)
    assert (tmp_path / "etc" / "acd.toml").stat().st_mode & 0o077 == 0
    code, _, err = await acd(
        centre, "--lang", "en", "backup", "configuration", str(made), "--to", str(tmp_path / "etc"), *key
    )
    assert (code, "cannot be written" in err) == (2, True)


async def test_erasure_is_noted_among_the_backups(centre, acd, tmp_path):
    """Whoever is erased leaves a sealed note there; where none can be written he is not erased."""
    await schema(centre)
    call = centre.call()
    centre.post(CallerHungUp(call, 16))
    await recorded(centre)
    folder = tmp_path / "backups"
    with_backups(centre, folder)
    (folder / "erased").write_text("in the way", encoding="ascii")
    code, _, _ = await acd(centre, "privacy", "erase", CALLER, "--reason", "demand 7", "--yes")
    assert code == 2
    (folder / "erased").unlink()
    code, out, _ = await acd(centre, "--lang", "en", "privacy", "erase", CALLER, "--reason", "demand 7", "--yes")
    assert (code, "calls\t1" in out) == (0, True)
    assert len(list((folder / "erased").iterdir())) == 1
