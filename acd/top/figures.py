"""The lines of figures above and below the tables: health, the day's indicators against their norms, small curves."""

from collections.abc import Sequence
from typing import Any, Final

from rich.text import Text as RichText

from acd.texts import duration
from acd.top import texts
from acd.top.board import due_style, share_style, spark
from acd.top.feed import Seen
from metrics.reports.show import word
from metrics.reports.texts import Language

_HEALTH_STYLES: Final = {"ok": "bold green", "degraded": "bold yellow", "down": "bold white on red"}
_SHOWN_STATES: Final = ("ready", "ringing", "talking", "wrap_up", "paused", "unreachable")


def waiting(seen: Seen) -> int:
    """Return how many wait on all lines."""
    return sum(line["waiting"] for line in seen.status["lines"])


def in_norm(seen: Seen) -> float | None:
    """Return the share in norm today over all lines, each weighed by its calls; None before the first."""
    lines = [line for line in seen.status["lines"] if line["share_in_norm_today"] is not None]
    calls = sum(line["accepted_today"] for line in lines)
    if not calls:
        return None
    return float(sum(line["share_in_norm_today"] * line["accepted_today"] for line in lines) / calls)


def headline(seen: Seen, language: Language) -> RichText:
    """Return the first line: site, health, and how many operators do what."""
    health = seen.status["health"]
    told = RichText(f"{seen.status['site']}  ", style="bold", no_wrap=True, overflow="ellipsis")
    told.append(texts.LINK[health["status"]].say(language), style=_HEALTH_STYLES[health["status"]])
    for server in health["servers"]:
        if not server["up"]:
            told.append(" " + texts.SERVER_AWAY.say(language, server=server["server"]), style="bold red")
    if not health["database_up"]:
        told.append(" " + texts.DATABASE_AWAY.say(language), style="bold red")
    by_state = seen.status["agents_by_state"]
    counts = [f"{word(state, language)} {by_state[state]}" for state in _SHOWN_STATES if by_state.get(state)]
    return told.append("  " + ", ".join(counts), style="not bold")


def indicator_line(rows: Sequence[dict[str, Any]], language: Language) -> RichText:
    """Return today's indicators that are already known, each with its norm: `K1 93.4% ≥90%`."""
    told = RichText(no_wrap=True, overflow="ellipsis")
    for row in rows:
        value, norm = row["value"]["value"], row["norm"]
        if row["code"] is None or value is None:
            continue
        style = {True: "green", False: "bold red", None: ""}[row["verdict"]]
        told.append(f"{row['code']} ", style="bold").append(_number(row["value"], language), style=style)
        if norm is not None:
            told.append(f" {'≥' if norm['bound'] == 'at_least' else '≤'}{_number(norm, language)}", style="dim")
        told.append("  ")
    return told


def owed(seen: Seen, language: Language) -> RichText | None:
    """Return how many call-backs are owed and when the first of them is due; None when none is."""
    count, due_in_s = seen.status["callbacks_owed"], seen.status["callback_due_in_s"]
    if not count:
        return None
    told = RichText(texts.CALLBACKS_OWED.say(language, owed=count), style="bold", no_wrap=True, overflow="ellipsis")
    if due_in_s is None:
        return told
    text = texts.OVERDUE if due_in_s < 0 else texts.OLDEST_DUE
    when = text.say(language, due=duration(abs(due_in_s), language))
    return told.append("  ").append(when, style=due_style(due_in_s))


def curves(waited: Sequence[float], shares: Sequence[float], room: int, language: Language) -> RichText:
    """Return how many waited and the share in norm, second by second as long as the screen is open."""
    told = RichText(no_wrap=True, overflow="crop")
    first, second = texts.WAITING_SPARK.say(language), texts.NORM_SPARK.say(language)
    width = max(5, (room - len(first) - len(second) - 14) // 2)
    now = f"{waited[-1]:.0f}" if waited else "-"
    told.append(f"{first} ").append(spark(waited, width), style="yellow").append(f" {now}  ")
    share = shares[-1] if shares else None
    told.append(f"{second} ").append(spark(shares, width, 1.0), style=share_style(share, 0.0))
    return told.append(" -" if share is None else f" {share:.1%}")


def _number(figure: dict[str, Any], language: Language) -> str:
    value, unit = figure["value"], figure["unit"]
    if unit == "share":
        told = f"{value * 100:.1f}".removesuffix(".0") + "%"
    elif unit == "seconds":
        told = f"{value:.0f}" + (" с" if language == "ru" else " s")
    else:
        told = f"{value:g}"
    return told.replace(".", ",") if language == "ru" else told
