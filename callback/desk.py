"""What the book knows, and the one place where a request is changed.

`Desk.put` replaces a row and keeps every index, count and deadline in step with it. What to change is decided in
`course.py`, `intake.py` and `resync.py`.
"""

from collections import Counter
from collections.abc import Iterable
from heapq import heappop, heappush
from typing import Final

from callback.barred import Barred
from callback.deadlines import Deadlines
from callback.effects import CallbackEffect
from callback.facts import CallbackFact
from callback.ids import RequestId
from callback.kinds import Hold
from callback.limits import AttemptLimits
from callback.numbers import NumberRule
from callback.policy import CallbackPolicy
from callback.recent import DealtWith, LiveCalls, RecentTalks
from callback.request import Request
from callback.schedule import force_at, next_due
from callback.states import CALLER_FIRST, IN_ATTEMPT, ON_CHANNEL, RequestState
from queue_engine.ids import Instant, QueueName

HoldKey = tuple[Hold, str]
"""What is waited for, and whose: a line's operators, a number, or the house's channels."""

PRESSING: Final = "pressing"
NO_LIMIT: Final = "no_limit"


class Desk:
    """All open requests and what bears on them."""

    __slots__ = (
        "_by_number",
        "_held",
        "_last_request",
        "barred",
        "caller_first",
        "changed",
        "channels",
        "deadlines",
        "dealt_with",
        "effects",
        "facts",
        "freed",
        "in_line",
        "limits",
        "live",
        "may_dial",
        "now",
        "number_rule",
        "offered",
        "on_channel",
        "open",
        "operators",
        "policies",
        "requests",
        "talks",
    )

    def __init__(self, policies: Iterable[CallbackPolicy], number_rule: NumberRule, first_request: int) -> None:
        self.policies: dict[QueueName, CallbackPolicy] = {}
        """The policy of every line that has one or had one."""
        self.offered: frozenset[QueueName] = frozenset()
        """Lines that open new requests."""
        self.number_rule: Final = number_rule
        self.requests: dict[RequestId, Request] = {}
        self.deadlines: Final = Deadlines()
        self.limits: Final = AttemptLimits()
        self.live: Final = LiveCalls()
        self.dealt_with: Final = DealtWith()
        self.talks: Final = RecentTalks()
        self.barred: Final = Barred()
        self.operators: dict[QueueName, int | None] = {}
        self.channels: int | None = None
        self.open: Final[Counter[QueueName]] = Counter()
        self.caller_first: Final[Counter[QueueName]] = Counter()
        self.on_channel = 0
        self.in_line = 0
        self.may_dial = True
        """False from a restart until Asterisk has said which attempts it still holds."""
        self.now = Instant(0.0)
        self.facts: list[CallbackFact] = []
        self.effects: list[CallbackEffect] = []
        self.changed: dict[RequestId, Request] = {}
        self.freed: dict[HoldKey, None] = {}
        """What has become free in this step and may be waited for."""
        self._by_number: Final[dict[str, dict[RequestId, None]]] = {}
        self._held: Final[dict[HoldKey, list[tuple[Instant, RequestId]]]] = {}
        self._last_request = first_request - 1
        self.load(policies)

    def load(self, policies: Iterable[CallbackPolicy]) -> None:
        """Replace the policies; a line that is gone keeps its old one for the requests that are open."""
        loaded = {policy.queue: policy for policy in policies}
        self.policies |= loaded
        self.offered = frozenset(loaded)

    def used(self, request: RequestId) -> None:
        """Never give this id or a lower one to a new request."""
        self._last_request = max(self._last_request, request)

    def next_request(self) -> RequestId:
        """Return an id that was never used."""
        self._last_request += 1
        return RequestId(self._last_request)

    def policy(self, request: Request) -> CallbackPolicy:
        """Return the policy under which the request stands."""
        return self.policies[request.queue]

    def of_number(self, number: str) -> list[Request]:
        """Return the open requests of a number, the oldest first."""
        return [self.requests[request] for request in self._by_number.get(number, ())]

    def put(self, request: Request) -> Request:
        """Take the row in place of the one there was, and return it."""
        before = self.requests.get(request.request)
        if before is not None:
            self._count(before, -1)
        self.changed[request.request] = request
        if request.is_open:
            self.requests[request.request] = request
            self._by_number.setdefault(request.number, {})[request.request] = None
            self._count(request, 1)
        elif before is not None:
            del self.requests[request.request]
            of_number = self._by_number[before.number]
            del of_number[request.request]
            if not of_number:
                del self._by_number[before.number]
        if before is not None:
            self._note_freed(before, request)
        self._wait(request, before)
        return request

    def _count(self, request: Request, by: int) -> None:
        state = request.state
        self.open[request.queue] += by
        self.on_channel += by * (state in ON_CHANNEL)
        self.in_line += by * (state is RequestState.IN_LINE)
        # Whoever hears a menu waits for no operator.
        self.caller_first[request.queue] += by * (state in CALLER_FIRST and not request.menu)

    def _note_freed(self, before: Request, after: Request) -> None:
        """Mark what this change has set free for others."""
        was, now = before.state, after.state
        if was in ON_CHANNEL | {RequestState.IN_LINE} and now not in ON_CHANNEL:
            self.free_channels()
        if was in CALLER_FIRST and now not in CALLER_FIRST:
            self.freed[Hold.OPERATORS, before.queue] = None
        if was in IN_ATTEMPT and now not in IN_ATTEMPT:
            self.freed[Hold.NUMBER_IN_USE, before.number] = None

    def _wait(self, request: Request, before: Request | None) -> None:
        """Arm what the request waits for: its next instant, and what it is held by."""
        due = next_due(request, self.policy(request), may_dial=self.may_dial) if request.is_open else None
        self.deadlines.arm(request.request, due)
        if request.hold is not None and (before is None or before.hold is not request.hold):
            heappush(
                self._held.setdefault(self._hold_key(request, request.hold), []), (request.due_at, request.request)
            )

    def first_held(self, key: HoldKey) -> Request | None:
        """Return the request that is due first among those held by this; None when there is none."""
        heap = self._held.get(key, [])
        while heap:
            request = self.requests.get(heap[0][1])
            if request is not None and request.hold is key[0]:
                return request
            heappop(heap)
        self._held.pop(key, None)
        return None

    def free_channels(self) -> None:
        """Let those who wait for a channel try again, those with a limit first."""
        self.freed[Hold.CHANNELS, PRESSING] = None
        self.freed[Hold.CHANNELS, NO_LIMIT] = None

    def rearm(self) -> None:
        """Reckon every deadline anew: a policy, or the permission to dial, has changed."""
        for request in self.requests.values():
            self._wait(request, request)

    def _hold_key(self, request: Request, hold: Hold) -> HoldKey:
        """Return what exactly the request waits for; whose limit presses goes before all others for a channel."""
        match hold:
            case Hold.OPERATORS:
                return hold, request.queue
            case Hold.NUMBER_IN_USE:
                return hold, request.number
            case _:
                return hold, NO_LIMIT if force_at(request, self.policy(request)) is None else PRESSING
