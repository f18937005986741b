"""The short run of the fuzzing: a few thousand mutations of each target, the same ones every time."""

import asyncio
from collections.abc import Iterator

import pytest
import structlog

from tests.fuzz.mutating import Mutator
from tests.fuzz.surfaces import quiet
from tests.fuzz.targets import TARGETS

INPUTS = {"configuration": 400, "api": 1500}
SEED = 20261122


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Say nothing of what is refused, and leave the log as it was."""
    before = structlog.get_config()
    quiet()
    yield
    structlog.configure(**before)


@pytest.mark.parametrize("name", TARGETS)
def test_no_mutation_breaks_a_reader(name, tmp_path):
    """Nothing raises, nothing gets through that must not, whatever the examples are changed into."""
    target = TARGETS[name]
    with asyncio.Runner() as runner:
        feed = target.make(tmp_path, runner.run)
        for data in Mutator(target.examples(tmp_path), SEED).inputs(INPUTS.get(name, 4000)):
            try:
                feed(data)
            except Exception as error:
                error.add_note(f"input: {data!r}")
                raise
