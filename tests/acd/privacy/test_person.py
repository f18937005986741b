"""Every spelling of a number is found, and no other number."""

import pytest

from acd.privacy.person import NotANumber, Person

HIS = [
    "+79271234567",
    "79271234567",
    "89271234567",
    "9271234567",
    "8 (927) 123-45-67",
    "+7 927 123 45 67",
    "8-927-123-45-67",
    "tel:+79271234567;ext=1",
    '{"caller":"+79271234567","at":1}',
]
OTHERS = ["+79271234568", "179271234567", "+792712345678", "92712345670", "+3 79271234567 1"[:11], "", "927 123"]


@pytest.mark.parametrize("text", HIS)
def test_a_spelling_of_his_number_is_found_and_replaced(text):
    """The pseudonym stands for it, and what stands around stays."""
    person = Person("89271234567")
    assert person.is_in(text)
    erased = person.erased(text)
    assert person.pseudonym in erased
    assert not person.is_in(erased)
    assert "4567" not in erased.replace(person.pseudonym, "")


@pytest.mark.parametrize("text", OTHERS)
def test_another_number_is_left(text):
    """Longer, shorter, one digit off: another person, or none."""
    person = Person("+7 (927) 123-45-67")
    assert not person.is_in(text)
    assert person.erased(text) == text


def test_pseudonyms_are_drawn_and_lead_nowhere():
    """Two people, and one person twice, have different ones."""
    drawn = {Person("+79271234567").pseudonym for _ in range(20)}
    assert len(drawn) == 20


@pytest.mark.parametrize("typed", ["", "anonymous", "12", "hello", "+7927123456789012"])
def test_what_is_no_number_is_refused(typed):
    """A half number would find half the town."""
    with pytest.raises(NotANumber):
        Person(typed)
