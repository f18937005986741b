"""From the facts of calls, call-backs, messages, transfers and recordings to their events on MQTT: pure."""

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, Final

from acd.logs import mask_number
from acd.publish.payloads import (
    CallbackEvent,
    CallbackEventKind,
    CallEvent,
    EventKind,
    MessageEvent,
    Payload,
    RecordingEvent,
    SurveyEvent,
    TransferEvent,
)
from callback import facts as callback_facts
from metrics import facts as talk_facts
from metrics.service_facts import (
    SurveyTaken,
    VoiceMessageDestroyed,
    VoiceMessageDone,
    VoiceMessageHeard,
    VoiceMessageLeft,
)
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


SURVEY_EVENTS: Final[dict[type, str]] = {SurveyTaken: "taken"}


def survey_event_of(number: str, fact: object) -> SurveyEvent:
    """Return the event of a survey's fact."""
    if not isinstance(fact, SurveyTaken):
        raise TypeError(f"{fact!r} is no survey")  # only kinds of `SURVEY_EVENTS` come here
    pairs = (answer.partition("=") for answer in fact.answers.split("&") if answer)
    return SurveyEvent(
        id=number,
        at=fact.at,
        event="taken",
        call=fact.call,
        line=fact.queue,
        survey=fact.survey,
        caller=mask_number(fact.caller),
        answers={question: key for question, _, key in pairs},
    )


TRANSFER_EVENTS: Final[dict[type, str]] = {
    talk_facts.CallTransferred: "handed_on",
    talk_facts.OutsideTransferEnded: "outside_ended",
    talk_facts.TransferRefused: "refused",
    talk_facts.CallTakenOver: "taken_over",
    talk_facts.TakeoverEnded: "takeover_ended",
}


def transfer_event_of(number: str, fact: object) -> TransferEvent:
    """Return the event of a fact whose kind is in `TRANSFER_EVENTS`."""
    told = {
        "id": number,
        "event": TRANSFER_EVENTS[type(fact)],
        "line": getattr(fact, "queue", None),
        "target_kind": getattr(fact, "kind", None),
        "target": getattr(fact, "target", None) or getattr(fact, "telephone", None),
        "consent": getattr(fact, "consent", None) or None,
    }
    same = ("at", "call", "agent", "way", "next_call", "result", "rang_s", "talked_s", "by", "reason")
    return TransferEvent.model_validate({name: getattr(fact, name, None) for name in same} | told)


RECORDING_EVENTS: Final[dict[type, str]] = {
    talk_facts.RecordingKept: "kept",
    talk_facts.RecordingDestroyed: "destroyed",
    talk_facts.RecordingFailed: "failed",
    talk_facts.RecordingPaused: "paused",
    talk_facts.RecordingResumed: "resumed",
    talk_facts.RecordingSuspended: "suspended",
    talk_facts.RecordingAllowed: "allowed",
}


def recording_event_of(number: str, fact: object) -> RecordingEvent:
    """Return the event of a fact whose kind is in `RECORDING_EVENTS`."""
    told = {"id": number, "event": RECORDING_EVENTS[type(fact)], "call": _recorded_call(fact)}
    same = ("at", "server", "recording", "telephone", "started_at", "duration_s", "size", "keep_until", "free_bytes")
    return RecordingEvent.model_validate({name: getattr(fact, name, None) for name in (*same, "by", "reason")} | told)


def _recorded_call(fact: object) -> str | None:
    """Return the call that was recorded; the facts of a recording's end name it in the recording's id alone."""
    recording: str | None = getattr(fact, "recording", None)
    called: str | None = getattr(fact, "call", None)
    return called or (recording.split("_", 2)[1] if recording is not None else None)


def topic_of(fact: object) -> str | None:
    """Return where below the root the event of a fact is told; None for a fact that is none."""
    told = _BY_KIND.get(type(fact))
    if told is None:
        return None
    family, event, name, _ = told
    return f"{family}/{name(fact)}/{event}"


def payload_of(number: str, fact: object) -> Payload:
    """Return the event of a fact that has a topic."""
    return _BY_KIND[type(fact)][3](number, fact)


def _recorded(fact: object) -> str:
    """Return what the recording's event is about: the call, or the server."""
    return _recorded_call(fact) or str(getattr(fact, "server", ""))


_Name = Callable[[Any], object]
_Make = Callable[[str, object], Payload]
_FAMILIES: Final[tuple[tuple[str, Mapping[type, str], _Name, _Make], ...]] = (
    ("calls", EVENTS, attrgetter("call"), event_of),
    ("callbacks", CALLBACK_EVENTS, attrgetter("request"), callback_event_of),
    ("messages", MESSAGE_EVENTS, attrgetter("call"), message_event_of),
    ("surveys", SURVEY_EVENTS, attrgetter("call"), survey_event_of),
    ("transfers", TRANSFER_EVENTS, attrgetter("call"), transfer_event_of),
    ("recordings", RECORDING_EVENTS, _recorded, recording_event_of),
)
"""By topic: the facts that are told below it, what names the thing in the topic, what makes the message."""
_BY_KIND: Final = {
    kind: (family, event, name, make) for family, events, name, make in _FAMILIES for kind, event in events.items()
}
