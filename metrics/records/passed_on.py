"""What the records say of callers whom operators passed on, and whom supervisors took over."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from metrics.records.counting import Scope
from metrics.records.rows import TransferResult
from metrics.records.tables import transfers

_RETURNED = (TransferResult.RETURNED, TransferResult.NOT_ANSWERED)


@dataclass(frozen=True, slots=True)
class TransferCounts:
    """How transfers of one way to one kind of place ended."""

    count: int = 0
    taken: int = 0
    returned: int = 0
    """The operator who had passed the caller on has him back, or is to have him."""
    left: int = 0
    waited_s: float = 0.0
    """Sum over those taken."""

    def __add__(self, other: "TransferCounts") -> "TransferCounts":
        """Return the counts of both together."""
        return TransferCounts(
            self.count + other.count,
            self.taken + other.taken,
            self.returned + other.returned,
            self.left + other.left,
            self.waited_s + other.waited_s,
        )

    @property
    def elsewhere(self) -> int:
        """Overflowed, broken off, or still under way."""
        return self.count - self.taken - self.returned - self.left

    @property
    def mean_wait_s(self) -> float | None:
        """Until somebody took the caller, seconds."""
        return self.waited_s / self.taken if self.taken else None


async def count_transfers(connection: AsyncConnection, scope: Scope) -> Mapping[tuple[str, str], TransferCounts]:
    """Return the transfers from the scope's line, or from all, by way and kind of target."""
    c = transfers.c
    query = (
        select(c.way, c.kind, c.result, func.count(), func.sum(c.waited_s))
        .where(c.transferred_at >= scope.start, c.transferred_at < scope.end)
        .group_by(c.way, c.kind, c.result)
    )
    if scope.line is not None:
        query = query.where(c.queue == scope.line)
    found: dict[tuple[str, str], TransferCounts] = defaultdict(TransferCounts)
    for way, kind, result, count, waited_s in await connection.execute(query):
        taken = result == TransferResult.TAKEN
        found[way, kind] += TransferCounts(
            count=count,
            taken=count if taken else 0,
            returned=count if result in _RETURNED else 0,
            left=count if result == TransferResult.LEFT else 0,
            waited_s=float(waited_s or 0.0) if taken else 0.0,
        )
    return dict(sorted(found.items()))
