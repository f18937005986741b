"""From the facts of calls to their events on MQTT: pure."""

from typing import Final

from acd.logs import mask_number
from acd.publish.payloads import CallEvent, EventKind, MessageEvent
from metrics.service_facts import VoiceMessageDestroyed, VoiceMessageDone, VoiceMessageHeard, VoiceMessageLeft
from queue_engine import facts

EVENTS: Final[dict[type, EventKind]] = {
    facts.CallAccepted: "accepted",
    facts.CallRecovered: "recovered",
    facts.CallRefused: "refused",
    facts.CallOffered: "offered",
    facts.OfferMissed: "missed",
    facts.OfferWithdrawn: "withdrawn",
    facts.CallAnswered: "answered",
    facts.CallReturned: "returned",
    facts.CallEnded: "ended",
    facts.CallAbandoned: "abandoned",
    facts.CallOverflowed: "overflowed",
    facts.CallDied: "died",
    facts.TargetWaitPassed: "norm_passed",
    facts.CallMoved: "moved",
}


def event_of(number: str, fact: object) -> CallEvent:
    """Return the event of a fact whose kind is in `EVENTS`, under its number in the records."""
    caller = getattr(fact, "caller", None)
    reason = getattr(fact, "reason", None) or getattr(fact, "failure", None) or getattr(fact, "stage", None)
    by = getattr(fact, "by", None)
    told = {
        "id": number,
        "event": EVENTS[type(fact)],
        "line": getattr(fact, "queue", ""),
        "caller": None if caller is None else mask_number(caller),
        "reason": reason or by,
        "to": getattr(fact, "to", None) or getattr(fact, "destination", None),
    }
    plain = {name: getattr(fact, name, None) for name in ("at", "call", "agent", "waited_s", "talked_s")}
    return CallEvent.model_validate(plain | told)


MESSAGE_EVENTS: Final[dict[type, str]] = {
    VoiceMessageLeft: "left",
    VoiceMessageHeard: "heard",
    VoiceMessageDone: "done",
    VoiceMessageDestroyed: "destroyed",
}


def message_event_of(number: str, fact: object) -> MessageEvent:
    """Return the event of a voice message's fact, whose kind is in `MESSAGE_EVENTS`."""
    caller = getattr(fact, "caller", None)
    told = {
        "id": number,
        "event": MESSAGE_EVENTS[type(fact)],
        "line": getattr(fact, "queue", None),
        "caller": None if caller is None else mask_number(caller),
    }
    plain = {name: getattr(fact, name, None) for name in ("at", "call", "length_s", "by")}
    return MessageEvent.model_validate(plain | told)
