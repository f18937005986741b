"""Call lists over the real book and the real records: who is booked, what is noted, what people may ask."""

import pytest

from acd.campaigns.desk import CampaignDesk, CampaignRefused
from acd.campaigns.model import NewContact, OutcomeCode, Settings
from acd.campaigns.round import Book
from acd.control.access import Identity, Role
from acd.control.errors import RequestRefused
from acd.numbers import number_rule
from callback.effects import DialCaller, EnqueueCallback
from callback.ids import RequestId
from callback.inputs import AttemptFailed, CallerDialled
from callback.kinds import AttemptFailure, BarScope
from callback.lists import Pacing
from callback.states import RequestState
from queue_engine.facts import CallAnswered, CallEnded, CallOffered
from queue_engine.ids import AgentId, CallId, Instant, OfferId, QueueName
from queue_engine.inputs import Party
from tests.acd.stage import LINE, Tokens, ask, served

ANNA = AgentId("101")
FIRST, SECOND, THIRD = "+79271230001", "+79271230002", "+79271230003"
ROUND_THE_CLOCK = ("mon-sun 00:00-24:00",)
CHIEF = Identity("chief", Role.SUPERVISOR)


async def make(stage, *numbers, name="remind", **settings):
    """Make a list with these contacts and let it run."""
    desk = stage.campaigning.desk
    made = await desk.add(name, LINE, Settings(hours=ROUND_THE_CLOCK, **settings), "chief")
    await desk.fill(made, [NewContact(number) for number in numbers])
    return await desk.change_state(made, "running", "chief")


async def look(stage):
    """Let the lists be looked through once."""
    return await stage.campaigning.desk.look_through()


def booked(stage):
    """Return the numbers that were put into the line, in their order."""
    return [effect.number for effect in stage.callbacks.effects if isinstance(effect, EnqueueCallback)]


async def contact(stage, number=FIRST, name="remind"):
    """Return a contact as the records have it."""
    store = stage.campaigning.desk.store
    campaign = await store.find(name)
    return next(each for each in await store.page(campaign, 0, 100) if each.number == number)


def reserve(stage, call, agent=ANNA):
    """The engine keeps an operator."""
    stage.callbacks.observe(CallOffered(stage.at, CallId(call), QueueName(LINE), OfferId(9), agent, 0.0))


def fails(stage, call, failure=AttemptFailure.BUSY):
    """The number is dialled and answers so."""
    reserve(stage, call)
    stage.callbacks.handle(CallerDialled(CallId(call)))
    stage.callbacks.handle(AttemptFailed(CallId(call), failure, 17))


def talks(stage, call, agent=ANNA):
    """The two talk."""
    reserve(stage, call, agent)
    stage.callbacks.handle(CallerDialled(CallId(call)))
    stage.callbacks.observe(CallAnswered(stage.at, CallId(call), QueueName(LINE), OfferId(9), agent, 1.0))


def hangs_up(stage, call, agent=ANNA):
    """The talk is over, and the time for saying what it was."""
    stage.callbacks.observe(
        CallEnded(stage.at, CallId(call), QueueName(LINE), FIRST, agent, Party.AGENT, 16, 1.0, 60.0)
    )
    stage.at = Instant(stage.at + 31.0)
    stage.callbacks.enter(stage.callbacks.book.advance(stage.at))


async def test_as_many_are_booked_as_operators_are_free(stage):
    """The stage's line has two; the third contact waits for one of them."""
    await make(stage, FIRST, SECOND, THIRD)
    await look(stage)
    assert booked(stage) == [FIRST, SECOND]
    await look(stage)
    assert len(booked(stage)) == 2 or booked(stage)[2:] == [THIRD]
    assert (await contact(stage)).state == "calling"


async def test_who_calls_in_goes_before_a_list(stage):
    """A caller who waits takes an operator's turn from it."""
    await make(stage, FIRST, SECOND, THIRD, keep_free=1)
    await look(stage)
    assert booked(stage) == [FIRST]


async def test_a_contact_is_tried_again_and_then_closed(stage):
    """After the spacing, and as often as the list says."""
    await make(stage, FIRST, attempts=2, after_busy_s=600)
    await look(stage)
    fails(stage, "callback-1-1")
    await look(stage)
    after = await contact(stage)
    assert (after.state, after.attempts, after.result, after.next_at) == ("waiting", 1, "busy", stage.at + 600)
    stage.at = Instant(stage.at + 601)
    await look(stage)
    fails(stage, "callback-2-1")
    await look(stage)
    after = await contact(stage)
    assert (after.state, after.attempts, after.result) == ("closed", 2, "busy")


async def test_what_a_request_came_to_is_noted_once(stage):
    """The same row told again, after a restart say, is no second attempt."""
    await make(stage, FIRST, attempts=3)
    await look(stage)
    fails(stage, "callback-1-1")
    await look(stage)
    stage.campaigning.desk.follow([stage.callbacks.ended[RequestId(1)]])
    await look(stage)
    assert (await contact(stage)).attempts == 1


def another_run(stage):
    """Return the desk of a daemon that was started after the one of the stage."""
    book = stage.callbacks
    asked = Book(book.handle, book.snapshot, book.refusal, book.is_engaged)
    desk = CampaignDesk(
        lambda: stage.config,
        stage.now,
        stage.records,
        number_rule(),
        asked,
        stage.engine.counts,
        stage.campaigning.bars,
    )
    book.followed = desk.follow
    return desk


async def test_who_was_booked_before_the_daemon_died_is_not_booked_again(stage):
    """The list had not noted it; the book's own row says so, and it is told first."""
    await make(stage, FIRST)
    kept = stage.callbacks.followed
    rows = []
    stage.callbacks.followed = rows.extend
    await look(stage)
    assert (await contact(stage)).state == "waiting"
    stage.callbacks.followed = kept
    desk = another_run(stage)
    desk.follow([stage.callbacks.ended[RequestId(1)]])
    await desk.look_through()
    await desk.look_through()
    assert booked(stage) == [FIRST]
    assert (await contact(stage)).state == "calling"


async def test_who_ended_while_nobody_noted_it_is_not_called_again_at_once(stage):
    """His attempt counts as the book says."""
    await make(stage, FIRST, attempts=2)
    await look(stage)
    stage.callbacks.followed = lambda _: None
    fails(stage, "callback-1-1", AttemptFailure.NO_ANSWER)
    desk = another_run(stage)
    desk.follow([stage.callbacks.ended[RequestId(1)]])
    await desk.look_through()
    after = await contact(stage)
    assert (after.state, after.attempts, after.result) == ("waiting", 1, "no_answer")
    assert booked(stage) == [FIRST]


async def test_a_request_of_which_nobody_knows_any_more_counts_as_an_attempt(stage):
    """He may have been called: he is not called again at once."""
    await make(stage, FIRST, attempts=2, after_no_answer_s=3600)
    await look(stage)
    desk = another_run(stage)
    await desk.look_through()
    after = await contact(stage)
    assert (after.state, after.attempts, after.result) == ("waiting", 1, "lost")
    assert after.next_at == stage.at + 3600


async def test_who_is_with_us_is_not_booked(stage):
    """He calls about something else: the list tries later."""
    await make(stage, FIRST)
    stage.call(FIRST)
    await look(stage)
    assert booked(stage) == []
    after = await contact(stage)
    assert (after.state, after.next_at) == ("waiting", stage.at + 900)


async def test_a_barred_contact_is_closed_and_never_dialled(stage):
    """Whether he was barred before the list or after he was booked (C4)."""
    bars = stage.campaigning.bars
    await bars.add("89271230001", BarScope.LISTS, "asked", "chief")
    await make(stage, FIRST, SECOND)
    await look(stage)
    await bars.add(SECOND, BarScope.ALL, "asked", "chief")
    await look(stage)
    for number in (FIRST, SECOND):
        after = await contact(stage, number)
        assert (after.state, after.result, after.attempts) == ("closed", "do_not_call", 0)
    assert not [effect for effect in stage.callbacks.effects if isinstance(effect, DialCaller)]


async def test_the_list_of_those_not_to_be_called_outlives_the_database(stage, tmp_path):
    """A start without the records reads the file beside the spool."""
    bars = stage.campaigning.bars
    await bars.start()
    await bars.add(FIRST, BarScope.ALL, "asked", "chief")
    await bars.add(SECOND, BarScope.LISTS, "asked", "chief")
    await bars.remove("8 927 123-00-02")
    (tmp_path / "acd.db").unlink()
    await bars.start()
    assert stage.callbacks.refusal(QueueName(LINE), FIRST) == "do_not_call"
    assert stage.callbacks.refusal(QueueName(LINE), SECOND) is None


async def test_a_bar_of_everything_is_not_narrowed_by_an_outcome(stage):
    """Who wants no call at all has said more than who wants none of a list."""
    bars = stage.campaigning.bars
    await bars.add(FIRST, BarScope.ALL, "asked", "chief")
    await bars.add(FIRST, BarScope.LISTS, "a list's outcome", "101")
    [row] = await bars.all()
    assert (row.number, row.scope) == (FIRST, "all")


async def test_a_list_that_rests_books_nobody_and_takes_back_who_is_not_dialled(stage):
    """Who was taken back waits as before, and is called when the list runs again."""
    campaign = await make(stage, FIRST)
    await look(stage)
    desk = stage.campaigning.desk
    campaign = await desk.change_state(campaign, "paused", "chief")
    await look(stage)
    after = await contact(stage)
    assert (after.state, after.attempts) == ("waiting", 0)
    await desk.change_state(campaign, "running", "chief")
    stage.at = Instant(stage.at + 1)
    await look(stage)
    assert booked(stage) == [FIRST, FIRST]


async def test_a_list_that_was_ended_stays_so(stage):
    """Neither contacts nor another start."""
    campaign = await make(stage, FIRST)
    campaign = await stage.campaigning.desk.change_state(campaign, "stopped", "chief")
    with pytest.raises(CampaignRefused, match="for good"):
        await stage.campaigning.desk.change_state(campaign, "running", "chief")
    with pytest.raises(CampaignRefused, match="for good"):
        await stage.campaigning.desk.fill(campaign, [NewContact(SECOND)])


async def test_a_number_is_in_a_list_once_however_it_is_written(stage):
    """What cannot be called is kept with its reason and is not called."""
    desk = stage.campaigning.desk
    made = await desk.add("remind", LINE, Settings(), "chief")
    rows = [NewContact(n) for n in (FIRST, "8 (927) 123-00-01", "79271230001", "12", "+4930123456")]
    done = await desk.fill(made, rows)
    assert tuple(done) == (1, 2, 2)
    assert (await contact(stage, "12")).result == "impossible"
    assert tuple(await desk.fill(made, [NewContact(FIRST)])) == (0, 1, 0)


async def test_a_talk_has_the_outcome_that_its_operator_gives(stage):
    """During it or after it; a code that asks for another call brings one."""
    codes = (OutcomeCode(code="again", title="Again", then="again", after_s=1800), OutcomeCode(code="told", title="T"))
    await make(stage, FIRST, outcomes=codes)
    await look(stage)
    talks(stage, "callback-1-1")
    await look(stage)
    desk = stage.campaigning.desk
    assert desk.present(ANNA) == (await contact(stage)).id
    await desk.outcome(await contact(stage), "again", "101", "after lunch")
    hangs_up(stage, "callback-1-1")
    await look(stage)
    after = await contact(stage)
    assert (after.state, after.result, after.outcome, after.note) == ("waiting", "reached", "again", "after lunch")
    assert after.next_at == stage.at + 1800
    stage.at = Instant(after.next_at + 1)
    await look(stage)
    talks(stage, "callback-2-1")
    hangs_up(stage, "callback-2-1")
    await look(stage)
    after = await contact(stage)
    assert (after.state, after.outcome) == ("closed", "")
    after = await desk.outcome(after, "told", "101")
    assert (after.state, after.outcome, after.agent) == ("closed", "told", "101")


@pytest.mark.parametrize(("asked_s", "again_s"), [(7200, 7200), (None, 31 + 1800), (10, 31 + 1800)])
async def test_when_to_call_again_may_be_said_during_the_talk(stage, asked_s, again_s):
    """The instant said last holds once the call is over; none, or one that is past by then: the code's own time."""
    await make(stage, FIRST, outcomes=(OutcomeCode(code="again", title="Again", then="again", after_s=1800),))
    desk, begun = stage.campaigning.desk, stage.at
    await look(stage)
    talks(stage, "callback-1-1")
    await desk.outcome(await contact(stage), "again", "101", "", Instant(begun + 9000))
    at = None if asked_s is None else Instant(begun + asked_s)
    assert (await desk.outcome(await contact(stage), "again", "101", "", at)).state == "calling"
    hangs_up(stage, "callback-1-1")
    await look(stage)
    after = await contact(stage)
    assert (after.state, after.next_at) == ("waiting", begun + again_s)


async def test_an_outcome_may_bar_the_number(stage):
    """For lists alone: his broken calls are called back as before."""
    await make(stage, FIRST)
    await look(stage)
    talks(stage, "callback-1-1")
    await stage.campaigning.desk.outcome(await contact(stage), "do_not_call", "101")
    [row] = await stage.campaigning.bars.all()
    assert (row.number, row.scope, row.added_by) == (FIRST, "lists", "101")


async def test_a_contact_one_looks_at_is_nobody_elses_for_a_while(stage):
    """And his again when he asks again; then he is anybody's."""
    campaign = await make(stage, FIRST, pacing=Pacing.PREVIEW, preview_s=600)
    desk = stage.campaigning.desk
    mine = await desk.take_next(campaign, ANNA)
    assert mine.number == FIRST
    assert await desk.take_next(campaign, AgentId("102")) is None
    assert (await desk.take_next(campaign, ANNA)).id == mine.id
    await look(stage)
    assert booked(stage) == []
    with pytest.raises(CampaignRefused, match="not before this operator"):
        await desk.call(mine, AgentId("102"))
    stage.at = Instant(stage.at + 601)
    taken = await desk.take_next(campaign, AgentId("102"))
    assert (taken.id, taken.agent) == (mine.id, "102")
    await desk.call(taken, AgentId("102"))
    [place] = [effect for effect in stage.callbacks.effects if isinstance(effect, EnqueueCallback)]
    assert (place.number, place.agent) == (FIRST, "102")


async def test_the_first_contact_of_tomorrow_is_waited_for(stage):
    """Nothing is asked of the database before somebody can be due."""
    await make(stage, FIRST, attempts=2, after_busy_s=600)
    await look(stage)
    fails(stage, "callback-1-1")
    assert await look(stage) == 600.0
    stage.at = Instant(stage.at + 601)
    assert await look(stage) == 3600.0


@pytest.mark.parametrize(
    ("line", "settings", "code"),
    [
        ("none", {}, "line_calls_nobody"),
        (LINE, {"pacing": Pacing.MENU}, "survey_needed"),
        (LINE, {"survey": "x"}, "survey_needed"),
        (LINE, {"pacing": Pacing.MENU, "survey": "x"}, "survey_unknown"),
    ],
)
async def test_a_list_that_could_not_call_is_refused(stage, line, settings, code):
    """At once, and not when the first contact is due."""
    with pytest.raises(CampaignRefused) as refused:
        await stage.campaigning.desk.add("remind", line, Settings(**settings), "chief")
    assert refused.value.code == code


async def test_a_list_over_the_api(stage):
    """A supervisor makes, fills and starts it; an operator sees whom he calls and no other number."""
    tokens = Tokens()
    chief, anna = tokens.make(CHIEF), tokens.make(Identity("anna", Role.OPERATOR, ANNA))
    wallboard = tokens.make(Identity("wall", Role.READ_ONLY))
    async with served(stage, tokens) as server:
        settings = {"pacing": "preview", "hours": list(ROUND_THE_CLOCK), "script": "Здравствуйте"}
        body = {"name": "remind", "line": LINE, "settings": settings}
        made = await ask(server, chief, "POST", "/v1/campaigns", body)
        assert (made["state"], made["contacts"]) == ("paused", 0)
        rows = {"contacts": [{"number": FIRST, "name": "Пётр", "details": {"клиника": "3"}}, {"number": SECOND}]}
        told = await ask(server, chief, "POST", "/v1/campaigns/remind/contacts", rows)
        assert told == {"added": 2, "repeated": 0, "impossible": 0}
        with pytest.raises(RequestRefused, match="does not run"):
            await ask(server, anna, "POST", "/v1/campaigns/remind/next")
        await ask(server, chief, "POST", "/v1/campaigns/remind/state", {"state": "running"})
        given = (await ask(server, anna, "POST", "/v1/campaigns/remind/next"))["contact"]
        assert (given["number"], given["name"], given["script"]) == (FIRST, "Пётр", "Здравствуйте")
        assert given["details"] == {"клиника": "3"}
        called = await ask(server, anna, "POST", f"/v1/contacts/{given['contact']}/call")
        assert called["state"] == "calling"
        with pytest.raises(RequestRefused, match="no such contact"):
            await ask(server, anna, "GET", f"/v1/contacts/{given['contact'] + 1}")
        with pytest.raises(RequestRefused, match="may not"):
            await ask(server, anna, "GET", "/v1/campaigns/remind/contacts")
        with pytest.raises(RequestRefused, match="may not"):
            await ask(server, wallboard, "POST", "/v1/dnc", {"number": FIRST})
        with pytest.raises(RequestRefused, match="no list"):
            await ask(server, chief, "GET", "/v1/campaigns/none")
        with pytest.raises(RequestRefused, match="no telephone number"):
            await ask(server, chief, "POST", "/v1/dnc", {"number": "x"})
        await ask(server, anna, "POST", "/v1/dnc", {"number": SECOND, "scope": "lists", "reason": "asked"})
        [barred] = (await ask(server, chief, "GET", "/v1/dnc"))["numbers"]
        assert (barred["number"], barred["scope"], barred["added_by"]) == (SECOND, "lists", "anna")
        [listed] = (await ask(server, chief, "GET", "/v1/campaigns"))["campaigns"]
        assert (listed["waiting"], listed["calling"]) == (1, 1)
    assert stage.callbacks.ended[RequestId(1)].state is RequestState.IN_LINE


async def test_records_that_are_away_are_told(stage, tmp_path):
    """The daemon answers all the same, and says so."""
    tokens = Tokens()
    chief = tokens.make(CHIEF)
    (tmp_path / "acd.db").unlink()
    async with served(stage, tokens) as server:
        for path in ("/v1/campaigns", "/v1/dnc"):
            with pytest.raises(RequestRefused) as refused:
                await ask(server, chief, "GET", path)
            assert refused.value.code == "database_away"
