"""What a call list is: its settings as people give them, its contacts, and the codes of what a talk has brought."""

from typing import Annotated, Final, Literal, NamedTuple

import orjson
from pydantic import BaseModel, ConfigDict, Field

from acd.whole import WHOLE
from callback.kinds import Leg
from callback.lists import DAY_S, ListPolicy, Pacing
from callback.policy import Spacing
from config.callback import permitted_minutes
from config.hours import Hours
from queue_engine.ids import Instant

Seconds = Annotated[float, Field(ge=0, le=30 * DAY_S)]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
STATES: Final = ("running", "paused", "stopped")
State = Literal["running", "paused", "stopped"]
LARGEST_DETAILS: Final = 4000
"""Characters of what is known of a contact beside number and name."""


class OutcomeCode(BaseModel):
    """One answer to the question what the talk has brought."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: Code
    title: Annotated[str, Field(min_length=1, max_length=80)]
    then: Literal["done", "again", "do_not_call"] = "done"
    """What follows: nothing, another call, or never a call of a list again."""
    after_s: Seconds = 3600.0
    """Of `again`: when, if the operator names no time."""


def outcome_from(text: str) -> dict[str, str]:
    """Return a code as people write it, `code=title` or `code=title=again`, as `OutcomeCode` takes it."""
    code, _, rest = text.partition("=")
    title, _, then = rest.partition("=")
    return {"code": code.strip(), "title": title.strip() or code.strip(), "then": then.strip() or "done"}


OUTCOMES: Final = (
    OutcomeCode(code="told", title="Сообщено"),
    OutcomeCode(code="agreed", title="Согласие"),
    OutcomeCode(code="declined", title="Отказ"),
    OutcomeCode(code="call_again", title="Перезвонить", then="again"),
    OutcomeCode(code="wrong_person", title="Не тот абонент"),
    OutcomeCode(code="do_not_call", title="Просил не звонить", then="do_not_call"),
)
"""Where a list has no codes of its own."""


class Settings(BaseModel):
    """How a list calls."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    title: Annotated[str, Field(max_length=200)] = ""
    script: Annotated[str, Field(max_length=20_000)] = ""
    """What the operator says; shown with the contact."""
    pacing: Pacing = Pacing.OPERATORS
    survey: Annotated[str, Field(max_length=40)] = ""
    """Of pacing `menu`: the survey of the configuration that is asked."""
    attempts: Annotated[int, Field(ge=1, le=20), WHOLE] = 3
    keep_free: Annotated[int, Field(ge=0, le=1000), WHOLE] = 0
    """So many operators of the line are left free for those who call in."""
    at_once: Annotated[int, Field(ge=1, le=1000), WHOLE] = 10
    """Calls that are out at the same time, at most."""
    first_leg: Literal["operator", "caller"] | None = None
    """Which side is dialled first; as the line's call-backs do it if not given."""
    hours: tuple[Hours, ...] = ("mon-fri 09:00-20:00", "sat-sun 10:00-18:00")
    """When contacts are called, in the site's time; the hours of the line's call-backs hold beside these."""
    after_busy_s: Seconds = 600.0
    after_no_answer_s: Seconds = 3600.0
    after_unreachable_s: Seconds = DAY_S
    after_refused_s: Seconds = DAY_S
    after_left_s: Seconds = 3600.0
    after_machine_s: Seconds = 7200.0
    preview_s: Annotated[float, Field(ge=10, le=86_400)] = 600.0
    """So long a contact is the operator's who looks at him."""
    outcomes: Annotated[tuple[OutcomeCode, ...], Field(min_length=1, max_length=50)] = OUTCOMES

    def outcome(self, code: str) -> OutcomeCode | None:
        """Return the code of this name."""
        return next((each for each in self.outcomes if each.code == code), None)

    def policy(self, time_zone: str, at: Instant) -> ListPolicy:
        """Return the settings as the rules take them; the hours are those of the site's zone at an instant."""
        return ListPolicy(
            pacing=self.pacing,
            attempts=self.attempts,
            spacing=Spacing(
                busy_s=self.after_busy_s,
                no_answer_s=self.after_no_answer_s,
                unreachable_s=self.after_unreachable_s,
                refused_s=self.after_refused_s,
                left_s=self.after_left_s,
                machine_s=self.after_machine_s,
                lost_s=self.after_no_answer_s or 1.0,
            ),
            keep_free=self.keep_free,
            at_once=self.at_once,
            permitted_minutes=permitted_minutes(self.hours, time_zone, at),
            first_leg=None if self.first_leg is None else Leg(self.first_leg),
            menu=self.survey if self.pacing is Pacing.MENU else "",
        )


class Campaign(NamedTuple):
    """One call list."""

    id: int
    name: str
    line: str
    state: str
    settings: Settings
    created_at: float
    created_by: str


class Contact(NamedTuple):
    """One number of a list: a row of `campaign_contacts`."""

    id: int
    campaign: int
    number: str
    """E.164; as it was given where it can never be called."""
    name: str
    details: str
    """What else is known of him, a JSON object."""
    state: str
    attempts: int
    next_at: float
    request: int
    """The newest request that stands, or stood, for him; 0 for none."""
    result: str
    """Of his last call: see `callback.lists.Result` and `callback.kinds.AttemptFailure`."""
    agent: str
    call: str
    outcome: str
    outcome_by: str
    note: str
    changed_at: float

    def facts(self) -> dict[str, str]:
        """Return what else is known of him."""
        read: dict[str, str] = orjson.loads(self.details)
        return read


class NewContact(NamedTuple):
    """One row of a file, or of a request."""

    number: str
    name: str = ""
    details: tuple[tuple[str, str], ...] = ()

    def as_request(self) -> dict[str, object]:
        """Return it as the API takes it."""
        return {"number": self.number, "name": self.name, "details": dict(self.details)}


class Imported(NamedTuple):
    """What became of rows that were to be added."""

    added: int
    repeated: int
    """Their numbers are in the list already."""
    impossible: int
    """Kept in the list as closed: numbers that cannot be called."""
