"""Reading Asterisk's channels while calls come and go: what came after the reading is no less there."""

import asyncio
from collections.abc import Callable

import pytest

from ami_bridge.message import AmiMessage
from ami_bridge.resync import Resynchroniser
from queue_engine.ids import QueueName
from queue_engine.inputs import CallArrived, CallLost
from tests.ami_bridge.board import CALL, CALLER, Bench, newchannel


class Asterisk:
    """Answers with no channels at all, and lets something happen right after they were read."""

    def __init__(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        self._meanwhile = meanwhile

    async def action(self, name: str, headers: object = None) -> AmiMessage:
        """Answer a Ping."""
        return AmiMessage({"Response": "Success", "Timestamp": "1010.0"})

    async def action_list(self, name: str, headers: object = None) -> list[AmiMessage]:
        """Return an empty list."""
        if name == "DBGetTree":
            self._meanwhile()
        return []


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
