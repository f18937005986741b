"""The knowledge base (J9): scripts and frequent questions per line, proposed by operators, approved by administrators.

An approved article is never changed. A proposal may replace one; when it is approved the old one is withdrawn in the
same transaction, so that a line never shows two versions or none.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from acd.journal.search import words
from acd.journal.store import tables
from acd.journal.store.lists import with_words
from queue_engine.ids import Instant


class ArticleKind(StrEnum):
    """What an article is for."""

    SCRIPT = "script"
    """What to say (SAR 4.1, SAH 4.1, UDM 5.4); shown with the call."""
    QUESTION = "question"
    """A frequent question with its answer (KEM 4.1)."""


class ArticleState(StrEnum):
    """Whether an article holds."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Proposal:
    """What an operator proposes."""

    kind: ArticleKind
    title: str
    body: str
    line: str = ""
    """The line it is for; empty for all lines of the service."""
    replaces: int | None = None


@dataclass(frozen=True, slots=True)
class Article:
    """An article as it is stored."""

    id: int
    kind: ArticleKind
    state: ArticleState
    title: str
    body: str
    line: str
    replaces: int | None
    proposed_by: str
    proposed_at: Instant
    decided_by: str


class Knowledge:
    """The store of articles."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def propose(self, service: str, proposal: Proposal, by: str, at: Instant) -> int:
        """Store a proposal and return its id."""
        table = tables.article
        async with self._engine.begin() as connection:
            added: int = (
                await connection.execute(
                    insert(table)
                    .values(
                        service=service,
                        line=proposal.line,
                        kind=proposal.kind,
                        title=proposal.title,
                        body=proposal.body,
                        state=ArticleState.PROPOSED,
                        replaces_id=proposal.replaces,
                        proposed_by=by,
                        proposed_at=at,
                        search=words(proposal.title, proposal.body),
                    )
                    .returning(table.c.id)
                )
            ).scalar_one()
        return added

    async def decide(self, service: str, article: int, *, approve: bool, by: str, at: Instant) -> bool:
        """Approve or decline a proposal; return False if it is none (decided already, or not of the service)."""
        table = tables.article
        state = ArticleState.APPROVED if approve else ArticleState.DECLINED
        async with self._engine.begin() as connection:
            decided = await connection.execute(
                update(table)
                .where(table.c.id == article, table.c.service == service, table.c.state == ArticleState.PROPOSED)
                .values(state=state, decided_by=by, decided_at=at)
                .returning(table.c.id, table.c.replaces_id)
            )
            row = decided.one_or_none()
            if row is not None and approve and row.replaces_id is not None:
                await connection.execute(
                    update(table)
                    .where(
                        table.c.id == row.replaces_id,
                        table.c.service == service,
                        table.c.state == ArticleState.APPROVED,
                    )
                    .values(state=ArticleState.WITHDRAWN, decided_by=by, decided_at=at)
                )
        return row is not None

    async def scripts(self, service: str, line: str) -> list[Article]:
        """Return the approved scripts of a line, those for all lines after its own."""
        table = tables.article
        statement = (
            select(table)
            .where(
                table.c.service == service,
                table.c.state == ArticleState.APPROVED,
                table.c.kind == ArticleKind.SCRIPT,
                table.c.line.in_(["", line]),
            )
            .order_by(table.c.line.desc(), table.c.id)
        )
        async with self._engine.connect() as connection:
            return [_article(row) for row in await connection.execute(statement)]

    async def search(self, service: str, question: str, limit: int = 50) -> list[Article]:
        """Return approved articles with these words, the newest first; all of them if nothing is asked."""
        return await self._find(service, ArticleState.APPROVED, question, limit)

    async def proposals(self, service: str, limit: int = 50) -> list[Article]:
        """Return what waits for a decision."""
        return await self._find(service, ArticleState.PROPOSED, "", limit)

    async def _find(self, service: str, state: ArticleState, question: str, limit: int) -> list[Article]:
        table = tables.article
        columns = [column for column in table.c if column.name != "search"]
        statement = select(*columns).where(table.c.service == service, table.c.state == state)
        statement = with_words(statement, self._engine.dialect.name, table, question)
        async with self._engine.connect() as connection:
            rows = await connection.execute(statement.limit(limit))
            return [_article(row) for row in rows]


def _article(row: Row[Any]) -> Article:
    return Article(
        id=row.id,
        kind=ArticleKind(row.kind),
        state=ArticleState(row.state),
        title=row.title,
        body=row.body,
        line=row.line,
        replaces=row.replaces_id,
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        decided_by=row.decided_by,
    )
