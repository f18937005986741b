"""`acd status`: the lines and the health of the running daemon at a glance."""

from typing import Annotated, Any, Final

import typer
from rich.markup import escape
from rich.text import Text as RichText

from acd.cli.help import tell
from acd.cli.session import Cell, Session
from acd.texts import Text, duration
from metrics.reports.show import word

HELP: Final = tell(
    "Show the lines, who waits and for how long, and how the daemon is doing.",
    "Показать линии, кто и сколько ждёт, и состояние службы.",
)
JSON_HELP: Final = tell("Write JSON.", "Вывести JSON.")


def status(context: typer.Context, *, json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False) -> None:
    """Ask the daemon and print."""
    session: Session = context.obj
    told = session.daemon().get("/v1/status")
    if json:
        session.print_json(told)
        return
    session.print_table(
        [session.say(text) for text in _HEAD], [_row(line, session) for line in told["lines"]], title=told["site"]
    )
    session.print_line(_operators(told["agents_by_state"], session))
    if told["callbacks_owed"]:
        session.print_line(owed_line(told["callbacks_owed"], told["callback_due_in_s"], session))
    for line in _health(told["health"], session):
        session.print_line(line)


def owed_line(owed: int, oldest_due_in_s: float | None, session: Session) -> str:
    """Return how many call-backs are owed and when the first attempt of the oldest is due."""
    if oldest_due_in_s is None:
        return session.say(_OWED, owed=owed)
    text = _OWED_LATE if oldest_due_in_s < 0 else _OWED_DUE
    return session.say(text, owed=owed, seconds=f"{abs(oldest_due_in_s):.0f}")


def _row(line: dict[str, Any], session: Session) -> list[Cell]:
    longest_s, target_s, max_s = line["longest_wait_s"], line["target_wait_s"], line["max_wait_s"]
    longest = RichText(duration(longest_s, session.language) if line["waiting"] else "-")
    if max_s is not None and longest_s > max_s:
        longest.stylize("red")
    elif target_s is not None and longest_s > target_s:
        longest.stylize("yellow")
    return [
        line["title"],
        str(line["waiting"]),
        longest,
        str(line["ringing"]),
        str(line["talking"]),
        f"{line['operators_ready']}/{line['operators_logged_in']}",
        str(line["accepted_today"]),
        str(line["answered_today"]),
        str(line["abandoned_today"]),
        _share(line["share_in_norm_today"], line["norm_share"]),
    ]


def _share(share: float | None, norm: float | None) -> Cell:
    if share is None:
        return "-"
    if norm is None:
        return f"{share:.1%}"
    return RichText(f"{share:.1%} (≥ {norm:.0%})", style="green" if share >= norm else "red")


def _operators(by_state: dict[str, int], session: Session) -> str:
    states = ", ".join(
        f"{word(state, session.language).lower()} {count}" for state, count in sorted(by_state.items()) if count
    )
    return session.say(_OPERATORS, states=states or "-")


def _health(health: dict[str, Any], session: Session) -> list[str]:
    up = duration(health["up_s"], session.language)
    lines = [session.say(_DAEMON, state=session.say(_STATES[health["status"]]), version=health["version"], up=up)]
    if health["draining"]:
        lines.append(session.say(_DRAINING))
    for server in health["servers"]:
        text = _SERVER_UP if server["up"] else _SERVER_DOWN
        values = {name: escape(str(value)) for name, value in server.items()}
        values["for"] = duration(server["for_s"], session.language)
        lines.append(session.say(text, **values))
    if not health["agi_listening"]:
        lines.append(session.say(_NO_AGI))
    if not health["database_up"]:
        lines.append(session.say(_NO_DATABASE, kilobytes=health["spooled_bytes"] // 1024))
    if health["facts_held"] or health["facts_lost"]:
        lines.append(session.say(_NO_DISK, held=health["facts_held"], lost=health["facts_lost"]))
    if health["facts_set_aside"]:
        lines.append(session.say(_SET_ASIDE, count=health["facts_set_aside"]))
    if health["records_error"]:
        lines.append(session.say(_RECORDS_ERROR, reason=escape(health["records_error"])))
    return lines


_OWED: Final = Text("Owed: {owed}", "Надо перезвонить: {owed}")
_OWED_DUE: Final = Text(
    "Owed: {owed}, oldest due in {seconds} s", "Надо перезвонить: {owed}, ближайший через {seconds} с"
)
_OWED_LATE: Final = Text(
    "Owed: {owed}, [red]oldest late by {seconds} s[/]", "Надо перезвонить: {owed}, [red]опоздание {seconds} с[/]"
)
_HEAD: Final = (
    Text("Line", "Линия"),
    Text("Waiting", "Ждут"),
    Text("Longest", "Макс."),
    Text("Ringing", "Звонят"),
    Text("Talking", "Говорят"),
    Text("Ready", "Готовы"),
    Text("Accept.", "Принято"),
    Text("Answ.", "Ответ."),
    Text("Lost", "Потер."),
    Text("In norm", "В норме"),
)
_OPERATORS: Final = Text("Operators: {states}", "Операторы: {states}")
_STATES: Final = {
    "ok": Text("[green]all well[/]", "[green]всё в порядке[/]"),
    "degraded": Text("[yellow]calls go on, but not all is well[/]", "[yellow]вызовы идут, но не всё в порядке[/]"),
    "down": Text("[red]no calls are taken up[/]", "[red]вызовы не принимаются[/]"),
}
_DAEMON: Final = Text("Daemon {version}: {state}, up {up}", "Служба {version}: {state}, работает {up}")
_DRAINING: Final = Text("The daemon is stopping: no new calls are taken up", "Служба останавливается: новых не берёт")
_SERVER_UP: Final = Text(
    "Asterisk {server}: connected for {for} {version}", "Asterisk {server}: на связи {for} {version}"
)
_SERVER_DOWN: Final = Text(
    "Asterisk {server}: [red]no link[/] for {for}: {reason}", "Asterisk {server}: [red]нет связи[/] {for}: {reason}"
)
_NO_AGI: Final = Text("FastAGI: [red]not listening[/]", "FastAGI: [red]не слушает[/]")
_NO_DISK: Final = Text(
    "Disk: [red]records cannot be written[/]; {held} wait in memory, {lost} are lost",
    "Диск: [red]записи сохранить нельзя[/]; в памяти ждут {held}, потеряно {lost}",
)
_SET_ASIDE: Final = Text(
    "Records: [yellow]{count} refused by the database[/] are kept in rejected.spool",
    "Записи: [yellow]{count} база данных не приняла[/], они лежат в rejected.spool",
)
_RECORDS_ERROR: Final = Text("Records: {reason}", "Записи: {reason}")
_NO_DATABASE: Final = Text(
    "Database: [red]away[/]; {kilobytes} KB of records wait in the spool file",
    "База данных: [red]недоступна[/]; в файле-накопителе ждут {kilobytes} КБ записей",
)
