"""Words, and the beginnings they are found by."""

import pytest

from acd.journal.search import beginnings, fts5, tsquery, words


def test_words_are_stored_once_in_lower_case():
    """Case, punctuation, `ё` and repetition do not matter."""
    assert words("Ёлкина Анна", "анна, ЕЛКИНА!") == "елкина анна"


@pytest.mark.parametrize(
    "spelling",
    ["+79161234567", "89161234567", "8 (916) 123-45-67", "+7 916 123 45 67", "7-916-123-45-67"],
)
def test_a_telephone_number_is_one_word_in_any_spelling(spelling):
    """Whoever searches need not know how the number was written."""
    assert words(spelling) == "79161234567"
    assert beginnings(spelling) == ("79161234567",)


@pytest.mark.parametrize(
    ("asked", "stored"),
    [
        ("поликлиника", "поликлинике"),
        ("прививки", "прививка"),
        ("врач", "врачу"),
        ("государственного", "государственный"),
        ("122-2026-000123", "122 2026 000123"),
    ],
)
def test_endings_do_not_matter(asked, stored):
    """Each word asked for begins some word stored."""
    held = words(stored).split()
    assert all(any(word.startswith(part) for word in held) for part in beginnings(asked))


def test_nothing_in_a_question_is_an_operator():
    """Quotes, operators and brackets of the two query languages are letters or nothing."""
    assert fts5('"a" OR b* NEAR(c)') == '"a" AND "or" AND "b" AND "near" * AND "c"'
    assert tsquery("a' | !near:* & (c)") == "'a' & 'near' & 'c'"
    assert fts5("!?") == ""


def test_beginnings_have_the_lengths_of_the_index():
    """Long words are cut, short ones and long numbers are whole words."""
    assert fts5("государственного 89161234567 на") == '"государств" * AND "79161234567" AND "на"'


def test_a_question_is_as_long_as_is_useful():
    """A pasted page is cut to its first words."""
    assert len(beginnings(" ".join(f"w{n}" for n in range(100)))) == 8
