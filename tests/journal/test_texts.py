"""Names in two languages."""

import re

import pytest

from acd.journal.texts import NAMES, name_of


@pytest.mark.parametrize("kind", NAMES)
def test_everything_has_a_name_in_both_languages(kind):
    """No state, trigger or role is shown by its identifier; Russian is Russian."""
    assert set(NAMES[kind]) == set(kind)
    for member in kind:
        assert re.search("[а-яё]", name_of(member, "ru"))
        assert not re.search("[а-яё_]", name_of(member, "en"))
