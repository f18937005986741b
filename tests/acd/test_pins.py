"""PINs: in clear or as a hash, five tries, and a bound on what is remembered."""

import asyncio

import pytest
from pydantic import SecretStr

from acd import pins
from acd.pins import LOCKED_S, WRONG_PINS, Pins, hashed
from config.kinds import Secret

PIN = "4321"


class Clock:
    """The test's time."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self):
        """Return it."""
        return self.at


@pytest.fixture(params=["clear", "hash"])
def expected(request):
    """What the file holds."""
    return Secret(SecretStr(PIN if request.param == "clear" else hashed(PIN)))


async def test_right_pin_is_right_and_no_other(expected):
    """Whatever the file holds, only the PIN opens; the hash itself is no PIN."""
    clock = Clock()
    known = Pins(clock)
    assert await known.right("101", expected, PIN)
    for wrong in ("", "432", "43210", expected.reveal() if expected.reveal() != PIN else "1"):
        assert not await Pins(clock).right("101", expected, wrong)
    assert not await known.right("101", None, PIN)


async def test_five_wrong_ones_lock_for_a_while(expected):
    """Then not even the right one opens, until the time is over; another number is not locked by it."""
    clock = Clock()
    known = Pins(clock)
    for _ in range(WRONG_PINS):
        assert not await known.right("101", expected, "0000")
    assert not await known.right("101", expected, PIN)
    assert await known.right("102", expected, PIN)
    clock.at += LOCKED_S
    assert await known.right("101", expected, PIN)


async def test_many_at_once_have_no_more_tries(expected):
    """A hundred guesses side by side, the right one last: it comes too late."""
    known = Pins(Clock())
    guesses = [known.right("101", expected, f"{guess:04}") for guess in range(100)]
    assert not any(await asyncio.gather(*guesses, known.right("101", expected, PIN)))


async def test_numbers_at_random_fill_no_memory(monkeypatch):
    """The oldest failures are forgotten."""
    monkeypatch.setattr(pins, "REMEMBERED", 3)
    known = Pins(Clock())
    for number in range(50):
        await known.right(str(number), None, "1")
    assert len(known._failures) == 3


async def test_hash_that_is_broken_opens_nothing():
    """A file that was cut off is nobody's PIN."""
    assert not await Pins(Clock()).right("101", Secret(SecretStr(hashed(PIN)[:30])), PIN)
