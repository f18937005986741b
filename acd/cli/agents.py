"""`acd agents`: the operators, and what a supervisor may ask of one: log in, log out, pause, resume, end wrap-up."""

from typing import Annotated, Any, Final
from urllib.parse import quote

import typer
from rich.markup import escape

from acd.cli.help import tell
from acd.cli.session import Session
from acd.cli.status import JSON_HELP
from acd.texts import Text, duration
from metrics.reports.show import word

HELP: Final = tell("Show the operators, or change one's state.", "Показать операторов или изменить состояние одного.")
_Agent = Annotated[str, typer.Argument(help=tell("The operator's number.", "Номер оператора."))]
_Json = Annotated[bool, typer.Option("--json", help=JSON_HELP)]

agents = typer.Typer(help=HELP, invoke_without_command=True)


@agents.callback()
def show(
    context: typer.Context,
    *,
    state: Annotated[
        str | None,
        typer.Option(help=tell("Only those in this state: ready, paused…", "Только в состоянии: ready, paused…")),
    ] = None,
    json: _Json = False,
) -> None:
    """Print the table of operators when no action is named."""
    if context.invoked_subcommand is not None:
        return
    session: Session = context.obj
    told = session.daemon().get("/v1/agents")
    shown = [agent for agent in told["agents"] if state is None or agent["state"] == state]
    if json:
        session.print_json({"at": told["at"], "agents": shown})
        return
    session.print_table([session.say(text) for text in _HEAD], [_row(agent, session) for agent in shown])


@agents.command(help=tell("Log an operator in at his own telephone.", "Впустить оператора на его телефоне."))
def login(context: typer.Context, agent: _Agent, *, json: _Json = False) -> None:
    """Ask the daemon to log the operator in."""
    _ask(context.obj, agent, "login", {}, json=json)


@agents.command(
    help=tell("Log an operator out; during a call, after it.", "Вывести оператора; во время разговора — после него.")
)
def logout(
    context: typer.Context,
    agent: _Agent,
    *,
    reason: Annotated[str, typer.Option(help=tell("Why, for the records.", "Причина, для записей."))] = "",
    json: _Json = False,
) -> None:
    """Ask the daemon to log the operator out."""
    _ask(context.obj, agent, "logout", {"reason": reason}, json=json)


@agents.command(
    help=tell("Pause an operator; during a call, after it.", "Перевести на перерыв; во время разговора — после него.")
)
def pause(
    context: typer.Context,
    agent: _Agent,
    *,
    reason: Annotated[str, typer.Option(help=tell("Why, for the records.", "Причина, для записей."))],
    minutes: Annotated[
        float | None,
        typer.Option(
            min=0.1, help=tell("The pause ends by itself after so long.", "Через столько перерыв закончится сам.")
        ),
    ] = None,
    json: _Json = False,
) -> None:
    """Ask the daemon to pause the operator."""
    limit = {} if minutes is None else {"limit_s": minutes * 60}
    _ask(context.obj, agent, "pause", {"reason": reason, **limit}, json=json)


@agents.command(help=tell("End a pause.", "Закончить перерыв."))
def resume(context: typer.Context, agent: _Agent, *, json: _Json = False) -> None:
    """Ask the daemon to end the operator's pause."""
    _ask(context.obj, agent, "resume", {}, json=json)


@agents.command("end-wrap-up", help=tell("End the work after a call.", "Закончить время обработки после разговора."))
def end_wrap_up(context: typer.Context, agent: _Agent, *, json: _Json = False) -> None:
    """Ask the daemon to end the operator's wrap-up."""
    _ask(context.obj, agent, "end-wrap-up", {}, json=json)


@agents.command(
    "questioning-over",
    help=tell(
        "Mark that in the operator's talk questioning is over and advising begins.",
        "Отметить, что в разговоре оператора опрос закончен и началась консультация.",
    ),
)
def questioning_over(context: typer.Context, agent: _Agent, *, json: _Json = False) -> None:
    """Ask the daemon to set the mark."""
    _ask(context.obj, agent, "questioning-over", {}, json=json)


def _ask(session: Session, agent: str, action: str, body: dict[str, object], *, json: bool) -> None:
    told = session.daemon().post(f"/v1/agents/{quote(agent, safe='')}/{action}", body)
    if json:
        session.print_json(told)
        return
    state = word(told["state"], session.language)
    reason = f" ({why})" if (why := _reason(told)) else ""
    session.print_line(escape(f"{told['name']}: {state}{reason}"))
    if told["call"] is not None and action in {"logout", "pause"}:
        session.print_line(session.say(_AFTER))


def _reason(agent: dict[str, Any]) -> str:
    """Return why an operator is not at work; the reasons of other states are the engine's own words."""
    return str(agent["reason"]) if agent["state"] in {"paused", "logged_out"} else ""


def _row(agent: dict[str, Any], session: Session) -> list[str]:
    return [
        agent["agent"],
        agent["name"],
        word(agent["state"], session.language),
        duration(agent["for_s"], session.language),
        _reason(agent),
        agent["telephone"] or "-",
        agent["caller"] or "",
        " ".join(agent["lines"]),
    ]


_HEAD: Final = (
    Text("No.", "№"),
    Text("Operator", "Оператор"),
    Text("State", "Состояние"),
    Text("For", "Сколько"),
    Text("Reason", "Причина"),
    Text("Telephone", "Телефон"),
    Text("Caller", "Абонент"),
    Text("Lines", "Линии"),
)
_AFTER: Final = Text("It will be done after the call.", "Будет сделано после разговора.")
