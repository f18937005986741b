"""The live figures agree with the records at every moment, over midnight and restarts."""

from random import Random
from zoneinfo import ZoneInfo

import pytest

from metrics.counts import CallCounts, counts_of
from metrics.live import LiveFigures
from metrics.norms import Standard
from metrics.records.queries import OpenCall
from metrics.records.rows import CallRow
from queue_engine.facts import AgentState, AgentStateChanged, CallAccepted, CallAnswered, CallEnded
from queue_engine.ids import AgentId, CallId, Instant, OfferId, QueueName
from queue_engine.inputs import Party
from tests.metrics.stories import LINES, START, call_rows, story

ZONE = ZoneInfo("Europe/Saratov")
STANDARD = Standard()
UNTRACKED = {"passed_on", "marked", "questioned_s", "advised_s", "longest_wait_s", "longest_talk_s"}


def counted(rows: list[CallRow], line: str, day: tuple[float, float]) -> dict[str, float]:
    """Count the records of a line's day, without the fields that live figures do not follow."""
    inside = [r for r in rows if r.queue == line and day[0] <= r.entered_at < day[1]]
    return tracked(sum((counts_of(r, STANDARD.of(line)) for r in inside), CallCounts()))


def tracked(counts: CallCounts) -> dict[str, float]:
    """Return the fields that live figures follow."""
    return {name: getattr(counts, name) for name in counts.__slots__ if name not in UNTRACKED | {"open", "talking"}}


@pytest.mark.parametrize("seed", range(12))
def test_live_counts_equal_the_records_after_every_fact(seed: int) -> None:
    """Today's counts, fact by fact, are those of the records derived from the same facts."""
    facts = story(Random(seed), calls=12, span_s=6 * 3600)
    live = LiveFigures(STANDARD, ZONE, LINES)
    for number, fact in enumerate(facts, 1):
        live.see(fact)
        if number % 5 == 0 or number == len(facts):
            rows = call_rows(facts[:number])
            snapshot = live.snapshot(fact.at)
            for line in snapshot.lines:
                assert tracked(line.today) == pytest.approx(counted(rows, line.queue, live.day(fact.at)))
                here = [row for row in rows if row.last_queue == line.queue and row.ended_at is None]
                assert line.waiting == sum(row.answered_at is None for row in here)
                assert line.talking == sum(row.answered_at is not None for row in here)


def test_the_moment_is_shown() -> None:
    """Who waits, who talks, since when, and the share in norm: after four facts worked out by hand."""
    live = LiveFigures(STANDARD, ZONE, [QueueName("122")])
    line = QueueName("122")
    for number in (1, 2, 3):
        at = Instant(START + number)
        live.see(CallAccepted(at, CallId(f"c{number}"), line, "", at, 0))
    live.see(CallAnswered(Instant(START + 71), CallId("c1"), line, OfferId(1), AgentId("101"), 70.0))
    ready = AgentStateChanged(Instant(START), AgentId("102"), AgentState.LOGGED_OUT, AgentState.READY, "", "102", 0.0)
    live.see(ready)
    snapshot = live.snapshot(Instant(START + 100))
    (shown,) = snapshot.lines
    assert (shown.waiting, shown.talking, shown.in_norm) == (2, 1, 0.0)
    assert shown.longest_wait_s(Instant(START + 100)) == 98.0
    assert [call.call for call in snapshot.waiting] == ["c2", "c3"]
    assert snapshot.agents_by_state[AgentState.READY] == 1
    assert snapshot.total.waiting == 2


def test_a_new_day_begins_at_local_midnight() -> None:
    """At midnight of the zone the day's counts begin anew; a call of yesterday answered today stays yesterday's."""
    live = LiveFigures(STANDARD, ZONE)
    line = QueueName("122")
    _, midnight = live.day(Instant(START))
    entered = Instant(midnight - 10)
    live.see(CallAccepted(entered, CallId("c1"), line, "", entered, 0))
    live.see(CallAnswered(Instant(midnight + 5), CallId("c1"), line, OfferId(1), AgentId("101"), 15.0))
    live.see(CallEnded(Instant(midnight + 9), CallId("c1"), line, "", AgentId("101"), Party.CALLER, 16, 15.0, 4.0))
    assert live.snapshot(Instant(midnight + 20)).total.today == CallCounts()


def test_the_day_goes_on_after_a_restart() -> None:
    """Loaded from the records, a talk found again is not counted twice, and a waiting caller keeps his place."""
    live = LiveFigures(STANDARD, ZONE)
    line, at = QueueName("122"), Instant(START)
    so_far = CallCounts(accepted=8, answered=8, answered_in_norm=7)
    talking = OpenCall(CallId("c1"), line, "", at, 0, Instant(START + 5), AgentId("101"))
    waiting = OpenCall(CallId("c2"), line, "", at, 0, None, None)
    live.load(Instant(START + 60), {"122": so_far}, [talking, waiting])
    live.see(CallAnswered(Instant(START + 61), CallId("c1"), line, None, AgentId("101"), 5.0))
    (shown,) = live.snapshot(Instant(START + 62)).lines
    assert (shown.today.answered, shown.talking, shown.waiting) == (8, 1, 1)
    live.see(CallEnded(Instant(START + 70), CallId("c1"), line, "", AgentId("101"), Party.AGENT, 16, 5.0, 65.0))
    assert live.snapshot(Instant(START + 71)).total.today.answered == 8
