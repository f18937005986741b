"""What a fact changes in the row of a survey. A fact that comes twice changes nothing."""

from metrics.records.codec import RecordedFact
from metrics.records.rows import SurveyRow
from metrics.service_facts import SurveyTaken


def survey_after(row: SurveyRow | None, fact: RecordedFact) -> SurveyRow | None:
    """Return the row of the survey after the fact; `row` itself where the fact changes nothing in it."""
    if row is not None or not isinstance(fact, SurveyTaken):
        return row
    return SurveyRow(fact.call, fact.survey, fact.queue, fact.caller, fact.began_at, fact.at, fact.answers)
