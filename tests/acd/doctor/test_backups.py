"""What the doctor says of the backups."""

import base64

import pytest
from pydantic import SecretStr

from acd.doctor.backups import backups
from acd.doctor.finding import Severity
from config.backup import Backup
from config.kinds import Secret
from tests.acd.stage import NOON

DAY_S = 86_400.0


@pytest.fixture
def folder(tmp_path):
    """A folder for the daemon alone, with a backup of this noon."""
    path = tmp_path / "backups"
    path.mkdir(mode=0o700)
    (path / "stage-20261121T090000Z.acdbackup").touch()
    return path


@pytest.fixture
def config(stage, folder):
    """A site that keeps its backups there."""
    key = Secret(SecretStr(base64.b64encode(bytes(32)).decode()))
    return stage.config.model_copy(update={"backup": Backup(folder=folder, key=key)})


def told(config, now=NOON):
    """Return how bad each finding is."""
    return [found.severity for found in backups(config, now)]


def test_young_backup_is_well_and_an_old_one_a_warning(config):
    """The timer makes one a day."""
    assert told(config) == [Severity.OK]
    assert told(config, NOON + 3 * DAY_S) == [Severity.WARNING]


def test_site_without_backups_has_nothing_to_check(stage):
    """No table, no finding."""
    assert backups(stage.config, NOON) == []


def test_folder_open_to_everybody_is_a_warning_and_a_missing_one_an_error(config, folder):
    """Sealed or not, nobody else has to see when and how much."""
    folder.chmod(0o755)
    assert told(config) == [Severity.WARNING]
    (folder / "stage-20261121T090000Z.acdbackup").unlink()
    folder.rmdir()
    assert told(config) == [Severity.ERROR]
