"""Plant bugs in the engine, one at a time, and see that the tests find each: `python scripts/mutants.py [NAME...]`.

Each mutant is a replacement in one file of a copy of the package. It lives if the tests pass with it. They run side by
side, each worker with a copy of its own, the quick tests before the long ones, up to the first that fails. Prints a
line for each and the number at the end; exits with 1 if one lives. The list is in `tests/mutants/`.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.mutants.engine import MUTANTS, Mutant  # noqa: E402 - the path has to be set before

TIME_LIMIT_S = 300
COPIED = ("queue_engine", "tests/queue_engine", "scripts", "docs/states", "callback")
FOLDER = Path("tests/queue_engine")
LONG = ("test_promises.py", "test_ewt.py")
"""What takes seconds, and so is run last."""


def tests() -> list[str]:
    """Return the files that have to find the bugs, in the order in which they are run."""
    found = sorted(path.name for path in (ROOT / FOLDER).glob("test_*.py"))
    return [str(FOLDER / name) for name in (*(name for name in found if name not in LONG), *LONG)]


def copy(folder: Path) -> None:
    """Put there what the tests need."""
    for part in COPIED:
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "tests/__init__.py"):
        if (ROOT / file).exists():
            shutil.copy(ROOT / file, folder / file)


def planted(mutant: Mutant) -> str:
    """Return the file's text with the bug.

    Raises:
        SystemExit: The text to replace is not there exactly once: the mutant is out of date.
    """
    source = (ROOT / mutant.file).read_text(encoding="utf-8")
    if source.count(mutant.old) != 1:
        sys.exit(f"{mutant.name}: its text is {source.count(mutant.old)} times in {mutant.file}")
    return source.replace(mutant.old, mutant.new)


def found_by(mutant: Mutant, work: Path) -> str | None:
    """Return the test that fails with this bug; None if all pass."""
    path = work / mutant.file
    path.write_text(planted(mutant), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "--tb=no", "-p", "no:cacheprovider", *tests()]
    environment = {**os.environ, "PYTHONPATH": str(work), "PYTHONDONTWRITEBYTECODE": "1", "ACD_SHRINK": "0"}
    try:
        done = subprocess.run(
            command, cwd=work, env=environment, capture_output=True, text=True, timeout=TIME_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return f"no end within {TIME_LIMIT_S} s"
    finally:
        shutil.copy(ROOT / mutant.file, path)
    if done.returncode == 0:
        return None
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return failed[0].split()[1].removeprefix(f"{FOLDER}/") if failed else f"pytest ended with {done.returncode}"


def main() -> int:
    """Try all mutants, or those named."""
    parser = argparse.ArgumentParser(description="Plant bugs in the engine and see that the tests find each.")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    chosen = [mutant for mutant in MUTANTS if not arguments.names or mutant.name in arguments.names]
    for mutant in chosen:
        planted(mutant)
    began = time.monotonic()
    living = []
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(arguments.processes) as pool:
        places: SimpleQueue[Path] = SimpleQueue()
        for number in range(arguments.processes):
            place = Path(folder, str(number))
            copy(place)
            places.put(place)

        def tried(mutant: Mutant) -> str | None:
            place = places.get()
            try:
                return found_by(mutant, place)
            finally:
                places.put(place)

        for mutant, found in zip(chosen, pool.map(tried, chosen), strict=True):
            print(f"{'LIVES ' if found is None else 'caught'} {mutant.name}: {mutant.what} [{found}]", flush=True)
            living += [mutant] if found is None else []
    print(f"in {time.monotonic() - began:.0f} s")
    print(
        f"figure mutants_caught {len(chosen) - len(living)} of {len(chosen)} bar >= {len(chosen)}"
        f" {'fail' if living else 'pass'}"
    )
    return 1 if living else 0


if __name__ == "__main__":
    sys.exit(main())
