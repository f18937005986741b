"""What a Q.850 hang-up cause says about a break and about a failed attempt.

Numbers and names: ITU-T Q.850, as Asterisk has them in include/asterisk/causes.h; which SIP status gives which cause:
hangup_sip2cause() in channels/chan_pjsip.c.
"""

from collections.abc import Mapping, Set
from typing import Final

from callback.kinds import AttemptFailure

NORMAL_CAUSES: Final[Set[int]] = frozenset({0, 16, 17, 18, 19, 21, 26, 31, 32})
"""Ends that a party wished for: clearing, busy, no answer, rejected, answered elsewhere, normal unspecified.

0 is Asterisk's "no cause was set" and 32 is left by some trunks in place of 16. Every other cause is the network's.
"""

_FAILURES: Final[Mapping[int, AttemptFailure]] = {
    16: AttemptFailure.NO_ANSWER,  # our own end of the ringing
    17: AttemptFailure.BUSY,  # 486, 600
    18: AttemptFailure.NO_ANSWER,  # 408
    19: AttemptFailure.NO_ANSWER,  # 480
    20: AttemptFailure.UNREACHABLE,  # subscriber absent
    21: AttemptFailure.REFUSED,  # 401, 403, 603
}


def is_network_cause(cause: int) -> bool:
    """Return whether a call that ended so was ended by the network (44 is Asterisk's RTP time-out, tried)."""
    return cause not in NORMAL_CAUSES


def failure_of(cause: int) -> AttemptFailure:
    """Return what an attempt that ended with this cause before an answer came to."""
    return _FAILURES.get(cause, AttemptFailure.UNREACHABLE)
