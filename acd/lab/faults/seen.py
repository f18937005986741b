"""What went over the wire, caller by caller: when he called, was accepted, rang where, talked with whom, and left.

Read from a packet capture alone, so it is independent of what SIPp counts and of what we record.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from acd.lab.addresses import Slice
from acd.lab.capture import SipMessage

TALK_S: Final = 0.3
"""An answer that is taken back sooner crossed a CANCEL and was no talk."""


@dataclass(slots=True)
class Ring:
    """One INVITE to an operator's telephone."""

    at: float
    telephone: str
    answered_at: float | None = None
    """When Asterisk acknowledged the answer: one that lies unread before an Asterisk that is frozen is no talk."""
    ended_at: float | None = None
    picked_up: bool = False
    failed_at: float | None = None
    """When it was given up or refused, unanswered."""

    @property
    def over_at(self) -> float | None:
        """When the telephone was free again."""
        return self.ended_at or (self.failed_at if self.answered_at is None else None)

    @property
    def talked(self) -> bool:
        """Whether the telephone was answered and not cut off at once."""
        return self.answered_at is not None and (self.ended_at is None or self.ended_at - self.answered_at > TALK_S)


@dataclass(slots=True)
class Story:
    """One caller."""

    number: str
    called_at: float
    accepted_at: float | None = None
    """Asterisk's 200 OK; without it he was never ours."""
    ended_at: float | None = None
    left_himself: bool = False
    rings: list[Ring] = field(default_factory=list)

    @property
    def own_rings(self) -> list[Ring]:
        """The rings of his call; later ones are those of a call-back."""
        return [ring for ring in self.rings if self.ended_at is None or ring.at <= self.ended_at]

    @property
    def brushed(self) -> bool:
        """Whether a telephone was answered for so short a time that nobody can say whether it was a talk."""
        return any(ring.answered_at is not None and not ring.talked for ring in self.own_rings)

    @property
    def talk(self) -> Ring | None:
        """His talk with an operator, if there was one."""
        return next((ring for ring in self.own_rings if ring.talked), None)


def stories(messages: Iterable[SipMessage], net: Slice) -> dict[str, Story]:
    """Return the stories of a capture by the callers' numbers."""
    told: dict[str, Story] = {}
    legs: dict[str, Story] = {}
    rings: dict[str, Ring] = {}
    trunk, telephones = net.trunk.address, net.telephones.address
    for message in messages:
        request = message.status == 0
        if message.method == "INVITE" and request and message.source == trunk:
            legs[message.call_id] = told.setdefault(message.from_user, Story(message.from_user, called_at=message.at))
        elif message.method == "INVITE" and request and message.target == telephones:
            story = told.get(message.from_user.removeprefix("+"))
            if story is not None:
                rings[message.call_id] = Ring(message.at, message.user)
                story.rings.append(rings[message.call_id])
        elif message.call_id in legs:
            _follow_caller(legs[message.call_id], message, by_caller=message.source == trunk)
        elif message.call_id in rings:
            _follow_ring(rings[message.call_id], message)
    return told


def _follow_caller(story: Story, message: SipMessage, *, by_caller: bool) -> None:
    if message.method == "INVITE" and message.status == 200:
        story.accepted_at = story.accepted_at or message.at
    elif message.method == "BYE" and message.status == 0 and story.ended_at is None:
        story.ended_at, story.left_himself = message.at, by_caller


def _follow_ring(ring: Ring, message: SipMessage) -> None:
    if message.method == "INVITE" and message.status == 200:
        ring.picked_up = True
    elif message.method == "ACK" and ring.picked_up:
        ring.answered_at = ring.answered_at or message.at
    elif message.method == "INVITE" and message.status >= 300:
        ring.failed_at = ring.failed_at or message.at
    elif message.method == "BYE" and message.status == 0:
        ring.ended_at = ring.ended_at or message.at


def overtaken(told: Sequence[Story], within_s: float, since: float = 0.0, *, rung_within_s: float = 0.0) -> list[str]:
    """Return who was passed by a caller who had come later, in words.

    Args:
        told: Callers of one line, without priorities. They come when Asterisk accepts them: what it finds in its
            socket after it was frozen has no order.
        within_s: Callers who came closer together than this have no order.
        rung_within_s: Nobody was passed who was rung at most so much later.
        since: Who was accepted before this instant does not count: Asterisk has died since.

    Nobody was passed for whom an operator was kept free all the while: the one who then was rung for him had nothing
    to do when the later caller was rung elsewhere. It was his own connection that was late.
    """
    told = [story for story in told if (story.accepted_at or 0.0) > since]
    rung_within_s = max(within_s, rung_within_s)
    rung = [(story, story.own_rings[0].at) for story in told if story.own_rings]
    every = [ring for story in told for ring in story.rings]
    found = []
    for story in told:
        first = story.own_rings[0] if story.own_rings else None
        first_at = first.at if first is not None else float("inf")
        gone_at = min(first_at, story.ended_at or float("inf"))
        passed = [
            other.number
            for other, at in rung
            if (other.accepted_at or 0.0) > (story.accepted_at or 0.0) + within_s
            and at + rung_within_s < gone_at
            and not (first is not None and _was_kept_free(first, at, every))
        ]
        if passed:
            found.append(f"{story.number} was passed by {', '.join(passed)}")
    return found


def _was_kept_free(ring: Ring, since: float, every: Iterable[Ring]) -> bool:
    """Tell whether the telephone of a ring did nothing between an instant and that ring."""
    return not any(
        other.telephone == ring.telephone and other.at < ring.at and (other.over_at or ring.at) > since
        for other in every
        if other is not ring
    )
