"""The control API's requests about numbers that must not be called."""

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import Field
from sqlalchemy.exc import SQLAlchemyError

from acd.campaigns.bars import BarRow, NotANumber
from acd.control.asked import STAFF, SUPERVISORS, Asked, Body, Endpoint, given
from acd.control.errors import RequestRefused
from callback.kinds import BarScope


@dataclass(frozen=True, slots=True)
class BarView:
    """One number that is not called."""

    number: str
    scope: str
    """`all`: by nobody of us; `lists`: by call lists and surveys alone."""
    reason: str
    added_at: float
    added_by: str


@dataclass(frozen=True, slots=True)
class BarsView:
    """The do-not-call list, oldest first."""

    numbers: tuple[BarView, ...]


@dataclass(frozen=True, slots=True)
class BarredView:
    """What became of a number."""

    number: str
    barred: bool


class Bar(Body):
    """Whom not to call."""

    number: Annotated[str, Field(min_length=1, max_length=40)]
    scope: Literal["all", "lists"] = "all"
    """`lists` lets him be called back when a call of his own breaks."""
    reason: Annotated[str, Field(max_length=200)] = ""


class Free(Body):
    """Whom to call again."""

    number: Annotated[str, Field(min_length=1, max_length=40)]


_AWAY: Final = RequestRefused(503, "database_away", "the do-not-call list cannot be changed now")
_WRONG: Final = RequestRefused(422, "number_wrong", "no telephone number")


def _view(row: BarRow) -> BarView:
    return BarView(*row)


async def _list(asked: Asked) -> BarsView:
    try:
        rows = await asked.centre.campaigning.bars.all()
    except (SQLAlchemyError, OSError) as fault:
        raise _AWAY from fault
    return BarsView(tuple(map(_view, rows)))


async def _add(asked: Asked) -> BarredView:
    body = given(asked.body, Bar)
    try:
        number = await asked.centre.campaigning.bars.add(
            body.number, BarScope(body.scope), body.reason, asked.asker.name
        )
    except NotANumber as fault:
        raise _WRONG from fault
    except (SQLAlchemyError, OSError) as fault:
        raise _AWAY from fault
    return BarredView(number, barred=True)


async def _remove(asked: Asked) -> BarredView:
    number = given(asked.body, Free).number
    try:
        found = await asked.centre.campaigning.bars.remove(number)
    except NotANumber as fault:
        raise _WRONG from fault
    except (SQLAlchemyError, OSError) as fault:
        raise _AWAY from fault
    if not found:
        raise RequestRefused(404, "number_unknown", "the number is not on the list")
    return BarredView(number, barred=False)


DO_NOT_CALL: Final[tuple[Endpoint, ...]] = (
    Endpoint("GET", "/v1/dnc", "Numbers that must not be called", SUPERVISORS, BarsView, _list),
    Endpoint("POST", "/v1/dnc", "Put a number on the do-not-call list", STAFF, BarredView, _add, Bar),
    Endpoint("POST", "/v1/dnc/remove", "Let a number be called again", SUPERVISORS, BarredView, _remove, Free),
)
