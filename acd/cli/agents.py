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

_Telephone = Annotated[
    str | None,
    typer.Option(
        help=tell(
            "The supervisor's telephone; needed where there are several.",
            "Телефон старшего; нужен, если их несколько.",
        )
    ),
]

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


@agents.command(
    help=tell(
        "Log an operator in at his own telephone, or at another.", "Впустить оператора на его или другом телефоне."
    )
)
def login(
    context: typer.Context,
    agent: _Agent,
    *,
    telephone: Annotated[
        str | None, typer.Option(help=tell("Where he sits now: op102.", "Где он сидит сейчас: op102."))
    ] = None,
    json: _Json = False,
) -> None:
    """Ask the daemon to log the operator in."""
    _ask(context.obj, agent, "login", {} if telephone is None else {"telephone": telephone}, json=json)


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


@agents.command(help=tell("Listen to the operator's talk on a telephone.", "Слушать разговор оператора по телефону."))
def listen(context: typer.Context, agent: _Agent, *, telephone: _Telephone = None, json: _Json = False) -> None:
    """Ask the daemon to ring a supervisor's telephone, which then hears both."""
    _supervise(context.obj, agent, "listen", telephone, json=json)


@agents.command(
    help=tell("Speak to the operator; the caller does not hear it.", "Подсказывать оператору; абонент не слышит.")
)
def whisper(context: typer.Context, agent: _Agent, *, telephone: _Telephone = None, json: _Json = False) -> None:
    """Ask the daemon to ring a supervisor's telephone, which the operator then hears."""
    _supervise(context.obj, agent, "whisper", telephone, json=json)


@agents.command(help=tell("Join the operator's talk; both hear it.", "Вступить в разговор оператора; слышат оба."))
def join(context: typer.Context, agent: _Agent, *, telephone: _Telephone = None, json: _Json = False) -> None:
    """Ask the daemon to ring a supervisor's telephone, which both then hear."""
    _supervise(context.obj, agent, "join", telephone, json=json)


@agents.command(
    help=tell("Take the operator's caller over; his talk ends.", "Забрать абонента у оператора; его разговор кончится.")
)
def take(context: typer.Context, agent: _Agent, *, telephone: _Telephone = None, json: _Json = False) -> None:
    """Ask the daemon to ring a supervisor's telephone and bring the caller to it."""
    _supervise(context.obj, agent, "take", telephone, json=json)


def _supervise(session: Session, agent: str, mode: str, telephone: str | None, *, json: bool) -> None:
    body = {"mode": mode} if telephone is None else {"mode": mode, "telephone": telephone}
    told = session.daemon().post(f"/v1/agents/{quote(agent, safe='')}/supervise", body)
    if json:
        session.print_json(told)
        return
    text = _IN_TALK if told["picked_up"] else _PICK_UP
    session.print_line(session.say(text, telephone=escape(told["telephone"])))


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
_PICK_UP: Final = Text("{telephone} rings: pick it up.", "{telephone} звонит: снимите трубку.")
_IN_TALK: Final = Text("{telephone} is in the talk.", "{telephone} в разговоре.")
