"""What the doctor says of the folder of recordings."""

from pathlib import Path

import pytest

from acd.doctor.finding import Severity
from acd.doctor.recordings import recordings
from config.model import Config
from config.recording import Recordings
from tests.acd.stage import Stage


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as it should be."""
    (tmp_path / "kept" / "incoming").mkdir(parents=True)
    for path in (tmp_path / "kept", tmp_path / "kept" / "incoming"):
        path.chmod(0o770)
    return tmp_path / "kept"


@pytest.fixture
def config(stage: Stage, folder: Path) -> Config:
    """A site with that folder."""
    settings = Recordings(folder=folder, min_free_mb=1)
    return stage.config.model_copy(update={"recordings": settings})


def worst(config: Config) -> tuple[Severity, str]:
    """Return the severity of the first finding and what it says."""
    found = recordings(config)[0]
    return found.severity, found.said("en")


def test_folder_that_is_right_is_told_so(config):
    """With the room on its disk."""
    assert worst(config)[0] is Severity.OK


def test_site_without_recordings_has_nothing_to_check(stage: Stage):
    """No folder, no finding."""
    assert recordings(stage.config) == []


def test_folder_open_to_everybody_is_a_warning(config, folder: Path):
    """Personal data and medical secrecy: nobody else on the machine may list it."""
    folder.chmod(0o755)
    assert worst(config) == (Severity.WARNING, f"{folder} is open to everybody on this machine")


def test_missing_folder_is_an_error(config, folder: Path):
    """Asterisk could write nowhere."""
    (folder / "incoming").rmdir()
    severity, said = worst(config)
    assert (severity, "cannot be used" in said) == (Severity.ERROR, True)


def test_disk_that_is_nearly_full_is_an_error(config):
    """The guard has stopped recording, or is about to."""
    settings = config.recordings.model_copy(update={"min_free_mb": 10_000_000})
    severity, said = worst(config.model_copy(update={"recordings": settings}))
    assert (severity, "no talk is recorded" in said) == (Severity.ERROR, True)
