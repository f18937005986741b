"""The live objects: calls, operators with their seats at lines, offers. Slots only; what changes them is elsewhere.

A line's and an operator's ranks hold the names of calls, not the calls, so that a call which has gone is freed at once.
"""

from typing import Final

from queue_engine.call import CallState
from queue_engine.facts import AgentState
from queue_engine.ids import AgentId, CallId, Instant, OfferId
from queue_engine.inputs import SYSTEM_ACTOR
from queue_engine.line import AgentEntry, Line, LineEntry
from queue_engine.offer import OfferState
from queue_engine.policy import AgentPolicy
from queue_engine.ranked import Ranked
from queue_engine.timers import NO_TIMER

# Looked up once: in Python 3.11 a member of an Enum costs ten times what a global does.
_CALL_WAITING: Final = CallState.WAITING
_OFFER_RINGING: Final = OfferState.RINGING


class Call:
    """One visit of one caller."""

    __slots__ = (
        "agent",
        "agent_id",
        "answered_at",
        "caller",
        "entered_at",
        "entry",
        "has_channel",
        "id",
        "lane",
        "leaves_for",
        "line",
        "missed_by",
        "move_step",
        "offers",
        "place",
        "place_at",
        "priority",
        "reserved_for",
        "said",
        "say_timer",
        "seq",
        "side_timer",
        "state",
        "step",
        "target_passed",
        "timer",
    )

    def __init__(self, call: CallId, line: Line, caller: str, entered_at: Instant, *, priority: int, seq: int) -> None:
        self.id = call
        self.line = line
        self.caller = caller
        self.entered_at = entered_at
        self.priority = priority
        self.seq = seq
        self.state = _CALL_WAITING
        self.place_at: float = entered_at
        """The instant that gives the place: that of entry, or an earlier one that the caller had or is owed."""
        self.lane = 0
        self.entry: LineEntry = (-priority, entered_at + line.urgent_s, seq, call)
        """The place in the line."""
        self.place: Ranked[LineEntry] | None = None
        """Where the entry stands now: a lane of the line, or before the one operator the call waits for."""
        self.reserved_for: Agent | None = None
        """The one operator whom the call waits for."""
        self.has_channel = True
        """False for a call-back whose caller is not on the line yet."""
        self.offers: tuple[Offer, ...] = ()
        """The telephones that ring for the call now."""
        self.agent: Agent | None = None
        """With whom the caller talks; None too for a talk with somebody unknown, whom `agent_id` names."""
        self.agent_id = AgentId("")
        self.answered_at: Instant | None = None
        """When the talk began; None while there is none, or if nobody knows."""
        self.missed_by: frozenset[AgentId] = frozenset()
        self.step = 0
        """How many of the line's steps by waiting time have fired."""
        self.target_passed = False
        self.leaves_for: tuple[str, str] | None = None
        """Where to and why the call leaves if the telephones that ring for it now come to nothing: it was due to."""
        self.move_step: int | None = None
        """The step to another line that came while a telephone rang, and is taken if that comes to nothing."""
        self.timer = NO_TIMER
        """The next step by waiting time."""
        self.side_timer = NO_TIMER
        """Patience for one operator, one more telephone, or the end of being held: never two of them at once."""
        self.say_timer = NO_TIMER
        self.said: tuple[int, float | None] | None = None
        """The least position and expected wait that the caller was told; None for what nothing could be said of."""


class Seat:
    """An operator's place at one line."""

    __slots__ = ("entry", "lane", "level", "line", "turn")

    def __init__(self, line: Line, level: int, lane: int) -> None:
        self.line = line
        self.level = level
        self.lane = lane
        """The first lane of the line that admits the operator."""
        self.turn = 0
        """When the last offer of this line was made to him, in the running order."""
        self.entry: AgentEntry | None = None
        """Where he stands among those ready for the line, while he does."""


class Agent:
    """One operator: state, and the marks that say what lies under it (see `agent.py`)."""

    __slots__ = (
        "busy_elsewhere",
        "call",
        "calls",
        "id",
        "idle_since",
        "leave_timer",
        "logged_in",
        "logout_by",
        "logout_reason",
        "misses",
        "offer",
        "once",
        "order",
        "own",
        "pause_by",
        "pause_reason",
        "pause_timer",
        "paused",
        "policy",
        "questioned",
        "queued",
        "reachable",
        "reason",
        "removed",
        "rest",
        "rest_reason",
        "rest_timer",
        "rest_until",
        "seats",
        "since",
        "state",
        "talked_s",
        "waiting",
    )

    def __init__(self, policy: AgentPolicy, now: Instant) -> None:
        self.id = policy.agent
        self.policy = policy
        self.sit(())
        self.order = 0.0
        """The place in the configuration."""
        self.state = AgentState.LOGGED_OUT
        self.since = now
        self.reason = ""
        self.logged_in = False
        self.logout_by = SYSTEM_ACTOR
        self.logout_reason = ""
        self.paused = False
        self.pause_reason = ""
        self.pause_by = SYSTEM_ACTOR
        self.pause_timer = NO_TIMER
        self.reachable = True
        self.busy_elsewhere = False
        self.rest: AgentState | None = None
        """WRAP_UP or BACK_OFF while its time runs."""
        self.rest_reason = ""
        self.rest_timer = NO_TIMER
        self.rest_until = now
        self.leave_timer = NO_TIMER
        """Logs out whoever is paused or away for too long."""
        self.once = False
        """There for one call only."""
        self.own: Ranked[LineEntry] = Ranked()
        """The calls that wait for this operator."""
        self.calls = 0
        """Talks since logging in."""
        self.talked_s = 0.0
        """Seconds talked since logging in."""
        self.offer: Offer | None = None
        self.call: Call | None = None
        self.questioned = False
        """The end of questioning was marked in the present talk."""
        self.misses = 0
        """Missed offers in a row."""
        self.idle_since = now
        self.queued = False
        """Whether he stands among those ready at each of his seats."""
        self.removed = False
        """No longer in the configuration; is logged out and forgotten after the call."""

    def sit(self, seats: tuple[Seat, ...]) -> None:
        """Serve these lines from now on."""
        self.seats = seats
        self.waiting = tuple(rank for seat in seats for rank in seat.line.waiting[seat.lane :])
        """The lanes of them whose calls the operator may take."""


class Offer:
    """One attempt to give one call to one operator."""

    __slots__ = ("agent", "call", "id", "since", "state", "timer")

    def __init__(self, offer: OfferId, call: Call, agent: Agent, since: Instant) -> None:
        self.id = offer
        self.call = call
        self.agent = agent
        self.since = since
        self.state = _OFFER_RINGING
        self.timer = NO_TIMER
