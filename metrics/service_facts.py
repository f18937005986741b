"""Facts of a service's life beside its calls: its hours, and the messages that callers leave."""

from dataclasses import dataclass

from queue_engine.ids import CallId, Instant, QueueName


@dataclass(frozen=True, slots=True)
class LineSwitched:
    """A line has opened or closed: by its hours, or by hand, which stands against the hours.

    Nothing is derived from it: it stands among the facts for whoever asks why callers were sent away.
    """

    at: Instant
    queue: QueueName
    open: bool
    by: str
    """Who did it; `hours` for the hours themselves."""
    reason: str = ""
    until: Instant | None = None
    """When a switch by hand ends by itself; None: when somebody takes it back."""


@dataclass(frozen=True, slots=True)
class VoiceMessageLeft:
    """A caller has left a voice message: work to be listened to and processed (D6)."""

    at: Instant
    """When it was recorded to its end."""
    call: CallId
    """Whose message it is; also the message's own name."""
    queue: QueueName
    caller: str
    server: str
    file: str
    """Below the folder of messages."""
    length_s: float
    """As the dialplan's clock saw it."""


@dataclass(frozen=True, slots=True)
class VoiceMessageHeard:
    """Somebody has listened to a message, or begun to."""

    at: Instant
    call: CallId
    by: str


@dataclass(frozen=True, slots=True)
class VoiceMessageDone:
    """A message was processed."""

    at: Instant
    call: CallId
    by: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class VoiceMessageDestroyed:
    """A message's sound was destroyed, and its file looked for in vain afterwards."""

    at: Instant
    call: CallId
    by: str
    reason: str
    """`kept_long_enough`, `missing` (it was not there), or why somebody asked for it."""
    sha256: str = ""
    """Of the sound that was destroyed, hexadecimal: proof of which one it was; empty where there was none."""


@dataclass(frozen=True, slots=True)
class SurveyTaken:
    """Somebody has heard a survey after a talk, or was called for it, whether he pressed any key or not (VLA 3.8)."""

    at: Instant
    """When it was over."""
    call: CallId
    """The call that it followed, or in which it was asked."""
    queue: QueueName
    survey: str
    caller: str
    began_at: Instant
    answers: str
    """`question=key` for each that was answered, in their order, `&` between them."""


MessageFact = VoiceMessageLeft | VoiceMessageHeard | VoiceMessageDone | VoiceMessageDestroyed

ServiceFact = LineSwitched | MessageFact | SurveyTaken
