"""The state of an appeal by telephone: what is asked, what is said, and that nobody learns more than the state."""

import pytest
from sqlalchemy.exc import OperationalError

from acd.journal.cards import Channel, open_card
from acd.journal.states import CardState
from acd.journal.store.cards import Entry
from acd.journal.telephone import TRIES, AppealLine
from ami_bridge.agi_message import AgiReply
from config.prompts import BUILT_IN
from tests.journal.desk import service_on
from tests.journal.test_cards import MONDAY


class Caller:
    """A caller's side of a session: presses what the test says, hears what is played."""

    def __init__(self, *pressed):
        self.pressed = list(pressed)
        self.heard = []

    async def command(self, name, *arguments):
        """Answer a command of AGI as Asterisk would."""
        self.heard.append(arguments[0])
        if name != "GET DATA":
            return AgiReply(200)
        digits = self.pressed.pop(0) if self.pressed else ""
        return AgiReply(200, result=-1 if digits is None else 0, value=digits or "")


@pytest.fixture
async def line(sqlite):
    """A line over a journal with one card, whose keys are 20261."""
    service = await service_on(sqlite, "sakhalin-1300")
    card = open_card(service.journal.rules, MONDAY, Channel.TELEPHONE, description="Тайна")
    await service.journal.cards.add(card, Entry(MONDAY, "system"))
    made = AppealLine(str)
    made.journal = service.journal
    return made


async def test_the_state_is_told_by_the_number(line):
    """With leading zeros or without, with the hash or without."""
    for digits in ("20261", "2026000001", "20261#"):
        caller = Caller(digits)
        await line.serve(caller)
        assert caller.heard == ["appeal-ask", "appeal-new"]


async def test_a_wrong_number_is_asked_for_again_and_not_for_ever(line):
    """Three times at most: nobody tries all numbers in one call; silence is asked again without a reproach."""
    caller = Caller("20269", "", "20261")
    await line.serve(caller)
    assert caller.heard == ["appeal-ask", "appeal-unknown", "appeal-ask", "appeal-ask", "appeal-new"]
    caller = Caller("1", "2", "3", "20261")
    await line.serve(caller)
    assert caller.heard == ["appeal-ask", "appeal-unknown"] * TRIES


async def test_a_caller_who_hangs_up_ends_the_session(line):
    """No error of ours."""
    caller = Caller(None)
    await line.serve(caller)
    assert caller.heard == ["appeal-ask"]


async def test_without_the_journal_the_caller_is_asked_to_call_later(line, monkeypatch):
    """It is not set up, has not started yet, or its database is away."""

    async def away(_number):
        raise OperationalError("select", {}, OSError("gone"))

    monkeypatch.setattr(line.journal, "tell", away)
    caller = Caller("20261")
    await line.serve(caller)
    assert caller.heard == ["appeal-ask", "appeal-away"]
    line.journal = None
    caller = Caller()
    await line.serve(caller)
    assert caller.heard == ["appeal-away"]


@pytest.mark.parametrize("language", ["ru", "en"])
def test_every_state_has_its_words(language):
    """And so have the question and the other answers."""
    named = {prompt.name for prompt in BUILT_IN[language]}
    assert {f"appeal-{state.replace('_', '-')}" for state in CardState} <= named
    assert {"appeal-ask", "appeal-unknown", "appeal-away"} <= named
