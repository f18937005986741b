"""Bugs to plant in the engine: small replacements that somebody could have made, and what each would do to people."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutant:
    """One bug."""

    name: str
    what: str
    """What goes wrong."""
    file: str
    old: str
    """Occurs exactly once in the file."""
    new: str


Q = "queue_engine/"

MUTANTS = (
    Mutant(
        "timer-without-token",
        "a cancelled timer fires all the same",
        Q + "timers.py",
        "        self._live.discard(token)\n",
        "",
    ),
    Mutant(
        "deadline-missed-by-a-hair",
        "what is due at this very instant is not done",
        Q + "timers.py",
        "        if due > now:",
        "        if due >= now:",
    ),
    Mutant(
        "short-timers-forgotten",
        "the engine believes that nothing is due before the last thing armed",
        Q + "timers.py",
        "        if due < self.next_at:",
        "        if due > self.next_at:",
    ),
    Mutant(
        "out-of-order-forgotten",
        "a deadline that is earlier than the one armed before it waits for that one",
        Q + "timers.py",
        "if queue is None or (queue and due < queue[-1][0]):",
        "if queue is None:",
    ),
    Mutant(
        "guard-before-heap",
        "of two deadlines that are due the later is done first",
        Q + "timers.py",
        "if queue and (first is None or queue[0] < first):",
        "if queue:",
    ),
    Mutant(
        "head-left-behind",
        "the next caller of a line is still the one who has left",
        Q + "ranked.py",
        "        self.head = blocks[0][0] if blocks else None\n",
        "        self.head = blocks[0][0] if blocks else self.head\n",
    ),
    Mutant(
        "rank-loses-order",
        "an entry is put one place too early",
        Q + "ranked.py",
        "            insort(block, entry)",
        "            block.insert(0, entry)",
    ),
    Mutant(
        "last-come-first-served",
        "the order of arrival is reversed among those of one instant",
        Q + "live.py",
        "self.entry: LineEntry = (-priority, entered_at + line.urgent_s, seq, call)",
        "self.entry: LineEntry = (-priority, entered_at + line.urgent_s, -seq, call)",
    ),
    Mutant(
        "lower-class-first",
        "urgent callers wait behind the others",
        Q + "floor.py",
        "call.entry = (-call.priority,",
        "call.entry = (call.priority,",
    ),
    Mutant(
        "weight-ignored",
        "a heavier line has no precedence",
        Q + "line.py",
        "policy.target_wait_s * (2.0 - policy.weight)",
        "policy.target_wait_s",
    ),
    Mutant(
        "place-lost-on-miss",
        "a call that nobody picked up goes to the end of its line",
        Q + "rings.py",
        "    settling.missed(floor, agent, failure)\n    if call.offers:",
        "    settling.missed(floor, agent, failure)\n    call.place_at = now\n    floor.key(call)\n    if call.offers:",
    ),
    Mutant(
        "same-operator-again",
        "a call is offered to who has just missed it though another is free",
        Q + "rings.py",
        "        call.missed_by |= {agent.id}\n        floor.facts.append(OfferMissed",
        "        floor.facts.append(OfferMissed",
    ),
    Mutant(
        "stale-answer-rings-on",
        "an operator who picks up a withdrawn offer sits in silence",
        Q + "rings.py",
        "        if offer.state is not _OFFER_ANSWERED:\n"
        "            floor.effects.append(WithdrawOffer(offer.id, call.id, agent.id))\n        return",
        "        return",
    ),
    Mutant(
        "echo-hangs-up-the-talk",
        "an answer told twice ends the talk",
        Q + "rings.py",
        "        if offer.state is not _OFFER_ANSWERED:\n            floor",
        "        if offer.state is not None:\n            floor",
    ),
    Mutant(
        "others-ring-on",
        "after the answer of one the other telephones ring on",
        Q + "rings.py",
        "            if other is not offer:\n                withdraw(",
        "            if other is None:\n                withdraw(",
    ),
    Mutant(
        "withdrawn-counts-as-turn",
        "who rang for a caller that left goes to the end of the operators",
        Q + "rings.py",
        'settling.settle(floor, agent, "withdrawn", keeps_turn=True)',
        'settling.settle(floor, agent, "withdrawn")',
    ),
    Mutant(
        "no-guard",
        "an offer of whose end nothing is heard rings for ever",
        Q + "dispatch.py",
        "    if call.has_channel:\n        guard(floor, new)\n",
        "",
    ),
    Mutant(
        "cancelled-is-offered-in-circles",
        "a call whose offers Asterisk ends at once is offered without a pause",
        Q + "rings.py",
        "    if failure is RingFailure.CANCELLED and call.leaves_for is None:",
        "    if failure is None and call.leaves_for is None:",
    ),
    Mutant(
        "overdue-forgotten",
        "a call whose maximum wait passed while it rang waits on afterwards",
        Q + "rings.py",
        "    if call.leaves_for is not None:\n        overflow(",
        "    if not call:\n        overflow(",
    ),
    Mutant(
        "ringing-sent-away",
        "a caller is taken from a telephone that may ring to its end",
        Q + "waiting.py",
        "    ringing = call.state is CallState.OFFERED",
        "    ringing = False",
    ),
    Mutant(
        "rings-past-the-maximum",
        "a caller waits longer than the maximum because a telephone rings",
        Q + "waiting.py",
        "may_ring=policy.ring_past_max_wait)",
        "may_ring=True)",
    ),
    Mutant(
        "late-chance-taken",
        "a caller found again after his maximum wait has no chance of a free operator",
        Q + "waiting.py",
        "if ringing and (may_ring or call.offers[0].since >= call.entered_at + call.line.policy.max_wait_s):",
        "if ringing and may_ring:",
    ),
    Mutant(
        "norm-told-twice",
        "the passing of the norm is told again after a reload",
        Q + "waiting.py",
        "    if not call.target_passed:\n",
        "    if call.id:\n",
    ),
    Mutant(
        "steps-stop-at-the-first",
        "nothing happens any more after the first step by waiting time",
        Q + "waiting.py",
        "    if step.kind is not StepKind.MAX_WAIT:\n        floor.arm_step(call)",
        "    if step.kind is StepKind.MAX_WAIT:\n        floor.arm_step(call)",
    ),
    Mutant(
        "wrap-up-ends-the-next-one",
        "the timer of a wrap-up that was ended early ends a later one",
        Q + "floor.py",
        "            agent.rest = None\n            self.timers.cancel(agent.rest_timer)",
        "            agent.rest = None",
    ),
    Mutant(
        "pause-limit-survives",
        "the limit of a pause that was ended early ends the next pause",
        Q + "floor.py",
        "        agent.paused = False\n        self.timers.cancel(agent.pause_timer)",
        "        agent.paused = False",
    ),
    Mutant(
        "pause-during-talk-lost",
        "what was asked during a talk is not done after it",
        Q + "agents.py",
        "    mark_paused(floor, agent, event.reason, event.by, event.limit_s)\n",
        "    if after is SETTLE:\n        mark_paused(floor, agent, event.reason, event.by, event.limit_s)\n",
    ),
    Mutant(
        "ready-at-a-dead-telephone",
        "who logs in without a registration is offered calls",
        Q + "settling.py",
        "    if not agent.reachable:\n",
        "    if not agent:\n",
    ),
    Mutant(
        "misses-never-forgiven",
        "a talk does not reset the misses in a row",
        Q + "settling.py",
        "    agent.call = None\n    agent.misses = 0\n",
        "    agent.call = None\n",
    ),
    Mutant(
        "unreachable-is-blamed",
        "an operator is paused for a telephone that could not be reached",
        Q + "settling.py",
        "if failure not in (RingFailure.UNREACHABLE, RingFailure.CANCELLED):",
        "if failure is not RingFailure.CANCELLED:",
    ),
    Mutant(
        "dropped-caller-is-served",
        "a caller whom the operator's side drops at once counts as served",
        Q + "calls.py",
        "talked_s < call.line.policy.min_talk_s:",
        "talked_s < 0:",
    ),
    Mutant(
        "wait-from-the-wrong-moment",
        "the wait of an answered call is counted from now to now",
        Q + "rings.py",
        "line.name, offer.id, agent.id, now - call.entered_at))\n    settling",
        "line.name, offer.id, agent.id, offer.since - call.entered_at))\n    settling",
    ),
    Mutant(
        "future-entry-believed",
        "a clock that is ahead gives a negative wait",
        Q + "calls.py",
        "    return told if told <= now else now",
        "    return told if told == told else now",
    ),
    Mutant(
        "answered-before-it-came",
        "a found talk may have begun before its call",
        Q + "calls.py",
        "max(call.entered_at, _not_after(answered_at, now))",
        "_not_after(answered_at, now)",
    ),
    Mutant(
        "reload-loses-the-reserved",
        "who waits for one operator is lost at a reload",
        Q + "reload.py",
        "    if call.state is CallState.WAITING:\n        floor.arrived.append(call)",
        "    if call.state is CallState.WAITING and call.reserved_for is None:\n        floor.arrived.append(call)",
    ),
    Mutant(
        "removed-line-never-closes",
        "a line that has drained stays for ever",
        Q + "floor.py",
        "        if line.draining and not line.calls:",
        "        if line.draining and line.calls < 0:",
    ),
    Mutant(
        "skill-blocks-for-ever",
        "a skill that nobody has holds a caller past the norm",
        Q + "dispatch.py",
        "    while lane < last and not line.staffed(lane):\n        lane += 1",
        "    while lane < 0 and not line.staffed(lane):\n        lane += 1",
    ),
    Mutant(
        "last-holder-leaves-unseen",
        "when the last one with a skill logs out, those past the norm wait on",
        Q + "floor.py",
        "        if after is _AGENT_LOGGED_OUT:\n            self.left_lines",
        "        if after is None:\n            self.left_lines",
    ),
    Mutant(
        "second-level-first",
        "the further level is asked before the nearest",
        Q + "dispatch.py",
        "    for rank in line.reach[call.lane]:",
        "    for rank in reversed(line.reach[call.lane]):",
    ),
    Mutant(
        "one-lane-too-many",
        "a caller is offered to a level that is not his turn yet",
        Q + "dispatch.py",
        "    for rank in line.reach[call.lane]:",
        "    for rank in line.reach[min(call.lane + 1, len(line.reach) - 1)]:",
    ),
    Mutant(
        "patience-without-end",
        "a caller waits for the last operator until the maximum",
        Q + "waiting.py",
        "    call.side_timer = NO_TIMER\n    floor.release(call)",
        "    call.side_timer = NO_TIMER",
    ),
    Mutant(
        "gone-operator-waited-for",
        "callers wait for an operator who has paused",
        Q + "floor.py",
        "        if after in AWAY:\n            for entry",
        "        if after is None:\n            for entry",
    ),
    Mutant(
        "promise-broken",
        "a caller is told a larger number than before",
        Q + "waiting.py",
        "        position = min(position, call.said[0])",
        "        position = max(position, call.said[0])",
    ),
    Mutant(
        "said-while-it-rings",
        "an announcement is played over the ringing",
        Q + "waiting.py",
        "    if call.state is not CallState.WAITING:\n        return\n    line",
        "    line",
    ),
    Mutant(
        "kept-place-for-ever",
        "whoever calls again days later has the old place",
        Q + "calls.py",
        "    if kept is not None and floor.now <= kept[0]:",
        "    if kept is not None:",
    ),
    Mutant(
        "call-back-rings-by-itself",
        "an operator kept for a call-back is rung with nobody on the line",
        Q + "dispatch.py",
        "    if call.has_channel:\n        _tell(floor, call)\n        _arm_more",
        "    if call.id:\n        _tell(floor, call)\n        _arm_more",
    ),
    Mutant(
        "time-runs-backwards",
        "an older instant is believed",
        Q + "engine.py",
        "        if now > floor.now:  # noqa: PLR1730 - a call of max() costs more than the rest of the line\n"
        "            floor.now = now\n        timers",
        "        floor.now = now\n        timers",
    ),
    Mutant(
        "due-after-the-input",
        "what was due before an input is done after it",
        Q + "engine.py",
        "            self._run_due()\n        TAKES[type(event)](floor, event)\n",
        "            pass\n        TAKES[type(event)](floor, event)\n",
    ),
)
