"""What the bridge knows of each call and each operator's telephone that is tied to it.

A `CallLeg` lives as long as the caller's channel, across broken FastAGI sessions; an `OperatorLeg` lives from the
moment an offer is to be dialled until the operator's channel is gone. Nothing here speaks to Asterisk.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ami_bridge.outgoing_legs import Side, parse_leg
from queue_engine.ids import AgentId, CallId, Instant, OfferId, QueueName
from queue_engine.inputs import Party, Turn


def is_call_of(call: str, server: str, uniqueid: str) -> bool:
    """Tell whether a call id is of this channel.

    It is `<server>-<Uniqueid>`, and `-1`, `-2`... after it for each further line that the same caller came to. Who is
    called back has a channel that is named after the call, not the other way round.
    """
    leg = parse_leg(uniqueid)
    if leg is not None and leg.call == call:
        return leg.server == server and leg.side is Side.CALLER
    first = f"{server}-{uniqueid}"
    return call == first or call.startswith(f"{first}-")


@dataclass(slots=True)
class OperatorLeg:
    """One operator's telephone, ringing for or talking with one call."""

    agent: AgentId
    telephone: str
    offer: OfferId | None
    """None for a talk that was found after a restart."""
    channel: str = ""
    """Name of the channel; empty until Asterisk has made one."""
    uniqueid: str = ""
    bridge: str = ""
    dial_status: str = ""
    hung_up_by: Party | None = None
    talking: bool = False
    withdrawn: bool = False
    """The offer is to be taken back as soon as there is a channel to hang up."""


@dataclass(slots=True)
class DialOrder:
    """Ring these telephones for the caller in one Dial."""

    legs: list[OperatorLeg]
    ring_s: float
    whisper: tuple[str, ...] = ()
    """Sounds that the operator hears before the talk."""
    again: bool = False
    """A session broke with it: whether Asterisk had begun it, the events tell that came until then."""


@dataclass(slots=True)
class SayOrder:
    """Say this to the caller, sound by sound; whatever is ordered meanwhile cuts it short."""

    sounds: tuple[str, ...]


@dataclass(slots=True)
class MovedOrder:
    """The call is on another line now: its music, and its line's name for whoever comes after us."""

    queue: QueueName


@dataclass(slots=True)
class LeaveOrder:
    """The session is to end; the dialplan goes on at this destination, or by itself when it is empty."""

    destination: str


@dataclass(slots=True)
class BackInLineOrder:
    """The talk was none (`CallReturned`): the caller waits on."""


Order = DialOrder | LeaveOrder | BackInLineOrder | SayOrder | MovedOrder


@dataclass(slots=True)
class CallLeg:
    """One caller's channel and all that is tied to it."""

    call: CallId
    server: str
    queue: QueueName
    caller: str
    entered_at: Instant
    channel: str
    uniqueid: str
    bridge: str = ""
    hung_up_by: Party | None = None
    introduced: bool = False
    """Whether the engine has been told of it."""
    turns: tuple[Turn, ...] = ()
    """Operators whom it waits for first, as it was handed on."""
    priority: int = 0
    known_before: bool = False
    """Whether it was accepted by a run of ours before this one."""
    transferred: bool = False
    """The operator has sent the caller elsewhere: with the talk this call is over."""
    left: bool = False
    """Our last session has let it go to another destination, or to its end."""
    hangup_cause: int | None = None
    """Set when the caller's channel is gone while an operator's is still on its way out."""
    legs: list[OperatorLeg] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    """What the FastAGI session has to do next; kept when the session breaks and taken up by the next one."""
    said_gone: bool = False
    """The caller's last session has said that he has hung up; or he was sent elsewhere, and comes again."""
    unheld: bool = False
    """Our session is lost and no other has come yet."""
    wake: Callable[[], None] | None = None
    """Tells the session of this call that there is an order; None while no session is open."""
    hush: Callable[[], None] | None = None
    """Stops what is being said to the caller; None while nothing is."""

    def order(self, order: Order) -> None:
        """Hand `order` to the session, or keep it for the one that will come."""
        if isinstance(order, SayOrder):
            # An announcement that was not begun is out of date.
            self.orders = [kept for kept in self.orders if not isinstance(kept, SayOrder)]
        self.orders.append(order)
        if self.hush is not None:
            self.hush()
        if self.wake is not None:
            self.wake()

    def awaits(self, leg: OperatorLeg) -> bool:
        """Tell whether the Dial of this leg has not begun."""
        return any(isinstance(order, DialOrder) and leg in order.legs for order in self.orders)

    @property
    def is_to_leave(self) -> bool:
        """Whether the engine has let it go, and no session has done so yet."""
        return any(isinstance(order, LeaveOrder) for order in self.orders)

    @property
    def is_to_ring(self) -> bool:
        """Whether a Dial waits for a session."""
        return any(isinstance(order, DialOrder) and order.legs for order in self.orders)

    @property
    def talk(self) -> OperatorLeg | None:
        """The leg that talks with the caller, if any."""
        return next((leg for leg in self.legs if leg.talking), None)


class LegBook:
    """All legs of one Asterisk server, found by what Asterisk's events carry."""

    def __init__(self, server: str) -> None:
        self.server = server
        self._calls: dict[CallId, CallLeg] = {}
        self._by_uniqueid: dict[str, CallLeg] = {}
        self._operators: dict[str, tuple[CallLeg, OperatorLeg]] = {}
        self._offers: dict[OfferId, tuple[CallLeg, OperatorLeg]] = {}
        self._by_bridge: dict[str, CallLeg] = {}

    def __iter__(self) -> Iterator[CallLeg]:
        return iter(list(self._calls.values()))

    def __len__(self) -> int:
        return len(self._calls)

    def add(self, call: CallLeg) -> None:
        """Know this call from now on."""
        self._calls[call.call] = call
        self._by_uniqueid[call.uniqueid] = call

    def rename(self, call: CallLeg, name: CallId) -> None:
        """The same caller's next visit: known under this id from now on."""
        self._calls.pop(call.call, None)
        call.call = name
        self._calls[name] = call

    def rebind(self, call: CallLeg, channel: str, uniqueid: str) -> None:
        """Another channel is in this call's place now."""
        self._by_uniqueid.pop(call.uniqueid, None)
        call.channel, call.uniqueid = channel, uniqueid
        self._by_uniqueid[uniqueid] = call

    def enter(self, call: CallLeg, bridge: str) -> None:
        """The caller's channel is in this bridge now."""
        self._by_bridge.pop(call.bridge, None)
        call.bridge = bridge
        self._by_bridge[bridge] = call

    def remove(self, call: CallLeg) -> None:
        """Forget the call and all its operators' legs."""
        self._calls.pop(call.call, None)
        self._by_uniqueid.pop(call.uniqueid, None)
        self._by_bridge.pop(call.bridge, None)
        for leg in list(call.legs):
            self.drop(call, leg)

    def uniqueids(self) -> set[str]:
        """Return the Uniqueids of all callers' and operators' channels."""
        return self._by_uniqueid.keys() | self._operators.keys()

    def call(self, call: CallId) -> CallLeg | None:
        """Return the call of this id, if its channel is known."""
        return self._calls.get(call)

    def caller(self, uniqueid: str) -> CallLeg | None:
        """Return the call whose caller's channel has this Uniqueid."""
        return self._by_uniqueid.get(uniqueid)

    def caller_in(self, bridge: str) -> CallLeg | None:
        """Return the call whose caller's channel is in this bridge."""
        return self._by_bridge.get(bridge)

    def operator(self, uniqueid: str) -> tuple[CallLeg, OperatorLeg] | None:
        """Return the operator's leg whose channel has this Uniqueid, with its call."""
        return self._operators.get(uniqueid)

    def offer(self, offer: OfferId) -> tuple[CallLeg, OperatorLeg] | None:
        """Return the leg that was made for this offer, with its call."""
        return self._offers.get(offer)

    def attach(self, call: CallLeg, leg: OperatorLeg) -> None:
        """Tie an operator's leg to a call."""
        call.legs.append(leg)
        self.know(call, leg)

    def know(self, call: CallLeg, leg: OperatorLeg) -> None:
        """Find this leg of the call from now on by its offer and its channel."""
        if leg.offer is not None:
            self._offers[leg.offer] = (call, leg)
        if leg.uniqueid:
            self._operators[leg.uniqueid] = (call, leg)

    def bind(self, call: CallLeg, leg: OperatorLeg, channel: str, uniqueid: str) -> None:
        """Asterisk has made the channel of this leg."""
        leg.channel = channel
        leg.uniqueid = uniqueid
        self._operators[uniqueid] = (call, leg)

    def orphan(self, leg: OperatorLeg) -> None:
        """The offer of this leg is another leg's from now on; its channel, if it has one, is only to go away."""
        if leg.offer is not None:
            self._offers.pop(leg.offer, None)
        leg.offer = None

    def unbind(self, leg: OperatorLeg) -> None:
        """The channel of this leg is gone; the leg itself is still to be told."""
        self._operators.pop(leg.uniqueid, None)
        leg.channel = leg.uniqueid = ""

    def drop(self, call: CallLeg, leg: OperatorLeg) -> None:
        """Forget an operator's leg; unknown ones are ignored."""
        if leg in call.legs:
            call.legs.remove(leg)
        if leg.offer is not None:
            self._offers.pop(leg.offer, None)
        self._operators.pop(leg.uniqueid, None)
