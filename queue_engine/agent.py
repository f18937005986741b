"""The state machine of an operator, and what lies under it.

Two states are work: RINGING and TALKING. Work goes on until its own triggers end it; what is asked or happens meanwhile
(pause, logout, the telephone vanishing) sets a mark and is taken up afterwards. Exception: somebody who pauses or logs
out while the telephone rings does not want this call, so the offer is withdrawn at once and goes to another.

Every other state is what the marks say, in this order of precedence (`settled`): not logged in, paused, unreachable,
busy elsewhere, resting (wrap-up or back-off, until its time is over), ready. So a wrap-up lasts its full time whatever
lies over it for a while, a pause outlives a telephone that is off, and one who logs in at a dead telephone is
unreachable and not ready. A row whose target is `SETTLE` ends in the state that the marks say.

OUTSIDE triggers are total: in each state a row, or listed as stale, by hand.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from enum import StrEnum
from typing import Final, Literal

from queue_engine.errors import IllegalTransition
from queue_engine.facts import AgentState
from queue_engine.table import Column, column

SETTLE: Final = "settle"
"""Target of a row: the state that the marks say."""

Target = AgentState | Literal["settle"]


class AgentTrigger(StrEnum):
    """What moves an operator."""

    LOGIN = "login"
    LOGOUT = "logout"
    PAUSE = "pause"
    RESUME = "resume"
    REACHABLE = "reachable"
    UNREACHABLE = "unreachable"
    BUSY = "busy"
    FREE = "free"
    WRAP_UP_END = "wrap_up_end"
    ANSWER = "answer"
    RING_FAILED = "ring_failed"
    TALK_END = "talk_end"
    TALK_FOUND = "talk_found"
    OFFER = "offer"
    """Our own: the telephone is made to ring."""
    WITHDRAW = "withdraw"
    """Our own: the offer is taken back."""
    REST_OVER = "rest_over"
    """Our own timer: wrap-up or back-off."""
    PAUSE_OVER = "pause_over"
    """Our own timer: the limit of a pause."""


S = AgentState
T = AgentTrigger

OUTSIDE: Final[AbstractSet[AgentTrigger]] = frozenset(
    {
        T.LOGIN,
        T.LOGOUT,
        T.PAUSE,
        T.RESUME,
        T.REACHABLE,
        T.UNREACHABLE,
        T.BUSY,
        T.FREE,
        T.WRAP_UP_END,
        T.ANSWER,
        T.RING_FAILED,
        T.TALK_END,
        T.TALK_FOUND,
    }
)
"""The triggers that the world fires; the others are the engine's own."""

TRANSITIONS: Final[Mapping[tuple[AgentState, AgentTrigger], Target]] = {
    (S.LOGGED_OUT, T.LOGIN): SETTLE,
    (S.LOGGED_OUT, T.REACHABLE): SETTLE,
    (S.LOGGED_OUT, T.UNREACHABLE): SETTLE,
    (S.LOGGED_OUT, T.BUSY): SETTLE,
    (S.LOGGED_OUT, T.FREE): SETTLE,
    (S.LOGGED_OUT, T.TALK_FOUND): S.TALKING,
    (S.READY, T.LOGOUT): SETTLE,
    (S.READY, T.PAUSE): SETTLE,
    (S.READY, T.UNREACHABLE): SETTLE,
    (S.READY, T.BUSY): SETTLE,
    (S.READY, T.TALK_FOUND): S.TALKING,
    (S.READY, T.OFFER): S.RINGING,
    (S.RINGING, T.LOGIN): S.RINGING,  # takes back nothing here: a logout would have withdrawn the offer
    (S.RINGING, T.LOGOUT): SETTLE,  # the offer is withdrawn
    (S.RINGING, T.PAUSE): SETTLE,  # the offer is withdrawn
    (S.RINGING, T.REACHABLE): S.RINGING,
    (S.RINGING, T.UNREACHABLE): S.RINGING,  # the offer fails by itself
    (S.RINGING, T.BUSY): S.RINGING,
    (S.RINGING, T.FREE): S.RINGING,
    (S.RINGING, T.ANSWER): S.TALKING,
    (S.RINGING, T.RING_FAILED): SETTLE,
    (S.RINGING, T.WITHDRAW): SETTLE,
    (S.RINGING, T.TALK_FOUND): S.TALKING,
    (S.TALKING, T.LOGIN): S.TALKING,  # takes back a logout asked for during the talk
    (S.TALKING, T.LOGOUT): S.TALKING,  # done after the talk
    (S.TALKING, T.PAUSE): S.TALKING,  # done after the talk
    (S.TALKING, T.RESUME): S.TALKING,  # takes back a pause asked for during the talk
    (S.TALKING, T.REACHABLE): S.TALKING,
    (S.TALKING, T.UNREACHABLE): S.TALKING,
    (S.TALKING, T.BUSY): S.TALKING,
    (S.TALKING, T.FREE): S.TALKING,
    (S.TALKING, T.TALK_END): SETTLE,
    (S.TALKING, T.TALK_FOUND): S.TALKING,
    (S.TALKING, T.PAUSE_OVER): S.TALKING,
    (S.WRAP_UP, T.LOGOUT): SETTLE,
    (S.WRAP_UP, T.PAUSE): SETTLE,
    (S.WRAP_UP, T.UNREACHABLE): SETTLE,
    (S.WRAP_UP, T.BUSY): SETTLE,
    (S.WRAP_UP, T.WRAP_UP_END): SETTLE,
    (S.WRAP_UP, T.REST_OVER): SETTLE,
    (S.WRAP_UP, T.TALK_FOUND): S.TALKING,
    (S.BACK_OFF, T.LOGOUT): SETTLE,
    (S.BACK_OFF, T.PAUSE): SETTLE,
    (S.BACK_OFF, T.UNREACHABLE): SETTLE,
    (S.BACK_OFF, T.BUSY): SETTLE,
    (S.BACK_OFF, T.WRAP_UP_END): SETTLE,  # the operator says that he is there
    (S.BACK_OFF, T.REST_OVER): SETTLE,
    (S.BACK_OFF, T.TALK_FOUND): S.TALKING,
    (S.PAUSED, T.LOGOUT): SETTLE,
    (S.PAUSED, T.PAUSE): SETTLE,  # with another reason or limit
    (S.PAUSED, T.RESUME): SETTLE,
    (S.PAUSED, T.REACHABLE): SETTLE,
    (S.PAUSED, T.UNREACHABLE): SETTLE,
    (S.PAUSED, T.BUSY): SETTLE,
    (S.PAUSED, T.FREE): SETTLE,
    (S.PAUSED, T.WRAP_UP_END): SETTLE,
    (S.PAUSED, T.REST_OVER): SETTLE,
    (S.PAUSED, T.PAUSE_OVER): SETTLE,
    (S.PAUSED, T.TALK_FOUND): S.TALKING,
    (S.BUSY_ELSEWHERE, T.LOGOUT): SETTLE,
    (S.BUSY_ELSEWHERE, T.PAUSE): SETTLE,
    (S.BUSY_ELSEWHERE, T.UNREACHABLE): SETTLE,
    (S.BUSY_ELSEWHERE, T.FREE): SETTLE,
    (S.BUSY_ELSEWHERE, T.WRAP_UP_END): SETTLE,
    (S.BUSY_ELSEWHERE, T.REST_OVER): SETTLE,
    (S.BUSY_ELSEWHERE, T.TALK_FOUND): S.TALKING,
    (S.UNREACHABLE, T.LOGOUT): SETTLE,
    (S.UNREACHABLE, T.PAUSE): SETTLE,
    (S.UNREACHABLE, T.REACHABLE): SETTLE,
    (S.UNREACHABLE, T.BUSY): SETTLE,
    (S.UNREACHABLE, T.FREE): SETTLE,
    (S.UNREACHABLE, T.WRAP_UP_END): SETTLE,
    (S.UNREACHABLE, T.REST_OVER): SETTLE,
    (S.UNREACHABLE, T.TALK_FOUND): S.TALKING,
}

_NOT_TALKING: Final = frozenset(S) - {S.TALKING}
_NOT_RINGING: Final = frozenset(S) - {S.RINGING}

STALE: Final[Mapping[AgentTrigger, AbstractSet[AgentState]]] = {
    T.LOGIN: {S.READY, S.WRAP_UP, S.BACK_OFF, S.PAUSED, S.BUSY_ELSEWHERE, S.UNREACHABLE},  # logged in already
    T.LOGOUT: {S.LOGGED_OUT},
    T.PAUSE: {S.LOGGED_OUT},  # who is not there cannot pause
    T.RESUME: {S.LOGGED_OUT, S.READY, S.RINGING, S.WRAP_UP, S.BACK_OFF, S.BUSY_ELSEWHERE, S.UNREACHABLE},  # no pause
    T.REACHABLE: {S.READY, S.WRAP_UP, S.BACK_OFF, S.BUSY_ELSEWHERE},  # known to be
    T.UNREACHABLE: {S.UNREACHABLE},
    T.BUSY: {S.BUSY_ELSEWHERE},
    T.FREE: {S.READY, S.WRAP_UP, S.BACK_OFF},  # known to be
    T.WRAP_UP_END: {S.LOGGED_OUT, S.READY, S.RINGING, S.TALKING},  # no rest to end
    T.ANSWER: _NOT_RINGING,  # the offer was withdrawn: that phone is hung up
    T.RING_FAILED: _NOT_RINGING,
    T.TALK_END: _NOT_TALKING,
    T.TALK_FOUND: set(),
}


def target(state: AgentState, trigger: AgentTrigger) -> Target | None:
    """Return what follows, `SETTLE` for whatever the marks say; None if the trigger is stale in this state.

    Raises:
        IllegalTransition: The engine fired one of its own triggers in a wrong state.
    """
    follows = TRANSITIONS.get((state, trigger))
    if follows is not None:
        return follows
    if state in STALE.get(trigger, ()):
        return None
    raise IllegalTransition(state, trigger)


def after(trigger: AgentTrigger) -> Column[AgentState, Target | None]:
    """Return the trigger's column: what `target` says, by state."""
    return column(trigger, S, target)


def work_after(trigger: AgentTrigger) -> Column[AgentState, AgentState]:
    """Return the column of a trigger that begins work, whatever the marks say; a state itself where it is stale."""

    def follows(state: AgentState, trigger: AgentTrigger) -> AgentState:
        found = target(state, trigger)
        if found is None:
            return state
        if not isinstance(found, AgentState):
            raise IllegalTransition(state, trigger)
        return found

    return column(trigger, S, follows)
