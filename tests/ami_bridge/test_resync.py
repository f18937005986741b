"""Reading Asterisk's channels while calls come and go: what came after the reading is no less there."""

import asyncio
from collections.abc import Callable

import pytest

from ami_bridge.message import AmiMessage, parse_message
from ami_bridge.resync import JOURNAL_READ_AT_MOST, Resynchroniser
from queue_engine.ids import AgentId, Instant, QueueName
from queue_engine.inputs import CallArrived, CallerHungUp, CallLost, Input, Party, TalkEnded, TalkFound
from tests.ami_bridge.board import CALL, CALLER, NOW, Bench, enter, hangup, newchannel


class Asterisk:
    """Answers with its channels, or none at all, and lets something happen right after they were read."""

    def __init__(self, meanwhile: Callable[[], object] = lambda: None, *channels: AmiMessage) -> None:
        self._meanwhile = meanwhile
        self._channels = list(channels)
        self.journals = 0
        """How often the journal of ended calls was read."""
        self.journal: list[AmiMessage] = []

    async def action(self, name: str, headers: object = None) -> AmiMessage:
        """Answer a Ping."""
        return AmiMessage({"Response": "Success", "Timestamp": "1010.0"})

    async def action_list(self, name: str, headers: object = None) -> list[AmiMessage]:
        """Return the channels and the journal, and nothing of anything else."""
        if name == "DBGetTree":
            self.journals += 1
            self._meanwhile()
            return self.journal
        return self._channels if name == "Status" else []


class SetBack(Asterisk):
    """Its clock was set back by an hour."""

    async def action(self, name: str, headers: object = None) -> AmiMessage:
        """Answer a Ping."""
        return AmiMessage({"Response": "Success", "Timestamp": str(NOW - 3600.0)})


def coming() -> AmiMessage:
    """A caller's new channel."""
    told = {"Context": "acd-incoming", "Exten": "122", "CallerIDNum": "79031234567"}
    return AmiMessage(newchannel("PJSIP/trunk-city-1", CALLER) | told)


@pytest.fixture
def bench() -> Bench:
    """A board whose line 122 is dialled as 122."""
    made = Bench()
    made.board.line_of = {"122": QueueName("122")}.get
    return made


async def resynchronise(bench: Bench, asterisk: Asterisk) -> list:
    """Read the channels and return the inputs that came of it."""
    bench.inputs.clear()
    await Resynchroniser(bench.board, bench.desks, lambda call, stage: False).run(asterisk)  # type: ignore[arg-type]
    return [told for told in bench.inputs if isinstance(told, CallArrived | CallLost)]


async def test_call_that_asterisk_no_longer_has_is_lost(bench):
    """Nobody told of its end: Asterisk was restarted."""
    bench.call()
    assert [told.call for told in await resynchronise(bench, Asterisk())] == [CALL]


async def test_call_that_came_after_the_reading_lives_on(bench):
    """Its session came while Asterisk was still answering."""
    assert await resynchronise(bench, Asterisk(bench.call)) == []
    assert bench.board.legs.call(CALL) is not None


async def test_caller_who_died_with_asterisk_before_he_came_to_us_is_recorded(bench):
    """He was accepted: his call has a beginning and an end."""
    bench.board.on_event(coming())
    arrived, lost = await resynchronise(bench, Asterisk())
    assert (arrived.call, arrived.caller, arrived.queue) == (CALL, "79031234567", "122")
    assert lost.call == CALL


async def test_caller_whose_channel_came_after_the_reading_is_awaited(bench):
    """He is on his way to us, and no record is made for him."""
    assert await resynchronise(bench, Asterisk(lambda: bench.board.on_event(coming()))) == []
    assert len(bench.board.arrivals) == 1


async def test_look_for_refused_callers_is_overtaken_by_a_resynchronisation(bench):
    """The link comes back while a newcomer's look is under way: both end, neither takes a dead channel for alive."""
    resynchroniser = Resynchroniser(bench.board, bench.desks, lambda call, stage: False)
    status = AmiMessage({"Event": "Status", "Uniqueid": CALLER, "Channel": "PJSIP/trunk-city-1"})
    may_answer = asyncio.Event()

    class Slow(Asterisk):
        async def action_list(self, name: str, headers: object = None) -> list[AmiMessage]:
            """Tell of one channel, which ends before the answer has come."""
            if name != "Status":
                return []
            await may_answer.wait()
            return [status]

    looking = asyncio.create_task(resynchroniser.take_up(Slow()))  # type: ignore[arg-type]
    running = asyncio.create_task(resynchroniser.run(Slow()))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    assert await resynchroniser.take_up(Slow()) == []  # type: ignore[arg-type]
    bench.board.on_event(AmiMessage({"Event": "Hangup", "Uniqueid": CALLER, "Channel": "x", "Cause": "16"}))
    may_answer.set()
    assert (await running).present == {}
    assert await looking == []
    assert len(bench.board.legs) == 0


RINGING = (
    parse_message(
        f"Event: Status\r\nUniqueid: {CALLER}\r\nChannel: PJSIP/trunk-city-1\r\nApplication: Dial\r\n"
        f"ChannelState: 6\r\nVariable: ACD_CALL={CALL}\r\nVariable: ACD_LINE=122\r\nVariable: ACD_ENTERED=1000.0\r\n"
        "Variable: ACD_STAGE=waiting".encode()
    ),
    AmiMessage({"Event": "Status", "Uniqueid": "100.2", "Channel": "PJSIP/op101-00000002", "Linkedid": CALLER}),
)
"""A telephone rings for a caller, in a Dial of a daemon before us."""


def told_of_the_talk(inputs: list[Input]) -> list[Input]:
    """Leave out what is told of the telephone."""
    return [told for told in inputs if isinstance(told, CallArrived | TalkFound | CallerHungUp | CallLost)]


async def test_talk_that_began_after_the_reading_is_found(bench):
    """In the list the telephone still rings, and the events of the bridge came before anybody knew the channels."""

    def answered() -> None:
        bench.board.on_event(AmiMessage(enter("PJSIP/op101-00000002", "100.2")))
        bench.board.on_event(AmiMessage(enter("PJSIP/trunk-city-1", CALLER)))

    bench.inputs.clear()
    resynchroniser = Resynchroniser(bench.board, bench.desks, lambda call, stage: True)
    await resynchroniser.run(Asterisk(answered, *RINGING))  # type: ignore[arg-type]
    arrived, talk = told_of_the_talk(bench.inputs)
    assert (arrived.call, talk.call, talk.agent, talk.answered_at) == (CALL, CALL, AgentId("101"), NOW)
    assert told_of_the_talk(
        bench.happens(hangup("PJSIP/trunk-city-1", CALLER), hangup("PJSIP/op101-00000002", "100.2"))
    )
    assert bench.board.legs.call(CALL) is None


async def test_talk_that_began_after_a_look_for_refused_callers_is_found(bench):
    """The same where a newcomer has it looked for who should have come before him."""
    resynchroniser = Resynchroniser(bench.board, bench.desks, lambda call, stage: True)

    class Answered(Asterisk):
        async def action_list(self, name: str, headers: object = None) -> list[AmiMessage]:
            """Tell of the telephone that rings; it is answered before this is read."""
            bench.board.on_event(AmiMessage(enter("PJSIP/op101-00000002", "100.2")))
            bench.board.on_event(AmiMessage(enter("PJSIP/trunk-city-1", CALLER)))
            return await super().action_list(name, headers)

    bench.happens(newchannel("PJSIP/op101-00000002", "100.2"))
    assert await resynchroniser.take_up(Answered(lambda: None, *RINGING)) == []  # type: ignore[arg-type]
    assert [type(told) for told in told_of_the_talk(bench.inputs)] == [CallArrived, TalkFound]


async def test_who_ended_while_the_journal_was_read_is_in_it(bench):
    """It is read again: else his call would be neither in Asterisk nor in its journal, and pass for one that died."""
    ends = iter((True, False))

    def hung_up() -> None:
        if next(ends):
            bench.happens(hangup("PJSIP/trunk-city-1", CALLER))

    asterisk = Asterisk(hung_up, *RINGING)
    await resynchronise(bench, asterisk)
    assert asterisk.journals == 2


@pytest.mark.parametrize("answered", [True, False])
async def test_call_that_ended_while_the_link_was_away_ended_when_the_journal_says(bench, answered):
    """The operator's talk was six seconds shorter than until now; so was the wait of one whom nobody answered."""
    call = bench.call()
    if answered:
        bench.offer(call, "101").talking = True
    asterisk = Asterisk()
    noted = f"122|79031234567|1000.0|1004.0|{'ANSWER' if answered else ''}|op101|{'1001000' if answered else ''}|16"
    asterisk.journal = [AmiMessage({"Key": f"/acd-ended/16/{CALL}", "Val": f"{noted}||||"})]
    await resynchronise(bench, asterisk)
    ends = [each for each in bench.inputs if isinstance(each, TalkEnded | CallerHungUp)]
    assert [(type(each), each.ended_at) for each in ends] == [
        (TalkEnded if answered else CallerHungUp, Instant(1004.0)),
        *([(CallerHungUp, Instant(1004.0))] if answered else []),
    ]


async def test_talk_that_began_and_ended_on_a_dead_link_is_found_in_the_journal(bench):
    """Nobody knew that the link was dead: to us the telephone rang when the caller hung up. He was no abandon."""
    call = bench.call()
    bench.offer(call, "102")
    bench.offer(call, "101")
    call.said_gone = True
    asterisk = Asterisk()
    noted = "122|79031234567|1000.0|1004.0|ANSWER|op101|1001500|16||||"
    asterisk.journal = [AmiMessage({"Key": f"/acd-ended/16/{CALL}", "Val": noted})]
    await resynchronise(bench, asterisk)
    told = [each for each in bench.inputs if isinstance(each, TalkFound | TalkEnded | CallerHungUp)]
    found, ended, _ = told
    assert (found.agent, found.answered_at) == (AgentId("101"), 1001.5)
    assert (ended.by, ended.ended_at) == (Party.CALLER, 1004.0)
    assert bench.board.legs.call(CALL) is None


@pytest.mark.parametrize(("said_gone", "by"), [(True, Party.CALLER), (False, Party.SYSTEM)])
async def test_talk_of_which_the_session_alone_has_told_was_ended_by_the_caller(bench, said_gone, by):
    """The link was lost in that instant, with the events. Of a call that was cut off he would be called back."""
    call = bench.call()
    bench.offer(call, "101").talking = True
    call.said_gone = said_gone
    asterisk = Asterisk()
    noted = "122|79031234567|1000.0|1004.0|ANSWER|op101|1001000|16||||"
    asterisk.journal = [AmiMessage({"Key": f"/acd-ended/16/{CALL}", "Val": noted})]
    await resynchronise(bench, asterisk)
    assert [each.by for each in bench.inputs if isinstance(each, TalkEnded)] == [by]


async def test_journal_is_not_read_without_end(bench):
    """Under load somebody ends every time."""
    number = iter(range(100))
    asterisk = Asterisk(lambda: bench.happens(hangup("x", f"200.{next(number)}")))
    await resynchronise(bench, asterisk)
    assert asterisk.journals == JOURNAL_READ_AT_MOST


async def test_caller_whose_entry_was_noted_by_another_clock_is_not_sent_away(bench):
    """Asterisk's clock was set and set back while no daemon was there: he seems to have waited for an hour."""
    bench.board.longest_wait_s = lambda _: 120.0
    waits = (
        f"Event: Status\r\nUniqueid: {CALLER}\r\nChannel: PJSIP/trunk-city-1\r\nApplication: Wait\r\n"
        f"ChannelState: 6\r\nVariable: ACD_CALL={CALL}\r\nVariable: ACD_LINE=122\r\nVariable: ACD_ENTERED=-2595.0"
    )
    [arrived] = await resynchronise(bench, Asterisk(lambda: None, parse_message(waits.encode())))
    assert arrived.entered_at == NOW


async def test_callers_who_entered_on_two_sides_of_a_step_keep_their_order(bench):
    """One by the clock of before, the other by the one that was set back an hour: the times as written tell nothing."""
    bench.board.clock.saw(NOW - 3600.0, NOW, NOW)
    channels = [
        parse_message(
            f"Event: Status\r\nUniqueid: {number}\r\nChannel: PJSIP/trunk-{number}\r\nApplication: Wait\r\n"
            f"ChannelState: 6\r\nVariable: ACD_CALL=a1-{number}\r\nVariable: ACD_LINE=122\r\n"
            f"Variable: ACD_ENTERED={entered}".encode()
        )
        for number, entered in (("100.2", NOW - 3600.0 - 1.0), ("100.1", NOW - 2.0))
    ]
    arrived = await resynchronise(bench, SetBack(lambda: None, *channels))
    assert [(told.call, told.entered_at) for told in arrived] == [("a1-100.1", NOW - 2.0), ("a1-100.2", NOW - 1.0)]
