"""Why a channel ended or a telephone did not answer: Q.850 causes and Dial's words, as Asterisk tells them."""

from collections.abc import Mapping
from typing import Final

from queue_engine.inputs import RingFailure

NORMAL_CLEARING: Final = 16
USER_BUSY: Final = 17
NO_ANSWER: Final = 19
CALL_REJECTED: Final = 21
MEDIA_TIMEOUT: Final = 44
"""What Asterisk gives a channel whose party has sent no speech for `rtp_timeout` (tried)."""

# DIALSTATUS and DialEnd's DialStatus share these words (app_dial.c, dial.c).
FAILURE_BY_DIAL_STATUS: Final[Mapping[str, RingFailure]] = {
    "NOANSWER": RingFailure.NO_ANSWER,
    "BUSY": RingFailure.BUSY,
    "CANCEL": RingFailure.CANCELLED,
    "ANSWER": RingFailure.REFUSED,
}


def ring_failure(dial_status: str, cause: int) -> RingFailure:
    """Return why a telephone did not answer, from the status of the Dial and the Q.850 cause of its channel's end.

    A refusal (SIP 603) and an unreachable telephone share the status CHANUNAVAIL; the cause tells them apart. Some
    telephones send 486 for "refuse": that is BUSY and cannot be told from being busy.
    """
    if cause == CALL_REJECTED:
        return RingFailure.REFUSED
    if cause == USER_BUSY:
        return RingFailure.BUSY
    return FAILURE_BY_DIAL_STATUS.get(dial_status, RingFailure.UNREACHABLE)
