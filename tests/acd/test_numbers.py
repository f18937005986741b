"""Numbers as networks show them and people type them, and how a trunk is told them."""

import pytest

from acd.numbers import dialled_as, normaliser, number_rule
from callback.kinds import ImpossibleReason
from callback.numbers import Dialable, Undialable

RULE = number_rule()


@pytest.mark.parametrize(
    "shown",
    ["79270000001", "+79270000001", "89270000001", "8 (927) 000-00-01", "9270000001", "8.927.000.00.01"],
)
def test_a_number_has_one_form_however_it_is_shown(shown):
    """Country code with or without its plus, trunk prefix, or neither."""
    assert RULE(shown) == Dialable("+79270000001")


@pytest.mark.parametrize("shown", ["", "  ", "anonymous", "Restricted", "unknown"])
def test_a_withheld_number_is_told_from_a_wrong_one(shown):
    """Who shows none cannot be called back, and that is the reason."""
    assert RULE(shown) == Undialable(ImpossibleReason.WITHHELD)


@pytest.mark.parametrize(
    "shown",
    ["122", "7927", "8-900-CALL-ME", "+79270000001,5", "${EXTEN}", "+7927000000１", "7" * 50, "+0000000000", "a@b"],
)
def test_what_is_no_number_is_none(shown):
    """Short, long, lettered, hostile or none that the numbering plan has."""
    assert RULE(shown) == Undialable(ImpossibleReason.INVALID)


@pytest.mark.parametrize(
    ("form", "number", "dialled"),
    [
        ("e164", "+78452123456", "+78452123456"),
        ("digits", "+78452123456", "78452123456"),
        ("national", "+78452123456", "88452123456"),
        ("national", "+12025550143", "12025550143"),
    ],
)
def test_a_trunk_gets_the_form_that_it_wants(form, number, dialled):
    """With its plus, without, or as it is dialled within Russia."""
    assert dialled_as(number, form) == dialled


def test_short_numbers_of_services_have_no_full_form():
    """122 is nobody's number that somebody could show."""
    assert normaliser(RULE)("122") is None
