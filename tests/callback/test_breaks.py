"""What is a break, of which kind, and why the rest is none."""

import pytest

from callback.breaks import CallEnd, classify, end_of
from callback.causes import failure_of, is_network_cause
from callback.kinds import AttemptFailure, BreakKind, NoBreakReason
from callback.policy import CallbackPolicy
from queue_engine.facts import AbandonStage, CallAbandoned, CallDied, CallEnded
from queue_engine.inputs import Party
from tests.callback.centre import ANNA, CALL, CALLER, LINE, START

POLICY = CallbackPolicy(LINE, short_talk_s=10.0, min_wait_s=20.0)


def end(by: Party, cause: int, talked_s: float | None, waited_s: float = 5.0) -> CallEnd:
    """An end of a call, of a talk if it has talked."""
    return CallEnd(CALL, LINE, CALLER, START, by, cause, waited_s, talked_s, None if talked_s is None else ANNA)


@pytest.mark.parametrize(
    ("by", "cause", "talked_s", "waited_s", "verdict"),
    [
        # a talk: the cause is the network's
        (Party.CALLER, 44, 60.0, 5.0, BreakKind.CONNECTION_LOST),
        (Party.CALLER, 27, 60.0, 5.0, BreakKind.CONNECTION_LOST),
        (Party.CALLER, 38, 2.0, 5.0, BreakKind.CONNECTION_LOST),
        (Party.AGENT, 44, 60.0, 5.0, BreakKind.OPERATOR_LOST),
        (Party.AGENT, 20, 60.0, 5.0, BreakKind.OPERATOR_LOST),
        (Party.SYSTEM, 44, 60.0, 5.0, BreakKind.CONNECTION_LOST),
        (Party.SYSTEM, 16, 60.0, 5.0, BreakKind.SYSTEM_FAILED),
        (Party.SYSTEM, 0, 60.0, 5.0, BreakKind.SYSTEM_FAILED),
        # a talk: somebody hung up
        (Party.CALLER, 16, 60.0, 5.0, NoBreakReason.ENDED_BY_CALLER),
        (Party.CALLER, 16, 10.0, 5.0, NoBreakReason.ENDED_BY_CALLER),
        (Party.CALLER, 16, 9.9, 5.0, BreakKind.SHORT_TALK),
        (Party.CALLER, 0, 60.0, 5.0, NoBreakReason.ENDED_BY_CALLER),
        (Party.AGENT, 16, 2.0, 5.0, NoBreakReason.ENDED_BY_OPERATOR),
        (Party.AGENT, 31, 60.0, 5.0, NoBreakReason.ENDED_BY_OPERATOR),
        # the line: the caller left, or was cut off
        (Party.CALLER, 16, None, 20.0, BreakKind.LEFT_LINE),
        (Party.CALLER, 16, None, 19.9, NoBreakReason.LEFT_EARLY),
        (Party.CALLER, 44, None, 1.0, BreakKind.CONNECTION_LOST),
        (Party.SYSTEM, 0, None, 1.0, BreakKind.SYSTEM_FAILED),
    ],
)
def test_verdict(by: Party, cause: int, talked_s: float | None, waited_s: float, verdict: BreakKind | NoBreakReason):
    """Who hung up, the cause, and how long it had lasted decide; a normal end never is a break."""
    assert classify(end(by, cause, talked_s, waited_s), POLICY) is verdict


@pytest.mark.parametrize("kind", [BreakKind.CONNECTION_LOST, BreakKind.LEFT_LINE])
def test_a_kind_that_is_off_is_told_as_such(kind: BreakKind):
    """A profile switches each kind off, and the records still say why nobody was called."""
    policy = CallbackPolicy(LINE, breaks=frozenset(BreakKind) - {kind})
    ends = {
        BreakKind.CONNECTION_LOST: end(Party.CALLER, 44, 60.0),
        BreakKind.LEFT_LINE: end(Party.CALLER, 16, None, 99.0),
    }
    assert classify(ends[kind], policy) is NoBreakReason.KIND_OFF
    assert classify(end(Party.AGENT, 16, 60.0), policy) is NoBreakReason.ENDED_BY_OPERATOR


def test_a_line_without_call_backs_has_no_breaks():
    """Even a lost connection is none where nobody promised anything."""
    assert classify(end(Party.CALLER, 44, 60.0), None) is NoBreakReason.NO_POLICY


def test_the_end_that_each_fact_tells():
    """The three facts that end a call are read alike."""
    talk = end_of(CallEnded(START, CALL, LINE, CALLER, ANNA, Party.AGENT, 44, 5.0, 60.0))
    left = end_of(CallAbandoned(START, CALL, LINE, CALLER, AbandonStage.RINGING, 7.0, 16))
    died = end_of(CallDied(START, CALL, LINE, CALLER, "asterisk_restarted", 7.0))
    assert talk == CallEnd(CALL, LINE, CALLER, START, Party.AGENT, 44, 5.0, 60.0, ANNA)
    assert left == CallEnd(CALL, LINE, CALLER, START, Party.CALLER, 16, 7.0, None, None)
    assert died == CallEnd(CALL, LINE, CALLER, START, Party.SYSTEM, 0, 7.0, None, None)


@pytest.mark.parametrize(
    ("cause", "failure"),
    [
        (17, AttemptFailure.BUSY),
        (19, AttemptFailure.NO_ANSWER),
        (18, AttemptFailure.NO_ANSWER),
        (21, AttemptFailure.REFUSED),
        (1, AttemptFailure.UNREACHABLE),
        (20, AttemptFailure.UNREACHABLE),
        (34, AttemptFailure.UNREACHABLE),
        (127, AttemptFailure.UNREACHABLE),
    ],
)
def test_what_an_attempt_came_to(cause: int, failure: AttemptFailure):
    """A trunk's 486, 480, 408, 603, 404 and 503 each have their spacing."""
    assert failure_of(cause) is failure


def test_which_causes_are_the_networks():
    """People's causes break no connection; all others do."""
    assert not any(is_network_cause(cause) for cause in (0, 16, 17, 19, 21, 26, 31))
    assert all(is_network_cause(cause) for cause in (27, 38, 41, 42, 44, 102, 127))
