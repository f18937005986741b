"""docs/security.md names tests: all of them exist, so that what it promises is shown."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", (ROOT / "docs/security.md").read_text("utf-8"))))


def test_the_document_names_tests():
    """The pattern that finds them finds them."""
    assert len(NAMED) > 25


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_named_test_exists(path, name):
    """In that file, by that name."""
    text = (ROOT / path).read_text(encoding="utf-8")
    assert re.search(rf"def {name or 'test_'}", text)
