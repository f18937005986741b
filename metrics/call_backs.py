"""K5 and K6 of SAR 5.2: what is owed to a caller whose connection broke.

K5: "максимальное время, в течение которого оператор должен инициировать обратный дозвон ... в случае разрыва
соединения, - 15 секунд". K6: "минимальное количество попыток обратного дозвона ... если иное не предусмотрено
соответствующими инструкциями - 2".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from metrics.kpi import Bound, Kpi, Unit
from metrics.norms import AttemptsRule, Norms, Rules


@dataclass(frozen=True, slots=True)
class BreakCourse:
    """A break that is owed a call-back, and what came of it."""

    call: str
    queue: str
    broken_at: float
    attempts: int
    first_after_s: float | None
    """From the break to the start of the first attempt; None while there was none."""
    late: bool
    """The limit passed without an attempt."""
    spoken: bool
    """The caller was spoken to: reached by us, or he called again himself."""
    ended: bool
    """Nothing more will be tried."""
    reached: bool = False
    """Reached by the last of these attempts, so not by a call of his own."""
    merged: bool = False
    """The caller called himself meanwhile."""
    given_up: str | None = None
    """Why nothing more is tried although nobody was spoken to, see `callback.kinds.GiveUpReason`."""

    def in_time(self, limit_s: float) -> bool:
        """Tell whether the first attempt started within the limit, seconds after the break."""
        return self.first_after_s is not None and self.first_after_s <= limit_s


@dataclass(frozen=True, slots=True)
class AttemptsCourse:
    """What came of the breaks that had so many attempts: which attempt it is that reaches a caller."""

    breaks: int = 0
    in_time: int = 0
    """The first attempt started within the limit."""
    reached: int = 0
    """By the attempt of this number."""
    merged: int = 0
    given_up: int = 0
    under_way: int = 0


def by_attempts(breaks: Sequence[BreakCourse], norms: Norms) -> Mapping[int, AttemptsCourse]:
    """Return what came of breaks by their number of attempts, the smallest first."""
    found: dict[int, AttemptsCourse] = {}
    for one in breaks:
        before = found.get(one.attempts, AttemptsCourse())
        found[one.attempts] = AttemptsCourse(
            before.breaks + 1,
            before.in_time + one.in_time(norms.call_back_within_s),
            before.reached + one.reached,
            before.merged + (one.merged and not one.reached),
            before.given_up + (one.given_up is not None and not one.spoken),
            before.under_way + (not one.ended and not one.reached),
        )
    return dict(sorted(found.items()))


def call_back_figures(breaks: Sequence[BreakCourse], norms: Norms, rules: Rules) -> tuple[Kpi, ...]:
    """Return K5 and K6 over the breaks, the share called back in time, their numbers, and who was spoken to.

    The share is one of breaks that were called, are late or are over: of the others nothing can be said yet.

    K5 is the longest time from a break to the first attempt, seconds. A break whose limit passed without an attempt,
    by `call_backs_late`, breaks the norm too, whether an attempt came later or not.

    K6 is the fewest attempts of any break:

        UNTIL_SPOKEN  of breaks that ended without the caller being spoken to: nobody is called again after a talk
        EVERY_BREAK   of all breaks that have ended: the sentence word for word
    """
    due = [one for one in breaks if one.ended or one.late or one.first_after_s is not None]
    in_time = sum(one.in_time(norms.call_back_within_s) for one in due)
    waits = [one.first_after_s for one in breaks if one.first_after_s is not None]
    late = sum(one.late or (one.first_after_s or 0.0) > norms.call_back_within_s for one in breaks)
    match rules.attempts:
        case AttemptsRule.UNTIL_SPOKEN:
            tried = [one.attempts for one in breaks if one.ended and not one.spoken]
        case AttemptsRule.EVERY_BREAK:
            tried = [one.attempts for one in breaks if one.ended]
        case _:
            assert_never(rules.attempts)
    return (
        Kpi("K5", max(waits, default=None), Unit.SECONDS, norms.call_back_within_s, Bound.AT_MOST),
        Kpi("K6", min(tried, default=None), Unit.COUNT, norms.call_back_attempts, Bound.AT_LEAST, rules.attempts),
        Kpi("call_backs_in_time", in_time / len(due) if due else None, Unit.SHARE),
        Kpi("call_backs_late", late, Unit.COUNT, 0, Bound.AT_MOST),
        Kpi("breaks", len(breaks), Unit.COUNT),
        Kpi("call_backs_reached", sum(one.spoken for one in breaks), Unit.COUNT),
    )
