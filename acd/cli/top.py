"""`acd top`: the live screen; once as plain tables or as JSON for scripts."""

from typing import Annotated, Final

import typer

from acd.cli.exits import CommandFailed, ExitCode
from acd.cli.help import tell
from acd.cli.session import Session
from acd.cli.status import JSON_HELP
from acd.control.client import ControlClient
from acd.texts import Text
from acd.top.board import (
    AGENTS,
    CALLBACKS,
    CALLS,
    LINES,
    Column,
    Order,
    Values,
    call_rows_of,
    callback_rows_of,
    heads,
    rows,
)
from acd.top.feed import indicators, look
from acd.top.figures import headline, indicator_line, owed

HELP: Final = tell(
    "Watch lines, operators and calls live, and act as a supervisor.",
    "Смотреть линии, операторов и вызовы вживую и управлять ими.",
)


def top(
    context: typer.Context,
    *,
    once: Annotated[
        bool, typer.Option("--once", help=tell("Print it once and go.", "Напечатать один раз и выйти."))
    ] = False,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Show the screen, or what stands on it."""
    session: Session = context.obj
    client = session.daemon()
    if json:
        seen, figures = look(client), indicators(client)
        told = {"status": seen.status, "agents": seen.agents, "calls": seen.calls, "callbacks": seen.callbacks}
        session.print_json(told | {"indicators": figures.rows})
    elif once:
        _print(session, client)
    elif not session.out.is_terminal:
        raise CommandFailed(ExitCode.WRONG, _NO_TERMINAL)
    else:
        from acd.top.screen import TopApp  # noqa: PLC0415 - every command, the daemon's start too, would wait for it

        TopApp(client, session.language).run()


def _print(session: Session, client: ControlClient) -> None:
    seen, language = look(client), session.language
    session.out.print(headline(seen, language), soft_wrap=True)
    tables: tuple[tuple[tuple[Column, ...], str, list[Values]], ...] = (
        (LINES, "line", seen.status["lines"]),
        (AGENTS, "agent", seen.agents),
        (CALLS, "call", call_rows_of(seen)),
        *(((CALLBACKS, "request", callback_rows_of(seen)),) if seen.callbacks else ()),
    )
    if (due := owed(seen, language)) is not None:
        session.out.print(due, soft_wrap=True)
    for columns, key, things in tables:
        shown = rows(things, columns, key, Order(), "", language)
        session.print_table(heads(columns, Order(), language), [list(row.cells) for row in shown])
    session.out.print(indicator_line(indicators(client).rows, language), soft_wrap=True)


_NO_TERMINAL: Final = Text(
    "`acd top` needs a terminal; for scripts there are --once and --json",
    "Для `acd top` нужен терминал; для сценариев есть --once и --json",
)
