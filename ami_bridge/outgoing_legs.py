"""The legs of outgoing calls: how their channels are named, and what is known of one attempt. Speaks to nobody.

Every channel that we originate has a Uniqueid of our choice (`ChannelId` of Originate), so that its events can be told
from the first one on, and also by a daemon that was started after it: `<server>-<call>-<side><number>`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from queue_engine.ids import AgentId, CallId, Instant, OfferId, QueueName
from queue_engine.inputs import Party

_LEG: Final = re.compile(r"(?P<server>.+)-(?P<call>callback-[0-9]{1,18}-[0-9]{1,9})-(?P<side>[co])(?P<number>[0-9]+)")


class Side(StrEnum):
    """Whose leg it is; the values are part of channels' ids."""

    CALLER = "c"
    OPERATOR = "o"


class LegId(NamedTuple):
    """What the Uniqueid of an originated channel says."""

    server: str
    call: CallId
    side: Side


def leg_uniqueid(server: str, call: CallId, side: Side, number: int) -> str:
    """Return the Uniqueid of a leg; `number` tells legs of one side from each other: the operator's offer."""
    return f"{server}-{call}-{side.value}{number}"


def parse_leg(uniqueid: str) -> LegId | None:
    """Return what the Uniqueid of one of our legs says, None for any other channel's."""
    match = _LEG.fullmatch(uniqueid)
    return None if match is None else LegId(match["server"], CallId(match["call"]), Side(match["side"]))


@dataclass(frozen=True, slots=True)
class DialOut:
    """Call this number, for this call."""

    call: CallId
    queue: QueueName
    number: str
    """E.164."""
    dialled: str
    """The same in the form that the trunk wants."""
    endpoint: str
    """The trunk."""
    caller_id: str
    first: Side
    ring_s: float
    operator_ring_s: float
    agent: AgentId | None = None
    telephone: str = ""
    """Where the operator sits whose leg is first."""
    offer: OfferId | None = None
    menu: str = ""
    """What he hears in place of an operator: an extension of the menus' context; empty: he enters the hook."""


@dataclass(slots=True)
class Attempt:
    """One call to one number, as far as its channels are known."""

    order: DialOut
    uniqueid: str
    """Of the leg that was originated."""
    began_at: Instant
    channel: str = ""
    """Name of that leg's channel; empty until Asterisk has made one."""
    picked_up: bool = False
    """The first leg was answered."""
    far_uniqueid: str = ""
    """Of the caller's leg, which the operator's dials when the operator is first."""
    far_channel: str = ""
    """Name of that leg's channel."""
    far_gone: bool = False
    """That leg has ended."""
    far_answered: bool = False
    far_cause: int | None = None
    """Q.850 cause of the end of that leg."""
    dial_status: str = ""
    """How the first leg's dialling ended."""
    bridges: dict[str, str] = field(default_factory=dict)
    """In which bridge each of the two is."""
    talking: bool = False
    hung_up_by: Party | None = None
    stopped: bool = False
    """Nobody wants it any more: its channel is hung up as soon as there is one."""
    then: DialOut | None = None
    """What is dialled as soon as this one's channel is gone."""

    @property
    def side(self) -> Side:
        """Which leg was originated."""
        return self.order.first

    @property
    def caller_uniqueid(self) -> str:
        """The Uniqueid of the caller's leg; empty while there is none."""
        return self.uniqueid if self.side is Side.CALLER else self.far_uniqueid

    @property
    def reaches_caller(self) -> bool:
        """Whether the caller's number is being called, or is about to be and cannot be kept from it."""
        return self.side is Side.CALLER or self.picked_up


class AttemptBook:
    """All attempts of one server, found by what Asterisk's events carry."""

    def __init__(self) -> None:
        self._by_call: dict[CallId, Attempt] = {}
        self._by_far: dict[str, Attempt] = {}
        """By the Uniqueid of a caller's leg that an operator's leg has dialled."""

    def __iter__(self) -> Iterator[Attempt]:
        return iter(list(self._by_call.values()))

    def __len__(self) -> int:
        return len(self._by_call)

    def add(self, attempt: Attempt) -> None:
        """Know this attempt from now on, in place of whichever the call had."""
        self._by_call[attempt.order.call] = attempt

    def drop(self, attempt: Attempt) -> bool:
        """Forget the attempt; False if it was forgotten already."""
        self._by_far.pop(attempt.far_uniqueid, None)
        if self._by_call.get(attempt.order.call) is not attempt:
            return False
        del self._by_call[attempt.order.call]
        return True

    def far_began(self, attempt: Attempt, uniqueid: str, channel: str) -> None:
        """The operator's leg has dialled the caller, by this channel."""
        attempt.far_uniqueid, attempt.far_channel = uniqueid, channel
        self._by_far[uniqueid] = attempt

    def get(self, call: CallId) -> Attempt | None:
        """Return the attempt of this call, if it has any channel or may still get one."""
        return self._by_call.get(call)

    def by_first_leg(self, uniqueid: str) -> Attempt | None:
        """Return the attempt whose originated leg this is."""
        leg = parse_leg(uniqueid)
        attempt = None if leg is None else self._by_call.get(leg.call)
        return attempt if attempt is not None and attempt.uniqueid == uniqueid else None

    def by_far_leg(self, uniqueid: str) -> Attempt | None:
        """Return the attempt, operator first, whose caller's leg this is."""
        return self._by_far.get(uniqueid)

    def by_callers_leg(self, uniqueid: str) -> Attempt | None:
        """Return the attempt whose caller's leg this is, whichever was first."""
        attempt = self.by_first_leg(uniqueid) or self._by_far.get(uniqueid)
        return attempt if attempt is not None and attempt.caller_uniqueid == uniqueid else None

    def operator_first(self, uniqueid: str) -> Attempt | None:
        """Return the attempt, operator first, one of whose two legs this is."""
        attempt = self.by_first_leg(uniqueid) or self._by_far.get(uniqueid)
        return attempt if attempt is not None and attempt.side is Side.OPERATOR else None
