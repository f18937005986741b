"""Operators and calls that the engine believes to be busy with each other and the bridge knows nothing of.

Pure. Each is looked at twice, half a minute apart, before it counts: between a talk's end and its telling lie some
milliseconds in which the two may differ.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from queue_engine.facts import AgentState
from queue_engine.ids import AgentId, CallId, OfferId
from queue_engine.inputs import CallLost, Input, OfferFailed, Party, RingFailure, TalkEnded
from queue_engine.snapshot import EngineSnapshot

CALLBACK_PREFIX = "callback-"
"""Calls of call-backs have no caller's channel until the caller has answered: they are the call-back book's."""


@dataclass(frozen=True, slots=True)
class Stuck:
    """One thing that will not end by itself, and the input that ends it."""

    what: str
    call: CallId | None
    agent: AgentId | None
    mend: Input


@dataclass(slots=True)
class StuckFinder:
    """Finds what is stuck, by asking the bridge of everything that the engine believes."""

    rings: Callable[[OfferId], bool]
    """Whether a telephone rings, or is to be rung, for the offer."""
    talks: Callable[[CallId], bool]
    """Whether the call talks."""
    lives: Callable[[CallId], bool]
    """Whether the caller's channel is known."""
    _suspects: set[Stuck] = field(default_factory=set)

    def look(self, snapshot: EngineSnapshot) -> list[Stuck]:
        """Return what was stuck at the last look already and still is."""
        found = set(self._find(snapshot))
        confirmed = found & self._suspects
        self._suspects = found - confirmed
        return sorted(confirmed, key=lambda stuck: (stuck.what, str(stuck.agent), str(stuck.call)))

    def _find(self, snapshot: EngineSnapshot) -> Iterator[Stuck]:
        for line in snapshot.lines:
            for call in (*line.waiting, *line.talking):
                if not call.call.startswith(CALLBACK_PREFIX) and not self.lives(call.call):
                    yield Stuck("call_gone", call.call, None, CallLost(call.call, "not found in Asterisk"))
        for agent in snapshot.agents:
            if agent.call is None or agent.call.startswith(CALLBACK_PREFIX):
                continue
            if agent.state is AgentState.RINGING and agent.offer is not None and not self.rings(agent.offer):
                mend: Input = OfferFailed(agent.offer, RingFailure.CANCELLED)
                yield Stuck("operator_stuck", agent.call, agent.agent, mend)
            elif agent.state is AgentState.TALKING and self.lives(agent.call) and not self.talks(agent.call):
                yield Stuck("operator_stuck", agent.call, agent.agent, TalkEnded(agent.call, Party.SYSTEM, 0))
