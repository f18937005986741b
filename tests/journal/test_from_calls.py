"""Cards from the daemon's facts: what opens one, what belongs to one, and each fact once through every crash."""

import asyncio

import pytest
from sqlalchemy.exc import OperationalError

from acd.journal import feed as feed_module
from acd.journal.cards import Channel
from acd.journal.facts import CardOpened, TalkBegan
from acd.journal.from_calls import earlier_visits
from acd.journal.states import CardState
from acd.journal.store.lists import CardFilter, Lists
from callback.facts import CallbackAttemptStarted
from callback.kinds import Leg
from metrics.service_facts import VoiceMessageLeft
from queue_engine.facts import AbandonStage, CallAbandoned, CallAccepted, CallAnswered, CallEnded, CallReturned
from queue_engine.inputs import Party
from tests.journal.desk import Role, service_on
from tests.journal.recorded import at_work, records_in
from tests.journal.test_cards import MONDAY

LINE = "saratov-122"
CALL = "lab-1795414800.12"


@pytest.fixture
async def saratov(sqlite):
    """The journal of line 122."""
    return await service_on(sqlite, LINE)


@pytest.fixture
async def records(tmp_path):
    """An empty database of records."""
    async with records_in(tmp_path) as made:
        yield made


@pytest.fixture
async def feed(records, saratov):
    """The way of facts into the journal, begun before the first of them."""
    made = records.feed(saratov, LINE)
    await made.catch_up()
    return made


def accepted(call=CALL, caller="+79161234567"):
    """A call is accepted."""
    return CallAccepted(MONDAY, call, LINE, caller, MONDAY, 0)


def answered(call=CALL, agent="101", at=MONDAY + 5, line=LINE):
    """An operator answers."""
    return CallAnswered(at, call, line, 1, agent, 5.0)


def ended(call=CALL, agent="101", talked_s=61.0):
    """A talk is over."""
    return CallEnded(MONDAY + 70, call, LINE, "+79161234567", agent, Party.CALLER, 16, 5.0, talked_s)


CALLED_BACK = CallbackAttemptStarted(
    at=MONDAY + 80, request=7, queue=LINE, call="callback-7-1", number="+79161234567", attempt=1, of_break=1,
    broken_call=CALL, broken_at=MONDAY + 70, after_break_s=10.0, limit_s=15.0, within_limit=True,
    first_leg=Leg.OPERATOR, agent="101",
)  # fmt: skip


async def all_cards(service):
    """Return every card, the newest first."""
    return await Lists(service.journal.cards._engine).page(service.person(Role.ADMINISTRATOR), CardFilter())


async def test_an_answered_call_opens_a_card_and_its_end_completes_the_talk(saratov, records, feed):
    """J1: number, channel, the caller's number, the responsible person and the talk time are there by themselves."""
    await records.put(accepted(), answered(), ended())
    await feed.catch_up()
    card = await saratov.journal.cards.by_call(CALL)
    assert str(card.number) == "122-2026-000001"
    assert (card.channel, card.state, card.line) == (Channel.TELEPHONE, CardState.NEW, LINE)
    assert (card.caller, card.contact_phone, card.responsible) == ("+79161234567", "+79161234567", "anna")
    (talk,) = await saratov.journal.cards.talks(card.id)
    assert (talk.agent, talk.answered_at, talk.talked_s) == ("101", MONDAY + 5, 61.0)
    assert saratov.facts == [CardOpened(MONDAY + 5, LINE, card.id, "122-2026-000001", "101")]


async def test_a_voice_message_opens_a_card(saratov, records, feed):
    """UDM 5.3, J2: what was said to the secretary is an appeal, once, with the number to call."""
    left = VoiceMessageLeft(MONDAY + 40, CALL, LINE, "+79161234567", "lab", "2026-11-23/lab.wav", 31.0)
    await records.put(accepted(), left, left)
    await feed.catch_up()
    (card,) = await all_cards(saratov)
    stored = await saratov.journal.cards.by_call(CALL)
    assert (stored.channel, stored.caller, stored.contact_phone) == (
        Channel.VOICE_MESSAGE, "+79161234567", "+79161234567",
    )  # fmt: skip
    assert card.running == 1
    assert [talk.talked_s for talk in await saratov.journal.cards.talks(stored.id)] == [31.0]


async def test_facts_recorded_while_the_journal_was_away_are_worked_off_once(saratov, records, feed):
    """A daemon that dies between a fact and its card: the next one finds the fact, and works none off twice."""
    await records.put(accepted(), answered())
    await feed.catch_up()
    await records.put(ended(), accepted("lab-1795414800.99"), answered("lab-1795414800.99", at=MONDAY + 90))
    for _ in range(2):  # two further starts of the daemon
        again = records.feed(saratov, LINE)
        await again.catch_up()
    cards = await all_cards(saratov)
    assert [card.running for card in cards] == [2, 1]
    assert [talk.talked_s for talk in await saratov.journal.cards.talks(cards[1].id)] == [61.0]
    assert len(saratov.facts) == 2


async def test_a_crash_in_the_middle_of_a_page_leaves_nothing_half_done(saratov, records, feed, monkeypatch):
    """The place in the records moves with the cards or not at all: the whole page is worked off anew."""
    await records.put(accepted(), answered(), ended(), accepted("lab-1.2"), answered("lab-1.2", at=MONDAY + 90))

    async def crash(*_):
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(feed_module, "write_place", crash)
        with pytest.raises(RuntimeError):
            await feed.catch_up()
    assert await all_cards(saratov) == []
    assert saratov.facts == []
    await records.feed(saratov, LINE).catch_up()
    assert [card.running for card in await all_cards(saratov)] == [2, 1]


async def test_a_journal_that_is_new_at_a_site_begins_with_the_next_call(saratov, records):
    """The calls of the years before it give no cards."""
    await records.put(accepted(), answered(), ended())
    feed = records.feed(saratov, LINE)
    await feed.catch_up()
    await records.put(accepted("lab-1.2"), answered("lab-1.2"))
    await feed.catch_up()
    assert await saratov.journal.cards.by_call(CALL) is None
    assert await saratov.journal.cards.by_call("lab-1.2") is not None


async def test_a_call_that_comes_back_to_the_line_keeps_its_card(saratov, records, feed):
    """One appeal, two operators: one card, two talks, and the second's desk is told of the card too."""
    await records.put(
        accepted(),
        answered(agent="207"),
        CallReturned(MONDAY + 6, CALL, LINE, "207", 1.0),
        answered(at=MONDAY + 9),
        ended(),
    )
    await feed.catch_up()
    card = await saratov.journal.cards.by_call(CALL)
    assert card.responsible == "207"  # nobody's login: named by number
    assert [(talk.agent, talk.talked_s) for talk in await saratov.journal.cards.talks(card.id)] == [
        ("207", 1.0), ("101", 61.0)
    ]  # fmt: skip
    assert saratov.facts[1] == TalkBegan(MONDAY + 9, LINE, card.id, "122-2026-000001", "101")


async def test_a_caller_who_is_passed_on_to_another_line_keeps_his_card(saratov, records, feed):
    """D3: the 2nd line sees the card that the 1st has begun, although the visit is a call of its own."""
    await records.put(accepted(), answered(), ended())
    await records.put(accepted(f"{CALL}-1"), answered(f"{CALL}-1", agent="201", at=MONDAY + 80))
    await feed.catch_up()
    (card,) = await all_cards(saratov)
    assert [talk.agent for talk in await saratov.journal.cards.talks(card.id)] == ["101", "201"]
    assert saratov.facts[-1].agent == "201"


def test_earlier_visits_are_told_by_the_call_id():
    """The first visit has no number of its own; a server's name may look like anything."""
    assert earlier_visits("pbx-2-1795414800.12-3") == [
        "pbx-2-1795414800.12", "pbx-2-1795414800.12-1", "pbx-2-1795414800.12-2"
    ]  # fmt: skip
    assert earlier_visits("pbx-2-1795414800.12") == []
    assert earlier_visits("callback-7-1") == []


async def test_a_call_back_after_a_break_goes_on_with_the_same_card(saratov, records, feed):
    """C1 and J1: the talk that was broken and its call-back are one appeal."""
    await records.put(accepted(), answered(), ended())
    await records.put(CALLED_BACK, answered("callback-7-1", at=MONDAY + 90))
    await feed.catch_up()
    (card,) = await all_cards(saratov)
    assert [talk.call for talk in await saratov.journal.cards.talks(card.id)] == [CALL, "callback-7-1"]


async def test_a_call_back_of_somebody_who_gave_up_waiting_opens_a_card_with_his_number(saratov, records, feed):
    """Nobody had spoken to him: the appeal begins now, and the number is known."""
    gave_up = CallAbandoned(MONDAY + 70, CALL, LINE, "+79161234567", AbandonStage.WAITING, 70.0, 16)
    await records.put(accepted(), gave_up, CALLED_BACK, answered("callback-7-1", at=MONDAY + 90))
    await feed.catch_up()
    (card,) = await all_cards(saratov)
    assert card.caller == "+79161234567"


async def test_a_talk_that_a_restarted_daemon_finds_is_the_same_talk(saratov, records, feed):
    """It is told again, with the instant of the finding; the card shows one talk with its whole length."""
    await records.put(accepted(), answered())
    await records.put(answered(at=MONDAY + 30), ended(talked_s=65.0))
    await feed.catch_up()
    card = await saratov.journal.cards.by_call(CALL)
    assert [(talk.answered_at, talk.talked_s) for talk in await saratov.journal.cards.talks(card.id)] == [
        (MONDAY + 5, 65.0)
    ]


async def test_calls_of_other_lines_and_calls_that_nobody_answered_open_none(saratov, records, feed):
    """A line without a journal and an abandoned call leave no card."""
    await records.put(
        accepted(),
        CallAbandoned(MONDAY + 3, CALL, LINE, "", AbandonStage.WAITING, 3.0, 16),
        answered(call="lab-1.2", line="other"),
        ended(call="lab-1.3"),
    )
    await feed.catch_up()
    assert await all_cards(saratov) == []
    assert saratov.facts == []


async def test_a_fact_that_is_announced_before_it_is_recorded_is_waited_for(saratov, records, feed):
    """The daemon's event comes first, the record a moment later: the card is there as soon as the record is."""
    opened = asyncio.Event()
    feed._publish = lambda fact: (saratov.facts.append(fact), opened.set())
    async with at_work(feed):
        feed.announce("run1", 2, "CallAnswered")
        await asyncio.sleep(0)
        await records.put(accepted(), answered(), run="run1")
        async with asyncio.timeout(30):
            await opened.wait()
        assert feed._wanted is None
        feed.announce("run1", 1, "CallAnswered")  # an event that comes after its record asks for nothing
        assert feed._wanted is None


async def test_while_the_database_is_away_facts_wait(saratov, records, feed, monkeypatch):
    """What could not be stored is tried again until it is."""
    monkeypatch.setattr(feed_module, "LONGEST_LOOK_S", 0.0)
    opened = asyncio.Event()
    feed._publish = lambda _: opened.set()
    failures = [OperationalError("insert", {}, OSError("gone")), ConnectionRefusedError("refused")]
    apply = feed._cards.apply

    async def flaky(*args):
        if failures:
            raise failures.pop()
        return await apply(*args)

    monkeypatch.setattr(feed._cards, "apply", flaky)
    await records.put(accepted(), answered())
    async with at_work(feed), asyncio.timeout(30):
        await opened.wait()
    assert failures == []
    assert await saratov.journal.cards.by_call(CALL) is not None
