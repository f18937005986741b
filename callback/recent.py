"""What is remembered for a while: who is on our lines now, which calls were dealt with, which talks have just ended."""

from dataclasses import dataclass
from typing import Final

from callback.breaks import CallEnd
from queue_engine.ids import AgentId, CallId, Instant, QueueName


@dataclass(frozen=True, slots=True)
class LiveCall:
    """A call of a caller's own that is in a line or in a talk."""

    call: CallId
    queue: QueueName
    number: str
    answered: bool = False


class LiveCalls:
    """The calls on our lines, by number. Who has none that can be dialled is not kept."""

    __slots__ = ("_by_number", "_calls")

    def __init__(self) -> None:
        self._calls: dict[CallId, LiveCall] = {}
        self._by_number: dict[str, dict[CallId, None]] = {}

    def add(self, call: LiveCall) -> None:
        """A call is on a line, or one that was there is now in a talk."""
        self._calls[call.call] = call
        self._by_number.setdefault(call.number, {})[call.call] = None

    def get(self, call: CallId) -> LiveCall | None:
        """Return the call if it is live."""
        return self._calls.get(call)

    def remove(self, call: CallId) -> LiveCall | None:
        """The call has ended; return what it was."""
        live = self._calls.pop(call, None)
        if live is not None:
            of_number = self._by_number[live.number]
            del of_number[call]
            if not of_number:
                del self._by_number[live.number]
        return live

    def of(self, number: str) -> list[LiveCall]:
        """Return the live calls of a number, the oldest first."""
        return [self._calls[call] for call in self._by_number.get(number, ())]


DEALT_WITH_FOR_S: Final = 86_400.0
"""So long a call that was dealt with is recognised when it is told again."""


class DealtWith:
    """Calls whose end has had its consequence, so that it has no second one."""

    __slots__ = ("_calls",)

    def __init__(self) -> None:
        self._calls: dict[CallId, tuple[Instant, bool]] = {}

    def add(self, call: CallId, at: Instant, *, exchanged: bool = False) -> None:
        """Remember it; `exchanged` if its caller took a call-back instead of waiting."""
        while self._calls:
            oldest = next(iter(self._calls))
            if self._calls[oldest][0] > at - DEALT_WITH_FOR_S:
                break
            del self._calls[oldest]
        self._calls.setdefault(call, (at, exchanged))

    def __contains__(self, call: CallId) -> bool:
        return call in self._calls

    def exchanged(self, call: CallId) -> bool:
        """Return whether this call's caller took a call-back instead of waiting."""
        return call in self._calls and self._calls[call][1]


class RecentTalks:
    """Talks that ended without being a break, while their operators may still say that they were one."""

    __slots__ = ("_by_agent", "_by_call")

    def __init__(self) -> None:
        self._by_call: dict[CallId, CallEnd] = {}
        self._by_agent: dict[AgentId, CallId] = {}

    def add(self, end: CallEnd, keep_s: float) -> None:
        """Remember a talk; forget those that ended `keep_s` or longer before it."""
        while self._by_call:
            oldest = next(iter(self._by_call))
            if self._by_call[oldest].ended_at > end.ended_at - keep_s:
                break
            self._forget(oldest)
        if end.agent is not None:
            self._by_call[end.call] = end
            self._by_agent[end.agent] = end.call

    def take(self, agent: AgentId, call: CallId | None) -> CallEnd | None:
        """Return the talk that this operator means, once: the call named or else his last; None if there is none."""
        end = self._by_call.get(self._by_agent.get(agent, CallId("")) if call is None else call)
        if end is None or end.agent != agent:
            return None
        self._forget(end.call)
        return end

    def _forget(self, call: CallId) -> None:
        end = self._by_call.pop(call)
        if end.agent is not None and self._by_agent.get(end.agent) == call:
            del self._by_agent[end.agent]
