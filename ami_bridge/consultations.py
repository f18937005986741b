"""Operators who ask somebody, by key or API, while their caller hears music: whom they have dialled, who has answered.

Asterisk dials for them through a pair of Local channels, `Local/<dialled>@acd-operators-<number>;1` and `;2`: the first
is with the operator, the second runs the dialplan and dials. Tried on 16.28 and 22.10: an `AttendedTransfer` names the
first half, also where the telephone still rings; the operator's channel keeps its name and Uniqueid all the while. On
16.28 the pair may be gone by then, as Asterisk takes it out of a talk: it is known until the end of who was asked.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from ami_bridge.message import AmiMessage

_HALF: Final = re.compile(r"(?P<pair>Local/(?P<dialled>[^@;]+)@acd-operators-[0-9a-f]+);(?P<number>[12])")


class Half(NamedTuple):
    """What the name of one half of such a pair says."""

    pair: str
    dialled: str
    is_first: bool
    """With the operator, and not the one that dials."""


def half_of(channel: str) -> Half | None:
    """Return what a channel's name says; None for any other channel."""
    match = _HALF.fullmatch(channel)
    return None if match is None else Half(match["pair"], match["dialled"], match["number"] == "1")


@dataclass(slots=True)
class Consultation:
    """One of them."""

    dialled: str
    linkedid: str = ""
    """Which it shares with the operator's channel."""
    channel: str = ""
    """Of whoever is asked; empty until his telephone rings."""
    uniqueid: str = ""
    answered: bool = False
    pair_gone: bool = False
    """Asterisk has taken the pair out of the talk."""


class Consultations:
    """Those of one server."""

    def __init__(self) -> None:
        self._by_pair: dict[str, Consultation] = {}
        self._pair_of: dict[str, str] = {}
        """By the Uniqueid of whoever is asked."""

    def found(self, consultations: Mapping[str, Consultation]) -> None:
        """Know those that are there, by pair, which began before us or while no events came in."""
        for pair, consultation in consultations.items():
            self._by_pair[pair] = consultation
            if consultation.uniqueid:
                self._pair_of[consultation.uniqueid] = pair

    def on_event(self, message: AmiMessage) -> None:
        """Take in what happens to a Local channel, or the end of any."""
        if message.event == "Hangup" and (pair := self._pair_of.pop(message["Uniqueid"], None)) is not None:
            self._asked_gone(pair, message["Uniqueid"])
        half = half_of(message.get("Channel") or "")
        if half is None:
            return
        if message.event == "Newchannel":
            self._by_pair.setdefault(half.pair, Consultation(half.dialled, message["Linkedid"]))
            return
        consultation = self._by_pair.get(half.pair)
        if consultation is None:
            return
        answered = message.event == "DialEnd" and message["DialStatus"] == "ANSWER"
        if message.event == "Hangup":
            consultation.pair_gone = True
            if not consultation.uniqueid:
                del self._by_pair[half.pair]
        elif answered or (message.event == "DialBegin" and not consultation.answered):
            self._pair_of[message["DestUniqueid"]] = half.pair
            consultation.channel, consultation.uniqueid = message["DestChannel"], message["DestUniqueid"]
            consultation.answered = answered

    def _asked_gone(self, pair: str, uniqueid: str) -> None:
        """Whoever was asked is gone; of a line another telephone may be rung next, or several at once."""
        consultation = self._by_pair.get(pair)
        if consultation is None or consultation.uniqueid != uniqueid:
            return
        consultation.channel, consultation.uniqueid, consultation.answered = "", "", False
        if consultation.pair_gone:
            del self._by_pair[pair]

    def by_channel(self, channel: str) -> Consultation | None:
        """Return the one that this channel is a half of."""
        half = half_of(channel)
        return None if half is None else self._by_pair.get(half.pair)

    def by_linkedid(self, linkedid: str) -> Consultation | None:
        """Return the last one of the channels that share this id."""
        found = [each for each in self._by_pair.values() if linkedid and each.linkedid == linkedid]
        return found[-1] if found else None
