"""Today's counts of one line while they change: those of `CallCounts`, which is frozen, as plain numbers."""

from dataclasses import dataclass, fields
from typing import Final, Self

from metrics.counts import CallCounts


@dataclass(slots=True)
class Tally:
    """Today's counts of one line while they change."""

    accepted: int = 0
    answered: int = 0
    answered_in_norm: int = 0
    abandoned: int = 0
    abandoned_in_norm: int = 0
    abandoned_short: int = 0
    overflowed: int = 0
    died: int = 0
    refused: int = 0
    closed: int = 0
    over_maximum: int = 0
    answered_over_maximum: int = 0
    unanswered_after_norm: int = 0
    missed_offers: int = 0
    returned: int = 0
    waited_s: float = 0.0
    answered_waited_s: float = 0.0
    talked_s: float = 0.0
    talks: int = 0
    longest_wait_s: float = 0.0

    @classmethod
    def of(cls, counts: CallCounts) -> Self:
        """Return what goes on from these counts."""
        return cls(**{part: getattr(counts, part) for part in _PARTS})

    def counts(self) -> CallCounts:
        """Return the counts as they are now."""
        return CallCounts(**{part: getattr(self, part) for part in _PARTS})


_PARTS: Final = tuple(part.name for part in fields(Tally))
