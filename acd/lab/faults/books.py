"""Whether the books balance after a fault: SIPp's counts, the packet capture and our records, caller by caller.

Nothing here asks the daemon what it believes of a call; its own state is looked at only for who is stuck.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Final

from sqlalchemy import RowMapping

from acd.lab.faults.plan import Fault, Trial
from acd.lab.faults.seen import TALK_S, Story, overtaken
from acd.lab.sipp import Step
from metrics.records.rows import CallKind, Outcome

TOGETHER_S: Final = 0.25
"""Callers who come closer together than this have no order that anybody could tell, on a machine that is busy."""
NEAR_S: Final = 3.0
"""A wait or a talk is recorded as it was seen, give or take this, on a machine that is busy."""
EVENTS_COME_LATE: Final = frozenset({Fault.ASTERISK_FROZEN, Fault.AMI_SLOW, Fault.AMI_HALF_OPEN, Fault.DAEMON_FROZEN})
"""What we are told late is recorded as having happened when we were told, unless Asterisk has noted the instant."""
TOLD_WITHIN_S: Final = 0.25
"""So soon an end has come from the wire through Asterisk to us: a fault that strikes before that holds it up."""
LIMIT_S: Final = 15.5
"""From a break to the first attempt (C1), and half a second for the clocks."""
QUEUE_LOOKS_S: Final = 1.2
"""Asterisk's own Queue() looks once a second for each caller whether it is his turn (app_queue.c, RECHECK)."""
Struck = tuple[float, float]
"""When a fault struck and when the world was as before, epoch seconds."""

ENDS_OF_CALLS: Final = frozenset({"CallEnded", "CallAbandoned", "CallDied", "CallOverflowed", "CallRefused"})


@dataclass(slots=True)
class Balance:
    """What came of one trial. Each list holds one text per finding; the trial is good when all are empty."""

    calls: int = 0
    """Calls that Asterisk accepted, by the capture."""
    lost: list[str] = field(default_factory=list)
    """Accepted calls without a record, or that nobody served although the caller waited; facts that are missing."""
    doubled: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """Records that tell something else than was seen; counts of SIPp that are not those of the wire."""
    stuck: list[str] = field(default_factory=list)
    disordered: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    """Call-backs that nobody made or gave up with a reason, or that were late and are recorded as in time."""
    called_back: int = 0
    told_late: int = 0
    """First attempts after a break that were late and are recorded so."""

    @property
    def findings(self) -> list[str]:
        """All texts, each with the kind of finding before it."""
        return [
            f"{one.name}: {text}"
            for one in fields(self)
            if isinstance(texts := getattr(self, one.name), list)
            for text in texts
        ]

    @property
    def good(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


@dataclass(frozen=True, slots=True)
class Books:
    """The records of the time of one trial."""

    calls: Sequence[RowMapping]
    facts: Sequence[RowMapping]
    """All facts of all runs so far."""
    offers: Sequence[RowMapping]
    call_backs: Sequence[RowMapping]
    attempts: Sequence[RowMapping]
    agents: Mapping[str, str]
    """State of each operator, by number."""
    channels: int
    """Channels that Asterisk has."""


def balance(
    trial: Trial, steps: Sequence[Step], told: Mapping[str, Story], books: Books, struck: Sequence[Struck]
) -> Balance:
    """Compare the three sources."""
    result = Balance(calls=sum(story.accepted_at is not None for story in told.values()))
    numbers = {caller.number for caller in trial.callers}
    rows: dict[str, list[RowMapping]] = {number: [] for number in numbers}
    for row in books.calls:
        if row["caller"] in numbers and row["kind"] == CallKind.INCOMING:
            rows[row["caller"]].append(row)
    seen = _ends(steps)
    for number in sorted(numbers):
        _caller(trial, result, number, seen.get(number, ""), told.get(number), rows[number], struck)
    since = max((at for at, _ in struck), default=0.0) if trial.fault is Fault.ASTERISK_KILLED else 0.0
    if not _clock_lost(trial):
        within_s = QUEUE_LOOKS_S if trial.fault is Fault.DAEMON_KILLED or trial.kills_the_daemon_too else 0.0
        result.disordered += overtaken(list(told.values()), TOGETHER_S, since, rung_within_s=within_s)
    _facts(result, books.facts)
    _stuck(result, books)
    _call_backs(result, numbers, books)
    return result


def _ends(steps: Iterable[Step]) -> dict[str, str]:
    """Return what SIPp says last of each caller."""
    return {step.who: step.event for step in steps}


def _caller(
    trial: Trial,
    result: Balance,
    number: str,
    end: str,
    story: Story | None,
    rows: Sequence[RowMapping],
    struck: Sequence[Struck],
) -> None:
    if story is None or story.accepted_at is None:
        if any(row["ended_at"] is None for row in rows):
            result.wrong.append(f"{number} never came in and has an open record")
        return
    told = f"{number} ({end or 'no end'}{', talked' if story.talk else ''})"
    if not rows:
        result.lost.append(f"{told} has no record")
        return
    if len(rows) > 1:
        result.doubled.append(f"{told} has records {', '.join(row['call'] for row in rows)}")
    row = rows[0]
    if row["ended_at"] is None:
        result.stuck.append(f"{told} has an open record {row['call']}")
    if trial.fault is Fault.ASTERISK_KILLED:
        return  # a call that died with Asterisk has no end on the wire
    if not story.talk and not _gave_up(trial, number, story):
        result.lost.append(f"{told} was accepted and never spoken to: recorded as {row['outcome']} {row['call']}")
    if (end == "served") == story.left_himself:
        result.wrong.append(f"{told}: SIPp and the wire differ on who ended the call")
    if not (trial.fault is Fault.ASTERISK_FROZEN and _silent(story, struck)):
        _record(result, told, story, row, _near_s(trial, story, struck))


def _gave_up(trial: Trial, number: str, story: Story) -> bool:
    """Tell whether the caller left of his own will, and sooner than a patient one would."""
    patience_s = next(caller.patience_ms for caller in trial.callers if caller.number == number) / 1000
    return story.left_himself and patience_s < 10


def _silent(story: Story, struck: Sequence[Struck]) -> bool:
    """Tell whether all of a talk but a moment fell into times in which Asterisk stood still: no word was passed on."""
    talk = story.talk
    if talk is None or talk.answered_at is None:
        return False
    over_at = min(story.ended_at or float("inf"), talk.ended_at or float("inf"))
    stood_s = sum(max(0.0, min(until, over_at) - max(at, talk.answered_at)) for at, until in struck)
    return over_at - talk.answered_at - stood_s <= TALK_S


def _near_s(trial: Trial, story: Story, struck: Sequence[Struck]) -> float:
    """Return how far a recorded duration of a caller may be from the one that was seen."""
    if _clock_lost(trial):
        return float("inf")
    if trial.fault not in EVENTS_COME_LATE or story.accepted_at is None:
        return NEAR_S
    came_at, left_at = story.accepted_at, story.ended_at or float("inf")
    told_at = left_at + TOLD_WITHIN_S
    return NEAR_S + sum(over - at for at, over in struck if at < told_at and came_at < over + NEAR_S)


def _clock_lost(trial: Trial) -> bool:
    """Tell whether the clock was set while no daemon was there: Asterisk alone, by its own clock, kept the time."""
    return trial.kills_the_daemon_too and trial.fault in {Fault.CLOCK_FORWARD, Fault.CLOCK_BACK}


def _record(result: Balance, told: str, story: Story, row: RowMapping, near_s: float) -> None:
    talk, outcome = story.talk, row["outcome"]
    if story.brushed and talk is None:
        return
    if (talk is not None) != (outcome == Outcome.ANSWERED):
        result.wrong.append(f"{told} is recorded as {outcome} {row['call']}")
        return
    if talk is None or story.accepted_at is None or talk.answered_at is None or story.ended_at is None:
        return
    ended_at = min(story.ended_at, talk.ended_at or story.ended_at)
    waited_s, talked_s = talk.answered_at - story.accepted_at, ended_at - talk.answered_at
    for name, was_s, recorded_s in (("waited", waited_s, row["waited_s"]), ("talked", talked_s, row["talked_s"])):
        if recorded_s is None or abs(recorded_s - was_s) > near_s:
            result.wrong.append(f"{told} {name} {was_s:.1f} s, recorded as {recorded_s} {row['call']}")


def _facts(result: Balance, facts: Sequence[RowMapping]) -> None:
    highest: dict[str, int] = {}
    counted: Counter[str] = Counter()
    for fact in facts:
        highest[fact["run"]] = max(highest.get(fact["run"], 0), fact["seq"])
        counted[fact["run"]] += 1
    for run, most in highest.items():
        if counted[run] != most:
            result.lost.append(f"{most - counted[run]} facts of run {run}")
    once = Counter((fact["kind"], fact["call"]) for fact in facts if fact["kind"] == "CallAccepted")
    once.update(("an end", fact["call"]) for fact in facts if fact["kind"] in ENDS_OF_CALLS)
    result.doubled += [
        f"{kind} of {call} is recorded {count} times" for (kind, call), count in once.items() if count > 1
    ]


def _stuck(result: Balance, books: Books) -> None:
    result.stuck += [f"operator {agent} is {state}" for agent, state in books.agents.items() if state != "ready"]
    result.stuck += [f"offer {row['offer']} has no end" for row in books.offers if row["result"] is None]
    if books.channels:
        result.stuck.append(f"Asterisk has {books.channels} channels")


def _call_backs(result: Balance, numbers: set[str], books: Books) -> None:
    for row in books.call_backs:
        if row["number"].removeprefix("+") not in numbers:
            continue
        mine = [attempt for attempt in books.attempts if attempt["request"] == row["request"]]
        result.called_back += 1
        if row["ended_at"] is None:
            result.late.append(f"{row['number']} is still owed a call-back")
        elif not mine and row["result"] != "given_up":
            result.late.append(f"{row['number']} was owed a call-back that ended as {row['result']} without an attempt")
        for attempt in mine:
            if attempt["of_break"] == 1:
                result.told_late += not attempt["within_limit"]
                if attempt["within_limit"] and attempt["after_break_s"] > LIMIT_S:
                    result.late.append(
                        f"{row['number']} was called after {attempt['after_break_s']:.1f} s as if in time"
                    )
