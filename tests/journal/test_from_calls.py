"""Cards from the engine's facts."""

import asyncio
from contextlib import asynccontextmanager, suppress

import pytest
from sqlalchemy.exc import OperationalError

from acd.journal import from_calls
from acd.journal.cards import Channel
from acd.journal.facts import CardOpened
from acd.journal.from_calls import CardsFromCalls
from acd.journal.states import CardState
from queue_engine.facts import AbandonStage, CallAbandoned, CallAccepted, CallAnswered, CallEnded, CallReturned
from queue_engine.inputs import Party
from tests.journal.desk import service_on
from tests.journal.test_cards import MONDAY

LINE = "saratov-122"


@pytest.fixture
async def saratov(sqlite):
    """The journal of line 122."""
    return await service_on(sqlite, LINE)


@asynccontextmanager
async def working(service):
    """Work facts off while the block runs; all are done when it ends."""
    cards = CardsFromCalls({LINE: service.journal}, service.people, publish=service.facts.append)
    task = asyncio.create_task(cards.run())
    try:
        yield cards
        await cards.settle()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def accepted(call="c1", caller="+79161234567"):
    """A call is accepted."""
    return CallAccepted(MONDAY, call, LINE, caller, MONDAY, 0)


def answered(call="c1", agent="101", at=MONDAY + 5, line=LINE):
    """An operator answers."""
    return CallAnswered(at, call, line, 1, agent, 5.0)


def ended(call="c1", agent="101", talked_s=61.0):
    """A talk is over."""
    return CallEnded(MONDAY + 70, call, LINE, "+79161234567", agent, Party.CALLER, 16, 5.0, talked_s)


async def test_an_answered_call_opens_a_card_and_its_end_completes_the_talk(saratov):
    """J1: number, channel, the caller's number, the responsible person and the talk time are there by themselves."""
    async with working(saratov) as calls:
        for fact in (accepted(), answered(), ended()):
            calls.on_fact(fact)
    card = await saratov.journal.cards.by_call("c1")
    assert str(card.number) == "122-2026-000001"
    assert (card.channel, card.state, card.line) == (Channel.TELEPHONE, CardState.NEW, LINE)
    assert (card.caller, card.contact_phone, card.responsible) == ("+79161234567", "+79161234567", "anna")
    (talk,) = await saratov.journal.cards.talks(card.id)
    assert (talk.agent, talk.answered_at, talk.talked_s) == ("101", MONDAY + 5, 61.0)
    assert saratov.facts == [CardOpened(MONDAY + 5, LINE, card.id, "122-2026-000001", "101")]


async def test_the_same_facts_again_change_nothing(saratov):
    """After a crash the records may be replayed from before it."""
    for _ in range(2):
        async with working(saratov) as calls:
            for fact in (accepted(), answered(), ended()):
                calls.on_fact(fact)
    card = await saratov.journal.cards.by_call("c1")
    assert card.running == 1
    assert len(await saratov.journal.cards.talks(card.id)) == 1
    assert len(saratov.facts) == 1


async def test_a_call_that_comes_back_to_the_line_keeps_its_card(saratov):
    """One appeal, two operators: one card, two talks; an operator who is nobody's login is named by number."""
    async with working(saratov) as calls:
        calls.on_fact(accepted())
        calls.on_fact(answered(agent="207"))
        calls.on_fact(CallReturned(MONDAY + 6, "c1", LINE, "207", 1.0))
        calls.on_fact(answered(agent="101", at=MONDAY + 9))
        calls.on_fact(ended())
    card = await saratov.journal.cards.by_call("c1")
    assert card.responsible == "207"
    assert [(talk.agent, talk.talked_s) for talk in await saratov.journal.cards.talks(card.id)] == [
        ("207", None), ("101", 61.0)
    ]  # fmt: skip


async def test_calls_of_other_lines_and_calls_that_nobody_answered_open_none(saratov):
    """A line without a journal and an abandoned call leave no card."""
    async with working(saratov) as calls:
        calls.on_fact(accepted())
        calls.on_fact(CallAbandoned(MONDAY + 3, "c1", LINE, "", AbandonStage.WAITING, 3.0, 16))
        calls.on_fact(answered(call="c2", line="other"))
        calls.on_fact(ended(call="c3"))
    assert await saratov.journal.cards.by_call("c1") is None
    assert await saratov.journal.cards.by_call("c2") is None
    assert saratov.facts == []


async def test_while_the_database_is_away_facts_wait(saratov, monkeypatch):
    """What could not be stored is tried again until it is."""
    monkeypatch.setattr(from_calls, "RETRY_S", 0.0)
    store = saratov.journal.cards
    failures = [OperationalError("insert", {}, OSError("gone")), ConnectionRefusedError("refused")]

    class Flaky:
        """The store, away for the first two attempts."""

        def __getattr__(self, name):
            return getattr(store, name)

        async def by_call(self, call):
            if failures:
                raise failures.pop()
            return await store.by_call(call)

    saratov.journal.cards = Flaky()
    async with working(saratov) as calls:
        calls.on_fact(accepted())
        calls.on_fact(answered())
    assert await store.by_call("c1") is not None
