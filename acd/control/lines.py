"""The control API's requests about lines: open or close one by hand, give it back to its hours."""

from typing import Annotated, Final

from pydantic import Field

from acd.control.asked import SUPERVISORS, Asked, Body, Endpoint, given
from acd.control.errors import RequestRefused
from acd.control.show import show_lines
from acd.control.views import LineView
from config.lines import Line
from queue_engine.ids import Instant, QueueName


class SwitchLine(Body):
    """Why a line is opened or closed by hand, and until when."""

    reason: Annotated[str, Field(min_length=1, max_length=200)]
    until: Annotated[float, Field(ge=0, le=4e9)] | None = None
    """Epoch seconds. Not given: a closed line stays so until somebody opens it, an open one until its hours do."""


def _line(asked: Asked) -> Line:
    line = next((line for line in asked.centre.config.lines if line.name == asked.path["line"]), None)
    if line is None:
        raise RequestRefused(404, "line_unknown", f"no line {asked.path['line']}")
    return line


def _view(asked: Asked, line: Line) -> LineView:
    return next(view for view in show_lines(asked.centre).lines if view.line == line.name)


def _switch(asked: Asked, *, is_open: bool) -> LineView:
    line, body = _line(asked), given(asked.body, SwitchLine)
    if not is_open and line.at_closed is None and not any(rule.when == "closed" for rule in line.on_join):
        raise RequestRefused(409, "line_no_destination", f"line {line.name} has no at_closed to send its callers to")
    until = None if body.until is None else Instant(body.until)
    if until is not None and until <= asked.centre.now():
        raise RequestRefused(422, "value_wrong", "until: lies in the past")
    by, queue = asked.asker.name, QueueName(line.name)
    asked.centre.hours.switch(queue, is_open=is_open, reason=body.reason, by=by, until=until)
    return _view(asked, line)


async def _open(asked: Asked) -> LineView:
    return _switch(asked, is_open=True)


async def _close(asked: Asked) -> LineView:
    return _switch(asked, is_open=False)


async def _by_hours(asked: Asked) -> LineView:
    line = _line(asked)
    asked.centre.hours.by_hours(QueueName(line.name), asked.asker.name)
    return _view(asked, line)


LINES: Final[tuple[Endpoint, ...]] = (
    Endpoint("POST", "/v1/lines/{line}/open", "Open a line by hand", SUPERVISORS, LineView, _open, SwitchLine),
    Endpoint("POST", "/v1/lines/{line}/close", "Close a line by hand", SUPERVISORS, LineView, _close, SwitchLine),
    Endpoint("POST", "/v1/lines/{line}/by-hours", "Let a line's hours decide again", SUPERVISORS, LineView, _by_hours),
)
