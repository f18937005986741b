"""What happens to a call while it waits: steps by waiting time, announcements, keys, one operator, a supervisor's hand.

Whatever moves a call keeps its instant of entry, and with it the place among those of its class.
"""

from typing import Final

from queue_engine import rings
from queue_engine.call import CallState
from queue_engine.dispatch import reach, reserve
from queue_engine.effects import Announce
from queue_engine.facts import (
    CallbackAsked,
    CallMoved,
    CallPrioritised,
    CallReserved,
    TargetWaitPassed,
)
from queue_engine.floor import Floor
from queue_engine.ids import QueueName
from queue_engine.inputs import SYSTEM_ACTOR, CallGivenTo, CallMovedTo, KeyPressed, PrioritySet
from queue_engine.line import Line, Step, StepKind
from queue_engine.live import Call
from queue_engine.policy import LeaveFor, MoveTo, Say
from queue_engine.timers import NO_TIMER, What

LATE_S: Final = 1.0
"""What is to be said at a certain wait is not said any more when it is later than this."""

UNANSWERED: Final = frozenset({CallState.GREETING, CallState.WAITING, CallState.OFFERED, CallState.HELD})


def step_due(floor: Floor, call: Call) -> None:
    """The next step by waiting time has come."""
    step = call.line.steps[call.step]
    call.step += 1
    call.timer = NO_TIMER
    if step.kind is not StepKind.MAX_WAIT:
        floor.arm_step(call)
    match step.kind:
        case StepKind.LANE:
            widen(floor, call, step.lane, "waited")
        case StepKind.TARGET:
            _target_passed(floor, call)
        case StepKind.SAY:
            _first_say(floor, call, step)
        case StepKind.MOVE if call.state is CallState.OFFERED:
            # Whoever is about to be answered is not taken away: `rings.rings_over` takes the step up again.
            call.move_step = call.step - 1
        case StepKind.MOVE if isinstance(step.action, MoveTo):
            move(floor, call, step.action.queue, "waited", SYSTEM_ACTOR)
        case StepKind.LEAVE if isinstance(step.action, LeaveFor):
            _leave(floor, call, step.action.destination, "waited", may_ring=True)
        case _:
            policy = call.line.policy
            _leave(floor, call, policy.at_max_wait, "max_wait", may_ring=policy.ring_past_max_wait)


def _leave(floor: Floor, call: Call, destination: str, reason: str, *, may_ring: bool) -> None:
    """Send the call away; if a telephone rings for it at this very moment, perhaps only when that comes to nothing.

    Before the maximum wait whoever is about to be answered is not sent away: if nobody answers, `rings.rings_over` does
    it at once. At the maximum the line's policy says. A telephone that began to ring after it (for a call that was
    found again late, after a restart) is the only chance that caller has had, and rings to its end.
    """
    ringing = call.state is CallState.OFFERED
    if ringing and (may_ring or call.offers[0].since >= call.entered_at + call.line.policy.max_wait_s):
        call.leaves_for = (destination, reason)
    else:
        rings.overflow(floor, call, destination, reason)


def _target_passed(floor: Floor, call: Call) -> None:
    """The norm has passed. A skill that nobody logged in has is asked for no longer."""
    if not call.target_passed:
        call.target_passed = True
        floor.facts.append(TargetWaitPassed(floor.now, call.id, call.line.name))
    if not call.line.staffed(call.lane):
        _stand_anew(floor, call)


def _stand_anew(floor: Floor, call: Call) -> None:
    """Let the dispatch look at a call again that waits in its line."""
    if call.place is not None and call.reserved_for is None:
        floor.drop_from_line(call)
        floor.arrived.append(call)


def ease_after_logout(floor: Floor) -> None:
    """Whoever waits past the norm in a lane that nobody can serve any more is looked at again.

    This goes through the calls of a lane, but only when the last operator who could serve it has logged out.
    """
    for line in floor.left_lines:
        for index, rank in enumerate(line.waiting):
            if rank and not line.staffed(index):
                for call in [floor.calls[entry[3]] for entry in rank]:
                    if call.target_passed:
                        _stand_anew(floor, call)
    floor.left_lines.clear()


def widen(floor: Floor, call: Call, lane: int, reason: str) -> None:
    """Offer the call to more operators from now on."""
    if lane > call.lane:
        _stand_anew(floor, call)
        reach(floor, call, lane, reason)


# Announcements


def _first_say(floor: Floor, call: Call, step: Step) -> None:
    if isinstance(step.action, Say):
        if floor.now - (call.entered_at + step.at_s) <= LATE_S:
            _say(floor, call, step.action)
        if step.action.every_s > 0:
            floor.timers.cancel(call.say_timer)
            _say_again(floor, call, step.action)


def _say_again(floor: Floor, call: Call, say: Say) -> None:
    """Wait for the next time; they fall on multiples of the span, so a late one delays no other."""
    past_s = floor.now - call.entered_at - say.at_s
    due_s = (past_s // say.every_s + 1) * say.every_s
    call.say_timer = floor.timers.arm(call.entered_at + say.at_s + due_s, What.SAY_AGAIN, call)


def say_again(floor: Floor, call: Call) -> None:
    """The last announcement of the line that is repeated is due again."""
    call.say_timer = NO_TIMER
    waited_s = floor.now - call.entered_at
    repeated = [each for each in call.line.policy.steps if isinstance(each, Say) and each.every_s > 0]
    heard = [each for each in repeated if each.at_s <= waited_s]
    if heard:
        say = max(heard, key=lambda each: each.at_s)
        _say(floor, call, say)
        _say_again(floor, call, say)


def _say(floor: Floor, call: Call, say: Say) -> None:
    """Announce, if the caller hears music now. What he was told once is never taken back by a larger number."""
    if call.state is not CallState.WAITING:
        return
    line = call.line
    position = line.position(call.entry)
    wait_s = line.expected_wait_s(position - 1)
    least_s = wait_s
    if call.said is not None:
        position = min(position, call.said[0])
        before_s = call.said[1]
        if before_s is not None:
            least_s = before_s if wait_s is None else min(wait_s, before_s)
    call.said = (position, least_s)
    wait_s = None if wait_s is None else least_s
    floor.effects.append(Announce(call.id, say.announcement, position, wait_s))


def key_pressed(floor: Floor, event: KeyPressed) -> None:
    """The caller has pressed a key: acted on at once, also while a telephone rings for him."""
    call = floor.calls.get(event.call)
    if call is None or call.state not in UNANSWERED:
        return
    rule = call.line.keys.get(event.key)
    if rule is None:
        return
    if rule.callback:
        floor.facts.append(CallbackAsked(floor.now, call.id, call.line.name, call.caller))
    else:
        rings.overflow(floor, call, rule.destination, f"key_{rule.key}")


# One operator


def patience_over(floor: Floor, call: Call) -> None:
    """The one operator did not become free in time."""
    call.side_timer = NO_TIMER
    floor.release(call)


def give_to(floor: Floor, event: CallGivenTo) -> None:
    """A supervisor gives the call to an operator: it rings nowhere else, and nobody goes before it there."""
    call, agent = floor.calls.get(event.call), floor.agents.get(event.agent)
    if call is None or agent is None or call.state not in UNANSWERED or agent.offer in call.offers:
        return
    before = call.reserved_for
    call.reserved_for = None
    if not reserve(floor, call, agent, None):
        call.reserved_for = before
        return
    floor.drop_from_line(call)
    floor.stop_side_timer(call)
    floor.facts.append(CallReserved(floor.now, call.id, call.line.name, agent.id, "given", event.by))
    if call.state is CallState.OFFERED:
        rings.withdraw_all(floor, call, "given_to_another")
        rings.rings_over(floor, call)
    elif call.state is CallState.HELD:
        rings.hold_over(floor, call)
    elif call.state is CallState.WAITING:
        floor.arrived.append(call)


# Order


def set_priority(floor: Floor, event: PrioritySet) -> None:
    """A supervisor puts the call into another class; its place there is that of its entry."""
    call = floor.calls.get(event.call)
    if call is None or call.state not in UNANSWERED or call.priority == event.priority:
        return
    place = call.place
    floor.drop_from_line(call)
    floor.facts.append(CallPrioritised(floor.now, call.id, call.line.name, call.priority, event.priority, event.by))
    call.priority = event.priority
    floor.key(call)
    if place is not None:
        floor.arrived.append(call)


def move_by_hand(floor: Floor, event: CallMovedTo) -> None:
    """A supervisor moves the call to another line."""
    call = floor.calls.get(event.call)
    if call is not None and call.state in UNANSWERED:
        move(floor, call, event.queue, "moved", event.by)


def move(floor: Floor, call: Call, to: QueueName, reason: str, by: str) -> None:
    """Put the call into another line, as if it had waited there all along; steps gone by are not made up for."""
    line, old = floor.lines.get(to), call.line
    if line is None or line.draining or line is old:
        return
    if call.state is CallState.OFFERED:
        rings.withdraw_all(floor, call, "moved")
        call.leaves_for = call.move_step = None
        rings.rings_over(floor, call)
    floor.stop_timers(call)
    if call.state is CallState.HELD:
        rings.hold_over(floor, call)
    floor.drop_from_line(call)
    call.reserved_for = None
    floor.facts.append(CallMoved(floor.now, call.id, old.name, line.name, reason, by))
    _change_line(floor, call, line)
    if call.state is CallState.WAITING:
        floor.arrived.append(call)


def _change_line(floor: Floor, call: Call, line: Line) -> None:
    old = call.line
    call.line = line
    line.calls += 1
    old.calls -= 1
    floor.key(call)
    waited_s = floor.now - call.entered_at
    call.lane = line.lane_at(waited_s)
    call.missed_by = frozenset()
    steps = line.steps
    call.step = next(
        index for index, step in enumerate(steps) if step.at_s > waited_s or step.kind is StepKind.MAX_WAIT
    )
    if any(step.kind is StepKind.TARGET for step in steps[: call.step]):
        _target_passed(floor, call)
    floor.arm_step(call)
    if old.draining and not old.calls:
        floor.close_line(old)
