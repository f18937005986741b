"""A line at work: who may serve it at which stage of waiting, who waits, who is ready, how fast it moves.

The steps of a policy by waiting time only ever widen the circle of operators: a higher level, fewer skills. So the
states of the circle are few and in order. Each is a *lane*: calls wait in the lane that their waiting time has brought
them to, and an operator belongs to a line from the first lane on that admits him. A ready operator looks at the heads
of the lanes from his own on; a call looks at the ready operators of its lane and of those before, nearest first. Both
cost the number of lanes, not of calls or operators.

After the lanes of the policy one more admits the whole last level without any skill: that is where a call goes that has
waited for its norm while nobody logged in has what its lane asks for.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from queue_engine.ewt import Pace
from queue_engine.ids import CallId
from queue_engine.policy import AgentPolicy, LeaveFor, MoveTo, QueuePolicy, Relax, Say, Skill, WaitStep, Widen
from queue_engine.ranked import Ranked

if TYPE_CHECKING:
    from queue_engine.live import Agent

LineEntry = tuple[int, float, int, CallId]
"""Minus the class, the instant when it is urgent, the order of arrival, the call."""

AgentEntry = tuple[float, float, int, "Agent"]
"""What the strategy compares, since when the operator waits for calls, the order of getting ready, the operator."""


class StepKind(IntEnum):
    """What happens at a step of the line by waiting time. Of steps at the same wait the lesser goes first."""

    LANE = 1
    SAY = 2
    TARGET = 3
    MOVE = 4
    LEAVE = 5
    MAX_WAIT = 6


@dataclass(frozen=True, slots=True)
class Step:
    """What happens to a call that has waited so long."""

    at_s: float
    kind: StepKind
    lane: int = 0
    """For LANE: the one to go to."""
    action: WaitStep | None = None
    """For the others that have one: what the policy says."""


@dataclass(frozen=True, slots=True)
class Lane:
    """Whom the line admits at one stage of waiting."""

    level: int
    skills: tuple[Skill, ...]

    def admits(self, level: int, skills: dict[str, int]) -> bool:
        """Return whether an operator of this level with these skills and grades may serve here."""
        return level <= self.level and all(skills.get(skill.name, 0) >= skill.grade for skill in self.skills)


def plan(policy: QueuePolicy) -> tuple[tuple[Lane, ...], tuple[Step, ...]]:
    """Return the lanes of a line and its steps by waiting time, both in order."""
    lanes = [Lane(policy.level, policy.skills)]
    steps = [Step(policy.target_wait_s, StepKind.TARGET), Step(policy.max_wait_s, StepKind.MAX_WAIT)]
    for action in sorted(policy.steps, key=lambda step: step.at_s):
        last = lanes[-1]
        match action:
            case Widen(at_s, level):
                lanes.append(Lane(max(level, last.level), last.skills))
                steps.append(Step(at_s, StepKind.LANE, lane=len(lanes) - 1))
            case Relax(at_s, skills):
                lanes.append(Lane(last.level, _eased(last.skills, skills)))
                steps.append(Step(at_s, StepKind.LANE, lane=len(lanes) - 1))
            case Say(at_s):
                steps.append(Step(at_s, StepKind.SAY, action=action))
            case MoveTo(at_s):
                steps.append(Step(at_s, StepKind.MOVE, action=action))
            case LeaveFor(at_s):
                steps.append(Step(at_s, StepKind.LEAVE, action=action))
    if lanes[-1].skills:
        lanes.append(Lane(lanes[-1].level, ()))
    return tuple(lanes), tuple(sorted(steps, key=lambda step: (step.at_s, step.kind)))


def _eased(before: tuple[Skill, ...], after: tuple[Skill, ...]) -> tuple[Skill, ...]:
    """Return the skills asked for from now on: never more, and none at a higher grade, than before."""
    grades = {skill.name: skill.grade for skill in after}
    return tuple(Skill(s.name, min(s.grade, grades[s.name])) for s in before if s.name in grades)


class Line:
    """One line."""

    __slots__ = (
        "calls",
        "closed_to",
        "draining",
        "is_open",
        "keys",
        "lanes",
        "name",
        "on_duty",
        "pace",
        "policy",
        "reach",
        "ready",
        "staff",
        "steps",
        "urgent_s",
        "waiting",
    )

    def __init__(self, policy: QueuePolicy) -> None:
        self.name = policy.name
        self.calls = 0
        """All live calls of the line, in whatever state."""
        self.draining = False
        """No longer in the configuration; lives until its last call has ended."""
        self.is_open = True
        self.closed_to = ""
        """While closed: where callers go who still wait; empty: they are served."""
        self.pace = Pace()
        self.take_up(policy)

    def take_up(self, policy: QueuePolicy) -> None:
        """Follow this policy from now on, with empty ranks: whoever was in them has to be put back."""
        self.policy = policy
        self.lanes, self.steps = plan(policy)
        self.urgent_s = policy.target_wait_s * (2.0 - policy.weight)
        """So long after the instant of its place a call counts as due, for comparing lines that share operators.

        A call is due at entry + target wait. A line of weight w counts its calls as due (w - 1) target waits earlier,
        so within one line it is the order of entry, and a greater weight wins against equal norms.
        """
        self.keys = {rule.key: rule for rule in policy.keys}
        self.waiting: list[Ranked[LineEntry]] = [Ranked() for _ in self.lanes]
        self.ready: list[Ranked[AgentEntry]] = [Ranked() for _ in self.lanes]
        self.reach = [tuple(self.ready[: lane + 1]) for lane in range(len(self.lanes))]
        """By lane, the ready operators whom its calls may be offered to, nearest first."""
        self.staff = [0] * len(self.lanes)
        """Operators logged in, by the first lane that admits them."""
        self.on_duty = 0
        """Of those, the ones who are neither paused nor away."""

    def lane_of(self, policy: AgentPolicy, level: int) -> int | None:
        """Return the first lane that admits this operator; None if none does."""
        skills = {skill.name: skill.grade for skill in policy.skills}
        for index, lane in enumerate(self.lanes):
            if lane.admits(level, skills):
                return index
        return None

    def staffed(self, lane: int) -> bool:
        """Return whether anybody whom this lane admits is logged in."""
        return any(self.staff[: lane + 1])

    def lane_at(self, waited_s: float) -> int:
        """Return the lane of a call that has waited so long."""
        return max(
            (step.lane for step in self.steps if step.kind is StepKind.LANE and step.at_s <= waited_s), default=0
        )

    def anybody_waits(self) -> bool:
        """Return whether a call waits for an offer."""
        for rank in self.waiting:  # noqa: SIM110 - any() over a generator costs five times as much
            if rank.head is not None:
                return True
        return False

    def waiting_count(self) -> int:
        """Return how many calls wait for an offer."""
        return sum(map(len, self.waiting))

    def position(self, entry: LineEntry) -> int:
        """Return the place among those who wait for an offer; 1 is the next one."""
        return 1 + sum(rank.position(entry) for rank in self.waiting)

    def wait_of_a_new_call_s(self) -> float | None:
        """Return how long a caller who joins now will wait; None when nobody is on duty."""
        if self.ready[0].head is not None:
            return 0.0
        return self.expected_wait_s(self.waiting_count())

    def expected_wait_s(self, ahead: int) -> float | None:
        """Return how long somebody with so many before him will wait on; None when nobody is on duty."""
        return self.pace.wait_s(ahead, self.on_duty)
