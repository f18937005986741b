"""What happens to a call in a line by its waiting time, on joining and when a key is pressed; and what is said."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from config.kinds import AnyName, Digit, Level, Name, PhrasePart, Skills, Table
from config.messages import mistake

Wait = Annotated[float, Field(ge=0, le=86400)]


class Announcement(Table):
    """What is said to a caller who waits: sounds and spoken values, one after the other."""

    name: Name
    say: tuple[PhrasePart, ...] = Field(min_length=1, max_length=20)


class Step(Table):
    """One thing that happens to a call at a wait: exactly one of widen, relax, say, move_to, leave_for."""

    at_s: Wait
    widen: Level | None = None
    """Operators up to this level are offered the call from now on."""
    relax: Skills | None = None
    """Only these skills are asked for from now on; an empty table asks for none."""
    say: AnyName | None = None
    """Name of an announcement."""
    every_s: Wait = 0.0
    """The announcement is made again after each of these spans; 0 is once."""
    move_to: AnyName | None = None
    """The call goes over to this line and keeps its time of entry."""
    leave_for: AnyName | None = None
    """The call leaves for this destination."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = [key for key in ("widen", "relax", "say", "move_to", "leave_for") if getattr(self, key) is not None]
        if len(given) != 1:
            raise mistake("acd_exactly_one", keys="widen, relax, say, move_to, leave_for", at="at_s")
        if self.every_s and self.say is None:
            raise mistake("acd_needs", key="say", at="every_s")
        return self


class OnJoin(Table):
    """Where a call goes that does not join the line."""

    when: Literal["closed", "no_operator", "line_too_long", "wait_too_long"]
    limit: Annotated[float, Field(ge=0, le=100_000)] = 0.0
    """Calls that wait (`line_too_long`) or seconds of expected wait (`wait_too_long`)."""
    leave_for: AnyName

    @model_validator(mode="after")
    def _limit_where_there_is_one(self) -> Self:
        if self.when in {"line_too_long", "wait_too_long"} and not self.limit:
            raise mistake("acd_needs", key="limit", at="when")
        return self


class Key(Table):
    """What a key does that is pressed at any time while waiting."""

    key: Digit
    leave_for: AnyName | None = None
    callback: bool = False
    """Exchange the wait for a call-back; the place in line is kept."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.leave_for is not None) == self.callback:
            raise mistake("acd_exactly_one", keys="leave_for, callback", at="key")
        return self
