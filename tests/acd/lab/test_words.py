"""What the lab says to people exists in both languages, with the same values in it."""

import string

import pytest

from acd.lab import words
from acd.texts import Text

TEXTS = [value for value in vars(words).values() if isinstance(value, Text)] + list(words.CODES.values())


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text.en[:30])
def test_both_languages_name_the_same_values(text):
    """A value that one language shows is not missing from the other."""
    names = [{field for _, field, _, _ in string.Formatter().parse(said) if field} for said in (text.en, text.ru)]
    assert names[0] == names[1]
    assert any("а" <= letter <= "я" for letter in text.ru.lower())
