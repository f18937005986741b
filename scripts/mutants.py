"""Plant bugs in the engine, one at a time, and see that the tests find each: `python scripts/mutants.py [NAME...]`.

Each mutant is a replacement in one file of a copy of the package. It lives if the tests pass with it. Prints a line for
each and the number at the end; exits with 1 if one lives. The list is in `tests/mutants/`.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.mutants.engine import MUTANTS, Mutant  # noqa: E402 - the path has to be set before

TIME_LIMIT_S = 120


def lives(mutant: Mutant, work: Path, tests: list[str]) -> bool:
    """Return whether the tests pass with this bug.

    Raises:
        SystemExit: The text to replace is not there exactly once: the mutant is out of date.
    """
    path = work / mutant.file
    source = path.read_text(encoding="utf-8")
    if source.count(mutant.old) != 1:
        sys.exit(f"{mutant.name}: its text is {source.count(mutant.old)} times in {mutant.file}")
    path.write_text(source.replace(mutant.old, mutant.new), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "PYTHONPATH": str(work), "PYTHONDONTWRITEBYTECODE": "1", "ACD_SHRINK": "0"}
    try:
        done = subprocess.run(
            command, cwd=work, env=environment, capture_output=True, timeout=TIME_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    finally:
        path.write_text(source, encoding="utf-8")
    return done.returncode == 0


def main() -> int:
    """Try all mutants, or those named."""
    parser = argparse.ArgumentParser(description="Plant bugs in the engine and see that the tests find each.")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--tests", nargs="+", default=["tests/queue_engine"], help="the tests that have to find them")
    arguments = parser.parse_args()
    names, tests = arguments.names, arguments.tests
    chosen = [mutant for mutant in MUTANTS if not names or mutant.name in names]
    living = []
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for part in ("queue_engine", "tests/queue_engine", "scripts", "docs/states", "callback"):
            shutil.copytree(ROOT / part, work / part, ignore=shutil.ignore_patterns("__pycache__"))
        for file in ("pyproject.toml", "tests/__init__.py"):
            if (ROOT / file).exists():
                shutil.copy(ROOT / file, work / file)
        for mutant in chosen:
            alive = lives(mutant, work, tests)
            print(f"{'LIVES ' if alive else 'caught'} {mutant.name}: {mutant.what}", flush=True)
            living += [mutant] if alive else []
    print(
        f"figure mutants_caught {len(chosen) - len(living)} of {len(chosen)} bar >= {len(chosen)}"
        f" {'fail' if living else 'pass'}"
    )
    return 1 if living else 0


if __name__ == "__main__":
    sys.exit(main())
