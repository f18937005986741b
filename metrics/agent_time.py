"""Where operators' time goes, and what follows from it: occupancy and handling time."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from metrics.counts import CallCounts
from queue_engine.facts import AgentState

_BUSY = (AgentState.TALKING, AgentState.WRAP_UP)


@dataclass(frozen=True, slots=True)
class AgentTime:
    """Seconds spent in each state, over some operators and some time."""

    by_state: Mapping[str, float] = field(default_factory=dict)

    def __add__(self, other: "AgentTime") -> "AgentTime":
        """Return the time of both together."""
        states = self.by_state.keys() | other.by_state.keys()
        return AgentTime({s: self.by_state.get(s, 0.0) + other.by_state.get(s, 0.0) for s in states})

    @property
    def logged_in_s(self) -> float:
        """Seconds in any state but logged out."""
        return sum(s for state, s in self.by_state.items() if state != AgentState.LOGGED_OUT)

    @property
    def busy_s(self) -> float:
        """Seconds of talk and wrap-up."""
        return sum(self.by_state.get(state, 0.0) for state in _BUSY)


def occupancy(time: AgentTime) -> float | None:
    """Return (talk + wrap-up) / (logged in - paused), 0 to 1; None where nobody was there to work.

    The usual definition of contact centres; UDM 5.8 and KEM 3.1 ask for control of operators' work without a formula.
    """
    at_work_s = time.logged_in_s - time.by_state.get(AgentState.PAUSED, 0.0)
    return time.busy_s / at_work_s if at_work_s > 0 else None


def handling_time(counts: CallCounts, time: AgentTime) -> float | None:
    """Return the mean handling time (AHT), seconds: (talk + wrap-up) / talks. None without a talk."""
    if not counts.talks:
        return None
    return (counts.talked_s + time.by_state.get(AgentState.WRAP_UP, 0.0)) / counts.talks
