"""Whom the book will dial, whatever it is shown."""

import pytest

from callback.ids import RequestId, attempt_call, parse_attempt_call
from callback.kinds import ImpossibleReason
from callback.numbers import Dialable, check_number
from callback.policy import CallbackPolicy
from queue_engine.ids import CallId
from tests.callback.centre import LINE, as_shown

POLICY = CallbackPolicy(LINE, own_numbers=frozenset({"+78452122122"}))


@pytest.mark.parametrize(
    ("shown", "verdict"),
    [
        ("+78452123456", "+78452123456"),
        ("+79031234567", "+79031234567"),
        ("+73412123456", "+73412123456"),
        ("+78005553535", "+78005553535"),
        ("", ImpossibleReason.WITHHELD),
        ("anonymous", ImpossibleReason.INVALID),
        ("+78452122122", ImpossibleReason.OWN_NUMBER),
        ("+78091234567", ImpossibleReason.NOT_PERMITTED),  # premium rate
        ("+77012345678", ImpossibleReason.NOT_PERMITTED),  # Kazakhstan
        ("+35312345678", ImpossibleReason.NOT_PERMITTED),
        ("+18765551234", ImpossibleReason.NOT_PERMITTED),
        ("+112", ImpossibleReason.INVALID),
    ],
)
def test_who_may_be_called(shown: str, verdict: str | ImpossibleReason):
    """Only permitted numbers, never premium, foreign or our own."""
    assert check_number(shown, as_shown, POLICY) == verdict


@pytest.mark.parametrize(
    "forged", ["+7845${X}", "+7845212&PJSIP/x", "+7845,1", "+7845 212", "+7\n845212345", "+７８４５２１２"]
)
def test_nothing_but_digits_reaches_a_dial_string(forged: str):
    """Even a normaliser that lets something through cannot inject a dial option."""
    assert check_number(forged, Dialable, POLICY) is ImpossibleReason.INVALID


def test_forbidden_wins_over_permitted():
    """A prefix can be taken out of a permitted range."""
    policy = CallbackPolicy(LINE, permitted_prefixes=("+79",), forbidden_prefixes=("+7954",))
    assert check_number("+79031234567", as_shown, policy) == "+79031234567"
    assert check_number("+79541234567", as_shown, policy) is ImpossibleReason.NOT_PERMITTED


def test_an_attempts_call_id_tells_request_and_attempt():
    """Ids are read back, and no other call's id is taken for one."""
    assert parse_attempt_call(attempt_call(RequestId(17), 3)) == (17, 3)
    for other in ("a-1795000000.12", "callback-1795000000.12", "callback-1", "callback-1-x", "xcallback-1-1"):
        assert parse_attempt_call(CallId(other)) is None
