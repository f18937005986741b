"""A tape of inputs gives the same facts again, byte for byte."""

import random

import pytest

from acd.tape import TapeUnreadable, TapeWriter, fact_lines, replay
from metrics.records.codec import encode
from queue_engine.effects import OfferCall
from queue_engine.engine import QueueEngine
from queue_engine.ids import AgentId, CallId, Instant, QueueName
from queue_engine.inputs import (
    AgentBecameReachable,
    AgentLoggedIn,
    AgentPaused,
    CallArrived,
    CallerHungUp,
    OfferAnswered,
    OfferFailed,
    Party,
    PoliciesLoaded,
    RingFailure,
    TalkEnded,
)
from queue_engine.policy import AgentPolicy, QueuePolicy, Say, Skill

LINE = QueueName("l122")
START = 1_795_000_000.0


def a_day(path):
    """Run an engine through a random day while a tape is written; return the facts as lines."""
    chance = random.Random(7)
    policies = PoliciesLoaded(
        (QueuePolicy(LINE, wrap_up_s=3.0, steps=(Say(5.0, "place", 10.0),)),),
        tuple(AgentPolicy(AgentId(str(n)), (LINE,), skills=(Skill("x", 2),)) for n in range(101, 104)),
    )
    engine, now, lines = QueueEngine(5), Instant(START), []
    with TapeWriter(path, 5) as tape:

        def take(event):
            tape.took(event, now)
            step = engine.handle(event, now)
            lines.extend(type(f).__name__.encode() + b"\t" + encode(f) + b"\n" for f in step.facts)
            for effect in step.effects:
                if isinstance(effect, OfferCall):
                    ringing.extend((ring.offer, effect.call) for ring in effect.rings)

        ringing, talking, calls = [], [], 0
        take(policies)
        for n in range(101, 104):
            take(AgentBecameReachable(AgentId(str(n))))
            take(AgentLoggedIn(AgentId(str(n)), "test"))
        for _ in range(600):
            now = Instant(now + chance.expovariate(1.0))
            while (due := engine.next_deadline()) is not None and due <= now:
                tape.ticked(due)
                step = engine.advance(due)
                lines.extend(type(f).__name__.encode() + b"\t" + encode(f) + b"\n" for f in step.facts)
                for effect in step.effects:
                    if isinstance(effect, OfferCall):
                        ringing.extend((ring.offer, effect.call) for ring in effect.rings)
            match chance.randrange(6):
                case 0 | 1:
                    calls += 1
                    take(CallArrived(CallId(f"c{calls}"), LINE, "79030000000", now))
                case 2 if ringing:
                    offer, call = ringing.pop(0)
                    take(OfferAnswered(offer))
                    talking.append(call)
                case 3 if ringing:
                    take(OfferFailed(ringing.pop(0)[0], RingFailure.NO_ANSWER))
                case 4 if talking:
                    take(TalkEnded(talking.pop(0), Party.AGENT))
                case 5:
                    take(CallerHungUp(CallId(f"c{chance.randrange(1, calls + 2)}")))
                case _:
                    take(AgentPaused(AgentId("101"), "lunch", "test", 5.0))
    return lines


def test_replay_gives_the_same_facts_byte_for_byte(tmp_path):
    """Whatever went in, ticks included, the engine does the same again."""
    lines = a_day(tmp_path / "day.tape")
    assert len(lines) > 500
    assert list(fact_lines(tmp_path / "day.tape")) == lines


def test_tape_is_for_its_owner_alone(tmp_path):
    """It holds callers' numbers."""
    a_day(tmp_path / "day.tape")
    assert (tmp_path / "day.tape").stat().st_mode & 0o077 == 0


def test_line_that_a_crash_cut_off_is_left_out(tmp_path):
    """What was whole before it is replayed."""
    path = tmp_path / "day.tape"
    a_day(path)
    whole = sum(1 for _ in replay(path))
    path.write_bytes(path.read_bytes()[:-10])
    assert sum(1 for _ in replay(path)) == whole - 1


@pytest.mark.parametrize(
    "text",
    [
        "x\n",
        "[]\n",
        '{"format": 99, "first_offer": 1}\n',
        '{"format": 1, "first_offer": 1}\n{"now": 1, "take": "Nothing", "of": {}}\n',
        '{"format": 1, "first_offer": 1}\n{"now": 1, "take": "GreetingEnded", "of": {}}\n',
        '{"format": 1, "first_offer": 1}\n{"now": "soon"}\n',
    ],
)
def test_what_is_no_tape_is_told_with_its_line(tmp_path, text):
    """A file of something else, another version, unknown inputs."""
    path = tmp_path / "no.tape"
    path.write_text(text)
    with pytest.raises(TapeUnreadable):
        list(replay(path))
