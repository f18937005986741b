"""The systemd unit, as far as it can be checked without systemd running."""

import configparser
import shutil
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[2] / "packaging" / "acd.service"


def read() -> configparser.RawConfigParser:
    """Return the unit as sections and keys; keys that stand twice have the last value."""
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str
    unit.read(UNIT, encoding="utf-8")
    return unit


def test_daemon_runs_as_its_own_user_and_tells_when_it_is_ready():
    """Not root, and other services can wait for it."""
    service = read()["Service"]
    assert (service["User"], service["Type"], service["StateDirectory"]) == ("acd", "notify", "acd")
    assert (service["NoNewPrivileges"], service["CapabilityBoundingSet"]) == ("yes", "")


def test_stop_leaves_time_to_drain():
    """Systemd waits longer than the drain takes before it kills."""
    assert int(read()["Service"]["TimeoutStopSec"]) > 30


def test_no_core_is_written():
    """What the daemon knows of callers stays out of files that nobody looks after."""
    service = read()["Service"]
    assert (service["LimitCORE"], service["UMask"]) == ("0", "0077")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize("name", ["acd.service", "acd-backup.service", "acd-backup.timer"])
def test_systemd_understands_every_line(name, tmp_path):
    """Systemd's own checker finds no unknown key; programs are replaced by ones that exist here."""
    for each in UNIT.parent.glob("acd*"):
        text = each.read_text(encoding="utf-8").replace("/opt/acd/.venv/bin/acd", "/bin/true")
        (tmp_path / each.name).write_text(text.replace("file:///opt/acd/README.md", "https://example.org"), "utf-8")
    unit = tmp_path / name
    told = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False, timeout=30
    )
    assert [line for line in told.stderr.splitlines() if name in line] == []
