"""What the set-up scripts decide by asking the machine: tried with a package manager that is played."""

import subprocess
from pathlib import Path

import pytest

_COMMON = Path(__file__).parent.parent / "scripts" / "common.sh"
# As apt-cache prints it; the table is longer than a pipe holds, so that a reader who leaves early breaks it.
_KNOWN = "espeak-ng:\n  Installed: (none)\n  Candidate: 1.51+dfsg-10\n  Version table:\n"
_UNKNOWN = "espeak-ng:\n  Installed: (none)\n  Candidate: (none)\n  Version table:\n"


@pytest.mark.parametrize(
    ("policy", "there"),
    [(_KNOWN, True), (_KNOWN + "     1.51+dfsg-10 500\n" * 20_000, True), (_UNKNOWN, False), ("", False)],
)
def test_package_that_can_be_had_is_known(tmp_path: Path, policy: str, there: bool) -> None:
    """A package is to be had when apt-cache names a candidate, however much it says after that."""
    (tmp_path / "policy").write_text(policy, encoding="utf-8")
    played = tmp_path / "apt-cache"
    played.write_text(f"#!/bin/sh\nexec cat {tmp_path}/policy\n", encoding="utf-8")
    played.chmod(0o755)
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "common.sh").write_bytes(_COMMON.read_bytes())
    asked = subprocess.run(
        [
            "bash",
            "-c",
            f"set -euo pipefail; PATH={tmp_path}:$PATH; . {tmp_path}/scripts/common.sh; has_package espeak-ng",
        ],
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert (asked.returncode == 0) is there
