"""docs/regulations.md names requirements, keys and tests that exist, and leaves none out that is built."""

import ast
import re
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from config.model import Config
from config.profile import Profile

ROOT = Path(__file__).parents[1]
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs" / "regulations.md").read_text(encoding="utf-8").splitlines()
    if re.match(r"\| [A-Z]\d+ \|", line)
]
REQUIREMENTS = [
    *(f"D{number}" for number in range(1, 10)),
    *(f"C{number}" for number in range(1, 5)),
    *(f"K{number}" for number in range(1, 9)),
    *(f"J{number}" for number in range(1, 11)),
    *(f"S{number}" for number in range(1, 6)),
]
CODED = re.compile(r"`([^`]+)`")


def models(annotation: Any) -> list[type[BaseModel]]:
    """Return the tables that a type is made of."""
    found = [annotation] if isinstance(annotation, type) and issubclass(annotation, BaseModel) else []
    return found + [model for inner in get_args(annotation) for model in models(inner)]


def exists(key: str) -> bool:
    """Tell whether a key is one of the configuration, or of a profile."""
    parts = key.split(".")
    tables = [Profile] if parts[0] == "profile" else [Config]
    for part in parts[1:] if parts[0] == "profile" else parts:
        fields = [
            field for table in tables for name, field in table.model_fields.items() if part in (field.alias, name)
        ]
        if not fields:
            return False
        tables = [model for field in fields for model in models(field.annotation)]
    return True


def functions_of(path: Path) -> set[str]:
    """Return the names of the test functions of a file, those in classes included."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


SERVICES = {
    (ROOT / path): [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line]
    for path, table in re.findall(
        r"^Profile `[a-z0-9-]+`, tests in `([^`]+)`\.\n\n\|.*\|\n\|[ -|]+\|\n((?:\|.*\|\n)+)",
        (ROOT / "docs" / "regulations.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
}
"""The rows of each service's list, by the file of its tests."""
ASKED_OF_EACH = {"D1", "D2", "D3", "D4", "D5", "D6", "D9", "C1", "C2", "S1"}


def test_every_service_has_a_list():
    """Each file of scenarios has its table."""
    files = set((ROOT / "tests" / "integration" / "profiles").glob("test_*.py"))
    assert set(SERVICES) == files
    assert len(files) == 5


@pytest.mark.parametrize("path", SERVICES, ids=[path.stem for path in SERVICES])
def test_a_services_list_names_all_its_tests_with_keys_that_exist(path):
    """No scenario is without its row, and a test's name begins with the ids of its row."""
    rows = SERVICES[path]
    assert sorted(CODED.findall(row[3])[0] for row in rows) == sorted(
        name for name in functions_of(path) if name.startswith("test_")
    )
    ids = [re.findall(r"[A-Z]\d+", row[0].partition(" ")[2]) for row in rows]
    assert {each for row in ids for each in row} >= ASKED_OF_EACH
    for row, named in zip(rows, ids, strict=True):
        law = row[0].partition(" ")[0]
        assert CODED.findall(row[3])[0].startswith("_".join(["test", law, *named, ""]).lower())
        assert [key for key in CODED.findall(row[2]) if not exists(key)] == []
        assert row[1].startswith(law)


def test_every_requirement_stands_there_once():
    """The ids of the requirements, in their order."""
    assert [row[0] for row in ROWS] == REQUIREMENTS


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_keys_and_tests_that_are_named_exist(row):
    """Nobody is sent to a key that is none, or to a test that was renamed."""
    _, _, source, keys, tests = row
    assert re.match(r"(SAR|SAH|UDM|KEM|VLA) \d", source)
    named_keys, named_tests = CODED.findall(keys), CODED.findall(tests)
    assert named_keys
    assert named_tests
    assert [key for key in named_keys if not exists(key)] == []
    for named in named_tests:
        file, _, name = named.partition("::")
        assert name in functions_of(ROOT / file), named
