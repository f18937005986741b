"""`acd run`, `acd reload` and `acd upgrade`: be the daemon, have it read its configuration again, or be succeeded."""

import contextlib
import os
import time
from pathlib import Path
from typing import Annotated, Final

import typer

from acd.cli.exits import CommandFailed, ExitCode
from acd.cli.help import tell
from acd.cli.session import Session
from acd.cli.status import JSON_HELP
from acd.control.errors import ControlError
from acd.logs import set_up_logs
from acd.texts import Text
from metrics.errors import MetricsError

FOR_US_ALONE: Final = 0o077
"""Database, spool, tape and seats hold callers' numbers: nobody else on the machine reads them, systemd or not."""

RUN_HELP: Final = tell(
    "Run the daemon in the foreground, as systemd does. The first signal drains, the second stops at once.",
    "Запустить службу на переднем плане, как это делает systemd. Первый сигнал завершает мягко, второй сразу.",
)
UPGRADE_HELP: Final = tell(
    "Have a new daemon, with the code and configuration of now, take over from the running one; no call is touched.",
    "Передать работу новой службе с нынешними кодом и настройкой; идущие вызовы это не затронет.",
)
RELOAD_HELP: Final = tell(
    "Have the running daemon read its configuration again; calls under way are not touched.",
    "Велеть работающей службе перечитать настройку; идущие вызовы это не затронет.",
)


def run(
    context: typer.Context,
    *,
    log_level: Annotated[
        str,
        typer.Option(help=tell("The least to log: debug, info, warning, error.", "Что писать в журнал: debug, info…")),
    ] = "info",
    drain_s: Annotated[
        float,
        typer.Option(
            min=0,
            help=tell(
                "How long ringing telephones may settle after the first signal, s.", "Срок мягкого завершения, с."
            ),
        ),
    ] = 10.0,
    record: Annotated[
        Path | None,
        typer.Option(
            help=tell(
                "Write a tape of all that goes into the engine, for `acd replay`. It holds callers' numbers.",
                "Писать ленту всего, что входит в ядро, для `acd replay`. В ней номера абонентов.",
            ),
        ),
    ] = None,
    journal: Annotated[
        Path | None,
        typer.Option(
            help=tell(
                "Settings of the journal of appeals, to serve it and the operators' desk.",
                "Файл настроек журнала обращений: вести его и показывать рабочее место оператора.",
            ),
        ),
    ] = None,
) -> None:
    """Load the configuration and live until a signal."""
    session: Session = context.obj
    config = session.load()
    if log_level.lower() not in LEVELS:
        raise CommandFailed(ExitCode.WRONG, _LEVEL, level=log_level, levels=", ".join(LEVELS))
    set_up_logs(level=log_level)
    os.umask(FOR_US_ALONE)
    # Imported here: the daemon with all its parts takes a second to import, and `acd status` is asked often.
    import uvloop  # noqa: PLC0415

    from acd.app import DaemonOptions, run_daemon  # noqa: PLC0415

    try:
        status = uvloop.run(run_daemon(config, DaemonOptions(session.config_path, drain_s, record, journal)))
    except* (ControlError, MetricsError, OSError) as faults:
        reason = "; ".join(_leaves(faults))
        raise CommandFailed(ExitCode.WRONG, _NOT_STARTED, _NOT_STARTED_ADVICE, reason=reason) from faults
    raise typer.Exit(status)


def _leaves(faults: BaseExceptionGroup[BaseException]) -> list[str]:
    told: list[str] = []
    for fault in faults.exceptions:
        told += _leaves(fault) if isinstance(fault, BaseExceptionGroup) else [str(fault)]
    return told


def reload(context: typer.Context, *, json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False) -> None:
    """Ask the daemon to read its configuration again and tell what came of it."""
    session: Session = context.obj
    told = session.daemon().post("/v1/reload")
    if json:
        session.print_json(told)
    elif told["reloaded"]:
        session.print_line(session.say(_RELOADED))
    else:
        raise CommandFailed(ExitCode.WRONG, _NOT_RELOADED, told="\n".join(told["errors"]))
    if not told["reloaded"]:
        raise typer.Exit(ExitCode.WRONG)


def upgrade(context: typer.Context, *, json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False) -> None:
    """Have a new daemon take over, and wait until it has."""
    session: Session = context.obj
    successor = session.daemon().post("/v1/upgrade", timeout_s=UPGRADE_LIMIT_S)["successor"]
    give_up_at = time.monotonic() + UPGRADE_LIMIT_S
    while time.monotonic() < give_up_at:
        with contextlib.suppress(ControlError, CommandFailed):
            # The new daemon may have made a token of its own: it is read again.
            health = session.daemon().get("/v1/health")
            if health["process"] == successor and health["status"] == "ok":
                break
        time.sleep(0.05)
    else:
        raise CommandFailed(ExitCode.WRONG, _NOT_TAKEN_OVER, process=successor)
    if json:
        session.print_json(health)
    else:
        still_ms = round(1000 * (health["stood_still_s"] or 0.0))
        session.print_line(session.say(_TAKEN_OVER, process=successor, milliseconds=still_ms))


UPGRADE_LIMIT_S: Final = 70.0
"""The daemon gives its successor a minute to load."""
LEVELS: Final = ("debug", "info", "warning", "error")
_LEVEL: Final = Text("No log level {level}: one of {levels}", "Нет уровня {level}: допустимы {levels}")
_NOT_STARTED: Final = Text("The daemon cannot start: {reason}", "Служба не может запуститься: {reason}")
_NOT_STARTED_ADVICE: Final = Text("`acd check` says more", "Подробнее расскажет `acd check`")
_TAKEN_OVER: Final = Text(
    "The new daemon (process {process}) has taken over; nobody was rung for {milliseconds} ms.",
    "Новая служба (процесс {process}) приняла работу; вызовы не распределялись {milliseconds} мс.",
)
_NOT_TAKEN_OVER: Final = Text(
    "The new daemon (process {process}) was to take over and is not in order: see its log",
    "Новая служба (процесс {process}) должна была принять работу, но не в порядке: смотрите её журнал",
)
_RELOADED: Final = Text("The configuration is in force.", "Настройка вступила в силу.")
_NOT_RELOADED: Final = Text(
    "The daemon goes on with the former configuration, for the new one has mistakes:\n{told}",
    "Служба работает с прежней настройкой: в новой есть ошибки:\n{told}",
)
