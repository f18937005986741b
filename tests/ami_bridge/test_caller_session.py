"""A caller's session that breaks in the worst moment: whoever is kept for him is rung, and nothing is told twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from ami_bridge.agi_server import AgiServer, AgiSession
from ami_bridge.caller_session import CallerSessions, LineSound
from ami_bridge.legs import CallLeg
from ami_bridge.message import parse_message
from ami_bridge.perform import Performer
from ami_bridge.resync import Resynchroniser
from queue_engine.effects import OfferCall, Ring, SendCallTo, WithdrawOffer
from queue_engine.ids import AgentId, CallId, OfferId
from queue_engine.inputs import CallArrived, CallerHungUp, OfferFailed, RingFailure, TalkEnded, TalkFound
from tests.ami_bridge.board import CALL, CALLER, NOW, SERVER, Bench, dial_begin, dial_end, enter, hangup, newchannel
from tests.ami_bridge.fake_asterisk import HOST, FakeDialplan, environment, until_true
from tests.ami_bridge.test_resync import Asterisk

OFFER, OTHER = OfferId(7), OfferId(8)
RINGS = "EXEC Dial PJSIP/op101,20,gU(acd-answered)"
TELEPHONE = ("PJSIP/op101-00000002", "100.2")


class Phrases:
    """Nobody says anything."""

    def announcement(self, _effect: object) -> tuple[str, ...]:
        """Say nothing."""
        return ()

    def whisper(self, _whisper: object) -> tuple[str, ...]:
        """Say nothing."""
        return ()


class Port:
    """The FastAGI port, the board behind it and what the engine has ordered."""

    def __init__(self) -> None:
        self.bench = Bench()
        self.board = self.bench.board
        self.fetched: list[CallId] = []
        self.board.fetch = lambda call: self.fetched.append(call.call)
        self.caught_up = 0
        self.board.caught_up = self._caught_up
        self.late: list[dict[str, str]] = []
        """Events that Asterisk has sent and that have not come yet."""
        boards = {SERVER: self.board}
        self.performer = Performer(
            boards,
            self.bench.desks,
            self.bench.inputs.append,
            lambda _server, channel: self.hung_up(channel),
            Phrases(),
        )
        self.sessions = CallerSessions(
            boards,
            lambda _: LineSound(),
            self.bench.inputs.append,
            lambda _call, _stage: False,
            lambda: None,
            lambda: NOW,
        )
        self.server = AgiServer({"call": self.sessions.serve})

    def hung_up(self, channel: str) -> None:
        """Note it."""
        self.bench.hung_up.append(channel)

    async def _caught_up(self) -> None:
        self.caught_up += 1
        await asyncio.sleep(0)
        late, self.late = self.late, []
        self.bench.happens(*late)

    @property
    def call(self) -> CallLeg:
        """The caller."""
        found = self.board.legs.call(CALL)
        assert found is not None
        return found

    def offer(self, offer: OfferId = OFFER, agent: str = "101") -> None:
        """Have the engine offer the call to an operator."""
        self.performer.perform(OfferCall(CALL, (Ring(offer, AgentId(agent)),), 20.0, None))

    @asynccontextmanager
    async def session(
        self, uniqueid: str = CALLER, stage: str = "waiting", **changed: str
    ) -> AsyncIterator[FakeDialplan]:
        """Let a caller's dialplan open a session, which ends by breaking."""
        async with FakeDialplan(self.port) as dialplan:
            arguments = {"arg_1": f"{SERVER}-{uniqueid}", "arg_2": "122", "arg_3": "1000.0", "arg_4": stage} | changed
            dialplan.say(environment(uniqueid=uniqueid, channel=f"PJSIP/trunk-{uniqueid}", **arguments))
            yield dialplan
            dialplan.writer.transport.abort()

    async def broken(self) -> None:
        """Wait until no session is left and what follows from its loss is done."""
        await until_true(lambda: self.server.sessions == 0)


@pytest.fixture
async def port() -> AsyncIterator[Port]:
    """Return a port that listens."""
    made = Port()
    made.port = await made.server.start(HOST, 0)
    yield made
    await made.server.close()


async def answered(dialplan: FakeDialplan, *begins: str) -> None:
    """Take commands, of which each has to begin like this, and say that they went well."""
    for begin in begins:
        said = await dialplan.command()
        assert said.startswith(begin), said
        dialplan.say("200 result=0\n")


async def music(dialplan: FakeDialplan) -> None:
    """Let a session begin: the caller hears music."""
    await answered(dialplan, "SET MUSIC ON")


async def test_dial_that_the_broken_connection_swallowed_rings_in_a_session_that_is_fetched(port: Port):
    """The operator stays the caller's, and is rung by the next session, which does not wait for the next try."""
    async with port.session() as dialplan:
        await music(dialplan)
        port.offer()
        assert (await dialplan.command()).startswith(RINGS)
    await port.broken()
    assert port.fetched == [CALL]
    async with port.session() as dialplan:
        assert (await dialplan.command()).startswith(RINGS)
        assert not [each for each in port.bench.inputs if isinstance(each, OfferFailed)]


async def test_dial_that_asterisk_has_begun_goes_on_without_us(port: Port):
    """Its telephone has a channel: nobody is fetched out of it, and no second Dial is kept."""
    async with port.session() as dialplan:
        await music(dialplan)
        port.offer()
        await dialplan.command()
        port.late = [newchannel(*TELEPHONE), dial_begin(*TELEPHONE)]
    await port.broken()
    assert port.fetched == []
    assert port.call.orders == []


async def test_dial_that_began_after_all_and_was_refused_is_not_repeated(port: Port):
    """Asterisk read the command after our look: its events say that the operator has refused."""
    async with port.session() as dialplan:
        await music(dialplan)
        port.offer()
        await dialplan.command()
    await port.broken()
    port.late = [
        newchannel(*TELEPHONE),
        dial_begin(*TELEPHONE),
        dial_end("100.2", "BUSY"),
        hangup(*TELEPHONE, cause=21),
    ]
    async with port.session() as dialplan:
        await music(dialplan)
        assert [type(each) for each in port.bench.inputs] == [OfferFailed]


async def test_dial_that_the_fetching_cut_short_is_rung_again(port: Port):
    """Asterisk read the command after our look, and was sent on in the middle of it: nobody has refused anything."""
    async with port.session() as dialplan:
        await music(dialplan)
        port.offer()
        await dialplan.command()
    await port.broken()
    port.late = [newchannel(*TELEPHONE), dial_begin(*TELEPHONE), dial_end("100.2", "CANCEL"), hangup(*TELEPHONE)]
    async with port.session() as dialplan:
        assert (await dialplan.command()).startswith(RINGS)
        assert port.bench.inputs == []


async def test_order_that_the_session_had_not_taken_up_brings_the_caller_back_too(port: Port):
    """The offer came in the instant in which the connection broke."""
    async with port.session() as dialplan:
        await music(dialplan)
        dialplan.writer.transport.abort()
        port.offer()
        await port.broken()
    assert port.fetched == [CALL]
    assert port.call.is_to_ring


async def test_who_is_offered_after_his_session_was_lost_is_fetched(port: Port):
    """He would come by himself within a second, and others would be rung meanwhile."""
    async with port.session() as dialplan:
        await music(dialplan)
    await port.broken()
    assert port.fetched == []
    port.offer()
    assert port.fetched == [CALL]


async def test_who_was_fetched_in_vain_is_fetched_again_when_the_port_lets_somebody_in(port: Port):
    """Once: who is refused even then comes with the dialplan's next try."""
    async with port.session() as dialplan:
        await music(dialplan)
    await port.broken()
    port.offer()
    for _ in range(2):
        async with port.session("200.1") as dialplan:
            await music(dialplan)
        await port.broken()
    assert port.fetched == [CALL, CALL]


async def test_who_is_not_rung_any_more_is_let_be(port: Port):
    """The offer was withdrawn before the port was open: nothing hurries."""
    async with port.session() as dialplan:
        await music(dialplan)
    await port.broken()
    port.offer()
    port.performer.perform(WithdrawOffer(OFFER, CALL, AgentId("101")))
    before = len(port.fetched)
    async with port.session("200.1") as dialplan:
        await music(dialplan)
    assert len(port.fetched) == before
    assert OfferFailed(OFFER, RingFailure.CANCELLED) in port.bench.inputs


async def test_connection_that_always_breaks_is_not_hurried(port: Port):
    """The second time the offer fails as one whose telephone never rang, and the engine decides."""
    async with port.session() as dialplan:
        await music(dialplan)
        port.offer()
        await dialplan.command()
    await port.broken()
    async with port.session() as dialplan:
        await dialplan.command()
    await port.broken()
    assert port.fetched == [CALL]
    async with port.session() as dialplan:
        await music(dialplan)
        assert [type(each) for each in port.bench.inputs if isinstance(each, OfferFailed)] == [OfferFailed]


async def test_without_events_nobody_is_fetched(port: Port):
    """Whether the telephone rings nobody can tell then: the offer fails when the dialplan comes back."""
    async with port.session() as dialplan:
        await music(dialplan)
        port.offer()
        await dialplan.command()
        port.board.link_up = False
    await port.broken()
    assert port.fetched == []
    assert not port.call.is_to_ring


async def test_who_was_to_leave_as_the_connection_broke_leaves_with_the_next_session(port: Port):
    """The engine has let him go: told of him again it would take him for another call, with a record of its own."""
    async with port.session() as dialplan:
        await music(dialplan)
        assert [type(each) for each in port.bench.inputs] == [CallArrived]
        port.performer.perform(SendCallTo(CALL, "closed"))
        assert (await dialplan.command()) == "SET VARIABLE ACD_TO closed"
    await port.broken()
    async with port.session() as dialplan:
        await answered(dialplan, "SET VARIABLE ACD_TO closed")
        await dialplan.closed()
    assert [type(each) for each in port.bench.inputs] == [CallArrived]
    assert not port.call.is_to_leave


async def test_caller_who_is_gone_by_his_session_is_not_taken_up_again(port: Port):
    """No events came in; as they do again his channel has not quite ended, and would be a call of its own."""
    port.board.link_up = False
    async with port.session() as dialplan:
        await music(dialplan)
        dialplan.say("HANGUP\n")
        await dialplan.closed()
    await port.broken()
    assert [type(each) for each in port.bench.inputs] == [CallArrived, CallerHungUp]
    status = (
        f"Event: Status\r\nUniqueid: {CALLER}\r\nChannel: PJSIP/trunk-{CALLER}\r\nApplication: AGI\r\n"
        f"ChannelState: 6\r\nVariable: ACD_CALL={CALL}\r\nVariable: ACD_LINE=122\r\nVariable: ACD_ENTERED=1000.0"
    )
    resynchroniser = Resynchroniser(port.board, port.bench.desks, lambda _call, _stage: True)
    found = await resynchroniser.run(Asterisk(lambda: None, parse_message(status.encode())))  # type: ignore[arg-type]
    assert found.present == {}
    assert [type(each) for each in port.bench.inputs] == [CallArrived, CallerHungUp]


async def test_caller_who_was_said_to_be_gone_and_comes_is_there(port: Port):
    """His next session proves it: what Asterisk lists of him counts again."""
    port.board.link_up = False
    async with port.session() as dialplan:
        await music(dialplan)
        dialplan.say("HANGUP\n")
        await dialplan.closed()
    async with port.session() as dialplan:
        await music(dialplan)
        with port.board.meanwhile.since_now() as since:
            assert since.ended == set()


async def test_talk_that_ended_unseen_as_the_link_came_back_is_over(port: Port):
    """Its session finds it when events come in again; those of its end came before, and its operator is free."""
    async with port.session() as dialplan:
        await music(dialplan)
        port.board.link_up = False
        port.offer()
        assert (await dialplan.command()).startswith(RINGS)
        dialplan.say("HANGUP\n200 result=-1\n")
        assert await dialplan.command() == "GET VARIABLE ACD_ANSWERED"
        port.board.link_up = True
        dialplan.say("200 result=1 (1000500)\n")
        await dialplan.closed()
    await port.broken()
    assert [type(each) for each in port.bench.inputs] == [CallArrived, TalkFound, CallerHungUp]
    assert port.board.legs.call(CALL) is None


async def test_talk_with_one_who_was_given_up_meanwhile_is_his(port: Port):
    """Asterisk stood still: nobody heard that he had answered, and another was to be rung. That one has not talked."""
    async with port.session() as dialplan:
        await music(dialplan)
        port.offer()
        assert (await dialplan.command()).startswith(RINGS)
        port.performer.perform(WithdrawOffer(OFFER, CALL, AgentId("101")))
        port.offer(OTHER, "102")
        port.board.link_up = False
        dialplan.say("200 result=0\n")
        assert await dialplan.command() == "GET VARIABLE DIALSTATUS"
        dialplan.say("200 result=1 (ANSWER)\n")
        assert await dialplan.command() == "GET VARIABLE ACD_ANSWERED"
        dialplan.say("200 result=1 (1000500)\n")
        await until_true(lambda: any(isinstance(each, TalkEnded) for each in port.bench.inputs))
    found = [each for each in port.bench.inputs if isinstance(each, TalkFound)]
    assert [each.agent for each in found] == ["101"]


async def test_dial_that_a_redirect_has_cut_off_rings_in_the_session_that_follows(port: Port):
    """Asterisk says of the channel that it is gone; but it was only sent elsewhere, before any telephone rang."""
    async with port.session() as dialplan:
        await music(dialplan)
        port.offer()
        assert (await dialplan.command()).startswith(RINGS)
        dialplan.say("HANGUP\n200 result=-1\n")
        await dialplan.closed()
    await port.broken()
    async with port.session() as dialplan:
        assert (await dialplan.command()).startswith(RINGS)
        assert not [each for each in port.bench.inputs if isinstance(each, OfferFailed)]


async def test_caller_who_hung_up_before_any_telephone_rang_is_gone(port: Port):
    """His Hangup comes after his session's end: the operator is free, and nothing of the Dial is left."""
    async with port.session() as dialplan:
        await music(dialplan)
        port.offer()
        await dialplan.command()
        dialplan.say("HANGUP\n200 result=-1\n")
        await dialplan.closed()
    await port.broken()
    told = port.bench.happens(hangup("PJSIP/trunk-1", CALLER))
    assert [type(each) for each in told] == [CallerHungUp, OfferFailed]
    assert port.board.legs.call(CALL) is None


async def test_end_of_a_talk_whose_events_were_lost_with_the_link_is_booked_at_once(port: Port, monkeypatch):
    """The Dial is over and the link was still there; it was lost before it told, and the caller waits for nothing."""
    waits, wait = asyncio.Event(), AgiSession.wait

    async def seen(session: AgiSession, event: asyncio.Event) -> None:
        waits.set()
        await wait(session, event)

    monkeypatch.setattr(AgiSession, "wait", seen)
    async with port.session() as dialplan:
        await music(dialplan)
        port.offer()
        assert (await dialplan.command()).startswith(RINGS)
        bridged = (enter(*TELEPHONE), enter("PJSIP/trunk-1", CALLER))
        port.bench.happens(newchannel(*TELEPHONE), dial_begin(*TELEPHONE), dial_end("100.2", "ANSWER"), *bridged)
        port.bench.inputs.clear()
        waits.clear()
        dialplan.say("200 result=0\n")
        await waits.wait()
        port.board.link_lost()
        await until_true(lambda: bool(port.bench.inputs))
        assert [type(each) for each in port.bench.inputs] == [TalkEnded]


@pytest.mark.parametrize("answers", [True, False])
async def test_clock_that_was_set_is_asked_for_where_a_session_was_taken_up_late(port: Port, answers):
    """It was opened two seconds ago: taken for now, all who come after it would have waited for longer than he has."""
    hour = 3600.0

    async def sampled() -> None:
        if answers:
            port.board.clock.saw(NOW + hour, NOW, NOW)

    port.board.sample_clock = sampled
    async with port.session(arg_3=str(NOW + hour - 2.5), arg_5=str(NOW + hour - 2.0)) as dialplan:
        await music(dialplan)
    [arrived] = port.bench.inputs
    assert arrived.entered_at == pytest.approx(NOW - 2.5 if answers else NOW - 0.5)
