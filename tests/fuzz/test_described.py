"""The control API, the exchange and the desk's log-in, asked as their own documents allow and forbid: a bounded run."""

import asyncio
from collections.abc import Iterator

import pytest
import structlog

from tests.fuzz.apis import APIS
from tests.fuzz.described import hold, operations
from tests.fuzz.surfaces import quiet

EXAMPLES = 4
SEED = 20261122


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Say nothing of what is refused, and leave the log as it was."""
    before = structlog.get_config()
    quiet()
    yield
    structlog.configure(**before)


@pytest.mark.parametrize("name", APIS)
def test_every_operation_keeps_to_its_document(name, tmp_path):
    """What is allowed is taken, what is forbidden refused, every answer has the shape that is told."""
    with asyncio.Runner() as runner:
        api = APIS[name](tmp_path, runner.run)
        try:
            for operation in operations(api.document):
                asked = hold(
                    operation, api.ask, examples=EXAMPLES, seed=SEED, known=api.known,
                    text_with_a_meaning=operation.label in api.with_a_meaning,
                )  # fmt: skip
                assert asked >= EXAMPLES
        finally:
            api.close()


@pytest.mark.parametrize("name", APIS)
def test_who_is_nobody_gets_nothing(name, tmp_path):
    """Every operation without its token, or its signature, is refused as such."""
    with asyncio.Runner() as runner:
        api = APIS[name](tmp_path, runner.run)
        try:
            for path, methods in api.document["paths"].items():
                for method in methods:
                    answer = api.unknown(method.upper(), "http://here" + path.replace("{", "").replace("}", ""))
                    assert answer.status_code == 401, (method, path)
        finally:
            api.close()
