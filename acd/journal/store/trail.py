"""The trail of who looked at what and did what (S2; SAR 4.4, KEM 4.2), and assessments of operators' work (S4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from acd.journal.store import tables
from queue_engine.ids import Instant

MARKS: Final = ("greeting", "politeness", "script", "answer", "card")
"""Assessed, each 0 to 5: greeting, tone (KEM 5.4, SAR 4.2), script (UDM 5.4), the answer, the card (UDM 5.7)."""
BEST: Final = 5


@dataclass(frozen=True, slots=True)
class TrailEntry:
    """One look or one deed."""

    at: Instant
    actor: str
    action: str
    card: int | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Assessment:
    """What a supervisor thinks of an operator's talk, or of an appeal's handling as a whole."""

    card: int
    agent: str
    assessor: str
    at: Instant
    marks: Mapping[str, int]
    comment: str = ""
    call: str = ""
    """The talk that was assessed; empty for the handling as a whole."""

    def __post_init__(self) -> None:
        if set(self.marks) != set(MARKS) or not all(0 <= mark <= BEST for mark in self.marks.values()):
            raise ValueError(f"marks must be {', '.join(MARKS)}, each 0 to {BEST}")

    @property
    def score(self) -> float:
        """Share of the best possible marks, 0 to 1."""
        return sum(self.marks.values()) / (BEST * len(MARKS))


class Trail:
    """The store of the trail and of assessments."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def note(self, entry: TrailEntry) -> None:
        """Add an entry. There is no way to change or delete one."""
        async with self._engine.begin() as connection:
            await connection.execute(
                insert(tables.trail).values(
                    at=entry.at, actor=entry.actor, action=entry.action, card_id=entry.card, detail=entry.detail
                )
            )

    async def read(self, *, card: int | None = None, actor: str = "", limit: int = 200) -> list[TrailEntry]:
        """Return the latest entries, of one card or one person if asked."""
        table = tables.trail
        statement = select(table).order_by(table.c.id.desc()).limit(limit)
        if card is not None:
            statement = statement.where(table.c.card_id == card)
        if actor:
            statement = statement.where(table.c.actor == actor)
        async with self._engine.connect() as connection:
            rows = await connection.execute(statement)
            return [TrailEntry(row.at, row.actor, row.action, row.card_id, row.detail) for row in rows]

    async def assess(self, assessment: Assessment) -> None:
        """Store an assessment."""
        async with self._engine.begin() as connection:
            await connection.execute(
                insert(tables.assessment).values(
                    card_id=assessment.card,
                    agent=assessment.agent,
                    assessor=assessment.assessor,
                    at=assessment.at,
                    marks=dict(assessment.marks),
                    score=assessment.score,
                    comment=assessment.comment,
                    call=assessment.call,
                )
            )

    async def assessments(self, *, card: int | None = None, agent: str = "", limit: int = 50) -> list[Assessment]:
        """Return the latest assessments of a card or of an operator."""
        table = tables.assessment
        statement = select(table).order_by(table.c.id.desc()).limit(limit)
        if card is not None:
            statement = statement.where(table.c.card_id == card)
        if agent:
            statement = statement.where(table.c.agent == agent)
        async with self._engine.connect() as connection:
            return [
                Assessment(row.card_id, row.agent, row.assessor, row.at, row.marks, row.comment, row.call)
                for row in await connection.execute(statement)
            ]
