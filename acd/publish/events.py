"""From the facts of calls, call-backs and voice messages to their events on MQTT: pure."""

from typing import Final

from acd.logs import mask_number
from acd.publish.payloads import CallbackEvent, CallbackEventKind, CallEvent, EventKind, MessageEvent
from callback import facts as callback_facts
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


CALLBACK_EVENTS: Final[dict[type, CallbackEventKind]] = {
    callback_facts.CallbackOwed: "owed",
    callback_facts.CallbackImpossible: "impossible",
    callback_facts.CallbackHeld: "held",
    callback_facts.CallbackLate: "late",
    callback_facts.CallbackAttemptStarted: "attempt",
    callback_facts.CallbackRang: "rang",
    callback_facts.CallbackConnected: "connected",
    callback_facts.CallbackAttemptFailed: "failed",
    callback_facts.CallbackReached: "reached",
    callback_facts.CallerCalledIn: "called_in",
    callback_facts.CallbackResumed: "resumed",
    callback_facts.CallbackMerged: "merged",
    callback_facts.CallbackDone: "done",
    callback_facts.CallbackGivenUp: "given_up",
}

_SAME: Final = ("at", "request", "call", "broken_call", "agent", "attempt", "attempts", "after_break_s", "within_limit")


def callback_event_of(number: str, fact: object) -> CallbackEvent:
    """Return the event of a fact whose kind is in `CALLBACK_EVENTS`, under its number in the records."""
    shown = getattr(fact, "number", None) or getattr(fact, "shown", None)
    told = {
        "id": number,
        "event": CALLBACK_EVENTS[type(fact)],
        "line": getattr(fact, "queue", ""),
        "number": None if shown is None else mask_number(shown),
        "reason": getattr(fact, "reason", None) or getattr(fact, "failure", None) or getattr(fact, "origin", None),
        "due_at": getattr(fact, "due_at", None),
        "next_at": getattr(fact, "next_at", None),
    }
    return CallbackEvent.model_validate({name: getattr(fact, name, None) for name in _SAME} | told)


def topic_of(fact: object) -> str | None:
    """Return where below the root the event of a fact is told; None for a fact that is none."""
    kind = type(fact)
    if kind in EVENTS:
        return f"calls/{fact.call}/{EVENTS[kind]}"  # type: ignore[attr-defined]  # all of them have one
    if kind in CALLBACK_EVENTS:
        return f"callbacks/{fact.request}/{CALLBACK_EVENTS[kind]}"  # type: ignore[attr-defined]  # as above
    if kind in MESSAGE_EVENTS:
        return f"messages/{fact.call}/{MESSAGE_EVENTS[kind]}"  # type: ignore[attr-defined]  # as above
    return None


def payload_of(number: str, fact: object) -> CallEvent | CallbackEvent | MessageEvent:
    """Return the event of a fact that has a topic."""
    if type(fact) in EVENTS:
        return event_of(number, fact)
    return callback_event_of(number, fact) if type(fact) in CALLBACK_EVENTS else message_event_of(number, fact)
