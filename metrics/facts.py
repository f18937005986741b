"""Facts that the engine does not need to know and the records do.

The shell records them by itself, beside the engine's own facts.
"""

from dataclasses import dataclass

from queue_engine.ids import AgentId, CallId, Instant


@dataclass(frozen=True, slots=True)
class QuestioningEnded:
    """The operator has marked, by a key or through the API, that questioning is over and advising begins.

    The mark divides a talk into the times of SAR 5.2: questioning (norm 180 s) and advising (norm 300 s). A talk
    without a mark has neither; it is counted apart and never guessed.
    """

    at: Instant
    call: CallId
    agent: AgentId


@dataclass(frozen=True, slots=True)
class DifferenceMended:
    """What we believed of a call or an operator was not what Asterisk had, and has been put right.

    Nothing is derived from it: it stands among the facts for whoever asks why something changed.
    """

    at: Instant
    server: str
    what: str
    """`call_gone`, `operator_channel_gone`, `own_call_gone`, `operator_stuck`, `telephone`."""
    call: CallId | None = None
    agent: AgentId | None = None
    detail: str = ""
