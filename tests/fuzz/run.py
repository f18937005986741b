"""The long run of the fuzzing: `python -m tests.fuzz.run [--inputs N] [--target NAME] [--seed N] [--home FOLDER]`.

Guided by the coverage of our own code where atheris is installed (`make fuzz` installs it), by seeded mutation
otherwise. Each target runs in a process of its own, so that one cannot stop another. Prints per target

    figure fuzz_NAME COUNT inputs bar >= N pass|fail

and exits with 1 when a target has raised; the input that did it stands in the folder, and in full above.
"""

import argparse
import asyncio
import importlib.util
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from tests.fuzz.mutating import LONGEST, Mutator

ONE_LIMIT_S: Final = 6 * 3600
"""No target may take longer."""
DESCRIBED: Final = "described-"
"""Before the name of an API whose requests are drawn from its own document."""
EACH: Final = 20
"""Allowed and forbidden requests of one operation in turn."""
REQUEST: Final = 100
"""A request that is drawn from a document and held against it takes as long as so many mutations."""


def feed_mutations(name: str, inputs: int, seed: int, home: Path) -> None:
    """Feed a target with seeded mutations, in this process."""
    from tests.fuzz.surfaces import quiet  # noqa: PLC0415 - as late as with atheris, which must see the imports
    from tests.fuzz.targets import TARGETS  # noqa: PLC0415

    quiet()
    target = TARGETS[name]
    with asyncio.Runner() as runner:
        feed = target.make(home, runner.run)
        for data in Mutator(target.examples(home), seed).inputs(inputs):
            try:
                feed(data)
            except Exception:
                (home / "raised").write_bytes(data)
                raise


def feed_guided(name: str, inputs: int, seed: int, home: Path) -> None:
    """Feed a target with what atheris finds to reach new code, in this process; it ends the process itself."""
    import atheris  # noqa: PLC0415 - installed for the long run alone

    with atheris.instrument_imports(include=["acd", "ami_bridge", "callback", "config", "queue_engine"]):
        from tests.fuzz.surfaces import quiet  # noqa: PLC0415
        from tests.fuzz.targets import TARGETS  # noqa: PLC0415

    quiet()
    target = TARGETS[name]
    corpus = home / "corpus"
    corpus.mkdir(exist_ok=True)
    for index, example in enumerate(target.examples(home)):
        (corpus / f"example-{index}").write_bytes(example)
    runner = asyncio.Runner()
    feed = target.make(home, runner.run)
    flags = [
        f"-runs={inputs}",
        f"-seed={seed}",
        f"-max_len={LONGEST}",
        f"-artifact_prefix={home}/",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *flags, str(corpus)], feed)
    atheris.Fuzz()


def feed_described(name: str, requests: int, seed: int, home: Path) -> None:
    """Ask so many requests that a document describes, a few of each operation in turn, in this process."""
    from tests.fuzz.apis import APIS  # noqa: PLC0415 - see `feed_mutations`
    from tests.fuzz.described import hold, operations  # noqa: PLC0415
    from tests.fuzz.surfaces import quiet  # noqa: PLC0415

    quiet()
    with asyncio.Runner() as runner:
        api, asked = APIS[name](home, runner.run), 0
        found = list(operations(api.document))
        while asked < requests:
            for operation in found:
                asked += hold(
                    operation, api.ask, examples=EACH, seed=seed, known=api.known,
                    text_with_a_meaning=operation.label in api.with_a_meaning,
                )  # fmt: skip
            seed += 1
        api.close()


def run_one(name: str, inputs: int, seed: int, home: Path) -> bool:
    """Feed one target in a process of its own and print its figure; return whether it held."""
    folder = home / name
    folder.mkdir(parents=True, exist_ok=True)
    argv = [sys.executable, "-m", "tests.fuzz.run", "--alone", name, "--inputs", str(inputs), "--seed", str(seed)]
    began = time.monotonic()
    done = subprocess.run(
        [*argv, "--home", str(folder)],
        capture_output=True,
        text=True,
        timeout=ONE_LIMIT_S,
        check=False,
        errors="replace",
    )
    took_s = time.monotonic() - began
    good = done.returncode == 0
    if not good:
        sys.stdout.write(done.stdout[-4000:] + done.stderr[-8000:])
    reached = inputs if good else 0
    sys.stdout.write(
        f"figure fuzz_{name} {reached} inputs bar >= {inputs} {'pass' if good else 'fail'} ({took_s:.0f} s)\n"
    )
    sys.stdout.flush()
    return good


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000, help="of each target")
    parser.add_argument("--target", action="append", help="only this one; may be given several times")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--home", type=Path, help="where inputs that raise are kept; else a temporary folder")
    parser.add_argument("--alone", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.alone and options.alone.startswith(DESCRIBED):
        feed_described(options.alone.removeprefix(DESCRIBED), options.inputs, options.seed, options.home)
        return 0
    if options.alone:
        guided = importlib.util.find_spec("atheris") is not None
        (feed_guided if guided else feed_mutations)(options.alone, options.inputs, options.seed, options.home)
        return 0
    from tests.fuzz.apis import APIS  # noqa: PLC0415
    from tests.fuzz.targets import TARGETS  # noqa: PLC0415 - see `feed_guided`

    home = options.home or Path(tempfile.mkdtemp(prefix="acd-fuzz-"))
    names = options.target or [*TARGETS, *(DESCRIBED + name for name in APIS)]
    held = [
        run_one(name, options.inputs // REQUEST if name.startswith(DESCRIBED) else options.inputs, options.seed, home)
        for name in names
    ]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
