"""Reports of what a centre does of itself (VLA 3.7, 3.8): call lists with their results, surveys with their answers.

An answer is a key, and every key is a digit: beside how often each was pressed, the mean is told by operator. For marks
it is the figure that is wanted, for yes and no it says nothing and does no harm.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from metrics.records.rows import SurveyRow
from metrics.records.tables import calls, campaign_contacts, campaigns, surveys
from metrics.reports.model import Cell, Column, Kind, Note, Table, seconds, share
from metrics.reports.periods import Period

Parts = list[Table | Note]

Answers = tuple[str, str, str | None, str]
"""Survey, question, operator, key."""


async def survey_parts(connection: AsyncConnection, period: Period, line: str | None) -> Parts:
    """Return who was asked in a period, what was answered, and by whose callers."""
    wanted = (surveys.c.began_at >= period.start) & (surveys.c.began_at < period.end)
    if line is not None:
        wanted &= surveys.c.queue == line
    query = select(surveys, calls.c.agent).select_from(surveys.outerjoin(calls, calls.c.call == surveys.c.call))
    found = (await connection.execute(query.where(wanted).order_by(surveys.c.began_at))).mappings().all()
    if not found:
        return [Note("nothing")]
    rows = [SurveyRow(**{name: row[name] for name in SurveyRow._fields}) for row in found]
    answers = [
        (row.survey, question, each["agent"], key)
        for row, each in zip(rows, found, strict=True)
        for question, key in answers_of(row)
    ]
    parts: Parts = [_asked(rows), _answers(answers)]
    if any(agent for _, _, agent, _ in answers):
        parts.append(_by_operator(answers))
    return parts


def answers_of(row: SurveyRow) -> list[tuple[str, str]]:
    """Return the questions that were answered, each with its key, in their order."""
    pairs = (answer.partition("=") for answer in row.answers.split("&") if answer)
    return [(question, key) for question, _, key in pairs]


def _asked(rows: Iterable[SurveyRow]) -> Table:
    asked: Counter[tuple[str, str]] = Counter()
    answered: Counter[tuple[str, str]] = Counter()
    lasted: defaultdict[tuple[str, str], float] = defaultdict(float)
    for row in rows:
        name = (row.survey, row.queue)
        asked[name] += 1
        answered[name] += bool(row.answers)
        lasted[name] += row.ended_at - row.began_at
    columns = (
        Column("survey", Kind.TEXT),
        Column("queue", Kind.TEXT),
        Column("asked", Kind.COUNT),
        Column("gave_answers", Kind.COUNT),
        Column("share_of_asked", Kind.SHARE),
        Column("mean_s", Kind.SECONDS),
    )
    told = tuple(
        (*name, count, answered[name], share(answered[name] / count), seconds(lasted[name] / count))
        for name, count in sorted(asked.items())
    )
    return Table("surveys", columns, told)


def _answers(answers: Iterable[Answers]) -> Table:
    counted = Counter((survey, question, key) for survey, question, _, key in answers)
    of_question: Counter[tuple[str, str]] = Counter()
    for (survey, question, _), count in counted.items():
        of_question[survey, question] += count
    columns = (
        Column("survey", Kind.TEXT),
        Column("question", Kind.TEXT),
        Column("key", Kind.TEXT),
        Column("count", Kind.COUNT),
        Column("share_of_answers", Kind.SHARE),
    )
    rows = tuple(
        (survey, question, key, count, share(count / of_question[survey, question]))
        for (survey, question, key), count in sorted(counted.items())
    )
    return Table("survey_answers", columns, rows)


def _by_operator(answers: Iterable[Answers]) -> Table:
    keys: defaultdict[tuple[str, str, str], list[int]] = defaultdict(list)
    for survey, question, agent, key in answers:
        if agent:
            keys[agent, survey, question].append(int(key))
    columns = (
        Column("agent", Kind.TEXT),
        Column("survey", Kind.TEXT),
        Column("question", Kind.TEXT),
        Column("count", Kind.COUNT),
        Column("mean_key", Kind.TEXT),
    )
    rows = tuple((*name, len(pressed), f"{sum(pressed) / len(pressed):.2f}") for name, pressed in sorted(keys.items()))
    return Table("survey_operators", columns, rows)


async def outgoing_parts(connection: AsyncConnection, period: Period, line: str | None) -> Parts:
    """Return the call lists whose contacts were dealt with in a period: how far they are, results, outcomes."""
    contact, campaign = campaign_contacts.c, campaigns.c
    names = (campaign.name, campaign.line, campaign.state.label("runs"))
    counted = (contact.state, contact.result, contact.outcome)
    wanted = (contact.changed_at >= period.start) & (contact.changed_at < period.end)
    if line is not None:
        wanted &= campaign.line == line
    joined = campaigns.join(campaign_contacts, contact.campaign == campaign.id)
    query = select(*names, *counted, func.count(), func.sum(contact.attempts)).select_from(joined).where(wanted)
    found = (await connection.execute(query.group_by(*names, *counted))).all()
    if not found:
        return [Note("nothing")]
    lists: dict[tuple[str, str, str], Counter[str]] = {}
    results: Counter[tuple[str, str]] = Counter()
    outcomes: Counter[tuple[str, str]] = Counter()
    for name, of_line, runs, state, result, outcome, count, attempts in found:
        figures = lists.setdefault((name, of_line, runs), Counter())
        figures["contacts"] += count
        figures[state] += count
        figures["attempts"] += attempts
        figures["reached"] += count if result == "reached" else 0
        results[name, result] += count if result else 0
        outcomes[name, outcome] += count if outcome else 0
    figure_names = ("contacts", "attempts", "reached", "waiting", "calling", "closed")
    columns = (
        Column("campaign", Kind.TEXT),
        Column("queue", Kind.TEXT),
        Column("state", Kind.WORD),
        *(Column(f"list_{name}", Kind.COUNT) for name in figure_names),
    )
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (*name, *(figures[each] for each in figure_names)) for name, figures in sorted(lists.items())
    )
    return [
        Table("campaigns", columns, rows),
        _counts("campaign_results", "list_result", Kind.WORD, results),
        _counts("campaign_outcomes", "list_outcome", Kind.TEXT, outcomes),
    ]


def _counts(table: str, column: str, kind: Kind, counted: Counter[tuple[str, str]]) -> Table:
    """Return how often each result or outcome of a list was had."""
    rows = tuple((name, what, count) for (name, what), count in sorted(counted.items()) if count)
    columns = (Column("campaign", Kind.TEXT), Column(column, kind), Column("count", Kind.COUNT))
    return Table(table, columns, rows)
