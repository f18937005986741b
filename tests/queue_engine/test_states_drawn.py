"""The pictures in docs/states are those of the tables."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_pictures_are_up_to_date():
    """Whoever changes a table redraws the picture: `make states`."""
    script = [sys.executable, str(ROOT / "scripts" / "draw_states.py"), "--check"]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.stdout == ""
    assert done.returncode == 0
