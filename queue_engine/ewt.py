"""Expected wait of a caller who has so many callers before him, from what the line has just been seen doing.

Method: the queue-length delay predictor. While all operators are busy, calls leave the line one by one, and somebody
with n before him is served with the (n+1)th of them: E[W] = (n + 1) * h / m, where m operators give each served call h
seconds (W. Whitt, "Predicting queueing delays", Management Science 45(6), 1999, eq. for M/M/s: (n + 1) / (s mu)).

What an operator costs a call is not only the talk: ringing, missed offers, wrap-up, and the time that a shared operator
gives to other lines. All of it is measured at once, without knowing any of it apart: while callers wait, h is the span
between two calls taken from the line times the operators then on duty. So an operator who gives a third of his time to
this line counts as a third of one, in the proportion in which he really does; and when somebody logs in or pauses, the
estimate follows at once through m and not through new measurements.

Some of those before a caller give up before their turn. Only the share of those leaving the wait who were served is
counted (the correction for abandonment of R. Ibrahim and W. Whitt, "Real-time delay estimation based on delay history",
Manufacturing & Service Operations Management 11(3), 2009, taken in its simplest form).

All averages are exponential with the weight 1/32 of the newest value, after a plain mean of the first 32.
"""

from typing import Final

PRIOR_H_S: Final = 180.0
"""Operator seconds per call before any was measured: the norm of the questioning, SAR 5.2 (K3)."""

_MEMORY: Final = 32


class Pace:
    """How fast a line moves."""

    __slots__ = ("_cost_s", "_costs", "_last_at", "_served", "_shares")

    def __init__(self) -> None:
        self._cost_s = PRIOR_H_S
        self._costs = 0
        self._last_at: float | None = None
        """When the last call was taken, if callers have waited ever since."""
        self._served = 1.0
        self._shares = 0

    def taken(self, at: float, on_duty: int, *, others_wait: bool) -> None:
        """A call was taken from the wait by an operator, with others left waiting or not."""
        self._shares = shares = self._shares + 1 if self._shares < _MEMORY else _MEMORY
        self._served += (1.0 - self._served) / shares
        if self._last_at is not None and on_duty:
            self._costs = costs = self._costs + 1 if self._costs < _MEMORY else _MEMORY
            self._cost_s += ((at - self._last_at) * on_duty - self._cost_s) / costs
        self._last_at = at if others_wait else None

    def given_up(self, *, others_wait: bool) -> None:
        """A caller left the wait without an operator."""
        self._shares = shares = self._shares + 1 if self._shares < _MEMORY else _MEMORY
        self._served -= self._served / shares
        if not others_wait:
            self._last_at = None

    def wait_s(self, ahead: int, on_duty: int) -> float | None:
        """Return the expected further wait in seconds behind so many; None when nobody is on duty."""
        if not on_duty:
            return None
        return (ahead * self._served + 1) * self._cost_s / on_duty
