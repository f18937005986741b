"""What stands in the tables of the screen: pure, from what the daemon told to rows, in an order, through a filter.

Between two looks waits and times in a state grow by the clock of the terminal's machine; nothing else is guessed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.text import Text as RichText

from acd.texts import Text, duration
from acd.top import texts
from acd.top.feed import Seen
from metrics.reports.show import word
from metrics.reports.texts import Language

BARS: Final = "▁▂▃▄▅▆▇█"
NEAR: Final = 0.75
"""From this part of the normative wait on, a wait is shown as near to breaking the norm."""

SOON_S: Final = 5.0
"""A call-back that is due in less is shown as nearly late: the norm of the first attempt is 15 s (C1)."""

Values = dict[str, Any]
_STATES: Final = ("ready", "ringing", "talking", "wrap_up", "back_off", "busy_elsewhere", "paused", "unreachable")
_STATE_STYLES: Final = {
    "ready": "green",
    "ringing": "yellow",
    "talking": "cyan",
    "wrap_up": "blue",
    "back_off": "blue",
    "busy_elsewhere": "magenta",
    "paused": "yellow",
    "unreachable": "red",
    "logged_out": "bright_black",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading, its width, by what it is sorted and what it shows."""

    title: Text
    width: int
    by: Callable[[Values], Any]
    show: Callable[[Values, Language], RichText]
    grows: bool = False
    """Takes what a wide terminal has to spare."""
    right: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A row, and whom or what it is about."""

    key: str
    cells: tuple[RichText, ...]
    values: Values


@dataclass(frozen=True, slots=True)
class Order:
    """By which column a table is sorted; None is the order in which the daemon tells."""

    column: int | None = None
    falling: bool = False

    def next(self, columns: int) -> "Order":
        """Return the order after this one: each column in turn, then the daemon's own."""
        following = 0 if self.column is None else self.column + 1
        return Order(following if following < columns else None, self.falling)

    def turned(self) -> "Order":
        """Return the same the other way round."""
        return Order(self.column, not self.falling)


def wait_style(waited_s: float, target_s: float | None, max_s: float | None) -> str:
    """Return the colour of a wait: green, yellow near the norm, red over it, white on red over the maximum."""
    if max_s is not None and waited_s > max_s:
        return "bold white on red"
    if target_s is None:
        return ""
    if waited_s > target_s:
        return "bold red"
    return "yellow" if waited_s >= NEAR * target_s else "green"


def share_style(share: float | None, norm: float | None) -> str:
    """Return the colour of a share that must be at least the norm."""
    if share is None or norm is None:
        return ""
    return "green" if share >= norm else "bold red"


def spark(values: Sequence[float], width: int, top: float | None = None) -> str:
    """Return the last values as bars of eight heights, the highest of them (or `top`) being the full one."""
    last = values[-width:]
    full = max(last, default=0.0) if top is None else top
    if full <= 0:
        return BARS[0] * len(last)
    return "".join(BARS[min(7, max(0, round(value / full * 7)))] for value in last)


def aged(seen: Seen, passed_s: float) -> Seen:
    """Return what was seen as it is after so many seconds in which nothing was told."""
    if passed_s <= 0:
        return seen
    lines = [
        line | {"longest_wait_s": line["longest_wait_s"] + passed_s} if line["waiting"] else line
        for line in seen.status["lines"]
    ]
    calls = [
        call if call["state"] == "talking" else call | {"waited_s": call["waited_s"] + passed_s} for call in seen.calls
    ]
    agents = [agent | {"for_s": agent["for_s"] + passed_s} for agent in seen.agents]
    status = seen.status | {"lines": lines, "at": seen.status["at"] + passed_s}
    due_in_s = status["callback_due_in_s"]
    if due_in_s is not None:
        status["callback_due_in_s"] = due_in_s - passed_s
    return Seen(status, agents, calls, seen.callbacks)


def call_rows_of(seen: Seen) -> list[Values]:
    """Return the calls with what colours them: the norms and the title of their line."""
    lines = {line["line"]: line for line in seen.status["lines"]}
    told = []
    for call in seen.calls:
        line = lines.get(call["line"], {})
        norms = {name: line.get(name) for name in ("target_wait_s", "max_wait_s")}
        told.append(call | norms | {"title": line.get("title", call["line"])})
    return told


def callback_rows_of(seen: Seen) -> list[Values]:
    """Return the call-backs, the one due first foremost, with the time until the limit of the first attempt."""
    titles = {line["line"]: line["title"] for line in seen.status["lines"]}
    told = []
    for row in seen.callbacks:
        waits = row["limit_at"] is not None and not row["attempts"]
        due_in_s = row["limit_at"] - seen.status["at"] if waits else None
        told.append(row | {"due_in_s": due_in_s, "title": titles.get(row["line"], row["line"])})
    return sorted(told, key=_due)


def _due(row: Values) -> tuple[bool, float]:
    return (row["due_in_s"] is None, row["next_at"] if row["due_in_s"] is None else row["due_in_s"])


def due_style(due_in_s: float) -> str:
    """Return the colour of a call-back that is due in so many seconds: red when its limit has passed."""
    if due_in_s < 0:
        return "bold white on red"
    return "yellow" if due_in_s < SOON_S else "green"


def due(due_in_s: float, language: Language) -> str:
    """Return the time until a limit, or since it has passed with a minus."""
    return ("-" if due_in_s < 0 else "") + duration(abs(due_in_s), language)


def rows(
    things: Sequence[Values], columns: Sequence[Column], key: str, order: Order, wanted: str, language: Language
) -> list[Row]:
    """Return the rows that the filter lets through, in order. The filter is a part of any cell, in any case."""
    if order.column is not None:
        by = columns[order.column].by
        things = sorted(things, key=by, reverse=order.falling)
    elif order.falling:
        things = list(reversed(things))
    shown = [Row(thing[key], tuple(c.show(thing, language) for c in columns), thing) for thing in things]
    if wanted:
        part = wanted.casefold()
        shown = [row for row in shown if any(part in cell.plain.casefold() for cell in row.cells)]
    return shown


def heads(columns: Sequence[Column], order: Order, language: Language) -> list[str]:
    """Return the headings, the sorted column's with an arrow."""
    mark = "▼" if order.falling else "▲"
    return [c.title.say(language) + (mark if index == order.column else "") for index, c in enumerate(columns)]


def widths(columns: Sequence[Column], room: int) -> list[int]:
    """Return the columns' widths in so much room: what is to spare goes to the one that grows."""
    spare = max(0, room - sum(column.width for column in columns))
    return [column.width + spare * column.grows for column in columns]


def _plain(name: str) -> Callable[[Values, Language], RichText]:
    return lambda values, _language: RichText(str(values[name]))


def _longest(line: Values, language: Language) -> RichText:
    if not line["waiting"]:
        return RichText("-")
    style = wait_style(line["longest_wait_s"], line["target_wait_s"], line["max_wait_s"])
    return RichText(duration(line["longest_wait_s"], language), style=style)


def _in_norm(line: Values, _language: Language) -> RichText:
    share, norm = line["share_in_norm_today"], line["norm_share"]
    if share is None:
        return RichText("-")
    return RichText(f"{share:.1%}", style=share_style(share, norm))


def _state(agent: Values, language: Language) -> RichText:
    told = word(agent["state"], language)
    if agent["state"] == "paused" and agent["reason"]:
        told = f"{told}: {agent['reason']}"
    return RichText(told, style=_STATE_STYLES.get(agent["state"], ""))


def _due_in(row: Values, language: Language) -> RichText:
    due_in_s = row["due_in_s"]
    return RichText("-") if due_in_s is None else RichText(due(due_in_s, language), style=due_style(due_in_s))


def _rank(agent: Values) -> tuple[int, float]:
    state = agent["state"]
    return (_STATES.index(state) if state in _STATES else len(_STATES), -agent["for_s"])


def _waited(call: Values, language: Language) -> RichText:
    style = wait_style(call["waited_s"], call["target_wait_s"], call["max_wait_s"])
    return RichText(duration(call["waited_s"], language), style=style)


LINES: Final = (
    Column(texts.LINE, 15, lambda v: v["title"], _plain("title"), grows=True),
    Column(texts.WAITING, 7, lambda v: v["waiting"], _plain("waiting"), right=True),
    Column(texts.LONGEST, 9, lambda v: v["longest_wait_s"], _longest, right=True),
    Column(texts.RINGING, 8, lambda v: v["ringing"], _plain("ringing"), right=True),
    Column(texts.TALKING, 9, lambda v: v["talking"], _plain("talking"), right=True),
    Column(
        texts.READY,
        8,
        lambda v: v["operators_ready"],
        lambda v, _: RichText(f"{v['operators_ready']}/{v['operators_logged_in']}"),
        right=True,
    ),
    Column(texts.ACCEPTED, 8, lambda v: v["accepted_today"], _plain("accepted_today"), right=True),
    Column(texts.LOST, 7, lambda v: v["abandoned_today"], _plain("abandoned_today"), right=True),
    Column(texts.IN_NORM, 8, lambda v: v["share_in_norm_today"] or 0.0, _in_norm, right=True),
)
AGENTS: Final = (
    Column(texts.NUMBER, 5, lambda v: v["agent"], _plain("agent")),
    Column(texts.OPERATOR, 13, lambda v: v["name"], _plain("name"), grows=True),
    Column(texts.STATE, 13, _rank, _state),
    Column(
        texts.FOR, 7, lambda v: v["for_s"], lambda v, language: RichText(duration(v["for_s"], language)), right=True
    ),
)
CALLS: Final = (
    Column(
        texts.PLACE,
        3,
        lambda v: v["position"] or 1_000_000,
        lambda v, _: RichText("" if v["position"] is None else str(v["position"])),
    ),
    Column(texts.LINE, 8, lambda v: v["title"], _plain("title"), grows=True),
    Column(texts.CALLER, 13, lambda v: v["caller"], _plain("caller")),
    Column(texts.WAITED, 7, lambda v: v["waited_s"], _waited, right=True),
    Column(
        texts.STATE, 7, lambda v: v["state"], lambda v, language: RichText(texts.CALL_STATES[v["state"]].say(language))
    ),
)
CALLBACKS: Final = (
    Column(texts.LINE, 8, lambda v: v["title"], _plain("title"), grows=True),
    Column(texts.CALLER, 13, lambda v: v["number"], _plain("number")),
    Column(texts.DUE, 7, _due, _due_in, right=True),
    Column(texts.ATTEMPTS, 3, lambda v: len(v["attempts"]), lambda v, _: RichText(str(len(v["attempts"]))), right=True),
    Column(
        texts.STATE,
        7,
        lambda v: v["state"],
        lambda v, language: RichText(texts.CALLBACK_STATES[v["state"]].say(language)),
    ),
)
