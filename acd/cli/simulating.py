"""`acd simulate`: the centre in virtual time, from its configuration and a scenario."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from acd.cli.exits import CommandFailed, ExitCode
from acd.cli.files import write_result
from acd.cli.help import tell
from acd.cli.progress import progress_bar
from acd.cli.session import Session
from acd.clock import wall_time
from acd.texts import Text

if TYPE_CHECKING:
    from acd.simulate.scenario import Scenario
    from acd.simulate.tally import Outcome
    from config.model import Config
    from metrics.reports.model import Report

HELP: Final = tell(
    "Run the centre in virtual time: what if. A scenario says who calls and who works; the rules are the real ones.",
    "Прогнать центр в виртуальном времени. Кто звонит и кто работает, говорит сценарий; правила — настоящие.",
)


class Format(StrEnum):
    """How a report is written: the names of `metrics.reports.render.Format`, and the charts alone."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"
    HTML = "html"
    PDF = "pdf"
    SVG = "svg"


ScenarioName = Annotated[
    str,
    typer.Argument(help=tell("A scenario's file, or a ready one by name.", "Файл сценария или имя готового.")),
]
ConfigPath = Annotated[
    Path | None, typer.Option("--config", "-c", help=tell("The site's configuration.", "Файл настройки площадки."))
]
Runs = Annotated[int, typer.Option(min=1, max=10_000, help=tell("How many runs.", "Сколько прогонов."))]
Seed = Annotated[
    int, typer.Option(help=tell("The same seed gives the same figures.", "С тем же числом — те же показатели."))
]
Processes = Annotated[
    int, typer.Option(min=0, max=1024, help=tell("Processes; 0: one per core.", "Процессов; 0 — по числу ядер."))
]
FormatOption = Annotated[Format, typer.Option("--format", help=tell("How to write it.", "Вид отчёта."))]
Output = Annotated[Path | None, typer.Option(help=tell("File to write to.", "Файл, куда писать."))]


def simulate(
    context: typer.Context,
    scenario: ScenarioName = "tyumen-day",
    *,
    config: ConfigPath = None,
    runs: Runs = 20,
    seed: Seed = 1,
    operators: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=5000,
            help=tell("So many operators all the time, instead of the shifts.", "Столько операторов всё время."),
        ),
    ] = None,
    processes: Processes = 0,
    records_from: Annotated[
        str | None,
        typer.Option(
            "--from",
            help=tell("Take the callers from the records from this day on.", "Взять звонящих из записей с этого дня."),
        ),
    ] = None,
    records_to: Annotated[
        str | None, typer.Option("--to", help=tell("Last day of the records.", "Последний день записей."))
    ] = None,
    listed: Annotated[
        bool, typer.Option("--list", help=tell("Show the ready scenarios.", "Показать готовые сценарии."))
    ] = False,
    format_: FormatOption = Format.TABLE,
    output: Output = None,
) -> None:
    """Run the scenario and report the figures with their bounds."""
    session: Session = context.obj
    # Imported here, for it takes a second: the reports' libraries and all.
    from acd.simulate import report, study  # noqa: PLC0415
    from acd.simulate.roster import span  # noqa: PLC0415
    from acd.simulate.scenario import load_scenario, ready_names  # noqa: PLC0415

    if listed:
        for name in ready_names():
            found = load_scenario(name)
            sys.stdout.write(f"{name}\t{(found.title_ru if session.language == 'ru' else found.title) or ''}\n")
        return
    settings = config_of(session, config)
    chosen = scenario_of(session, scenario)
    if records_from is not None:
        chosen = _with_recorded_callers(chosen, settings, records_from, records_to or records_from)
    begin = span(chosen, ZoneInfo(settings.site.time_zone))[0]
    numbers = None if operators is None else ((begin, operators),)
    wanted = study.Study(settings, chosen, seed, numbers)
    outcomes: list[Outcome] = []
    with (
        told(session),
        study.Workers(min(runs, processes or study.cores())) as workers,
        progress_bar(Console(stderr=True), session.say(_WORKING)) as progress,
    ):
        for outcome in study.replications(wanted, runs, workers):
            outcomes.append(outcome)
            progress(len(outcomes), runs)
    if not outcomes:
        raise KeyboardInterrupt
    made_at = now_at(settings)
    write(
        session,
        report.simulation_report(wanted, outcomes, wanted=runs, made_at=made_at, language=session.language),
        format_,
        output,
    )
    if len(outcomes) < runs:
        raise typer.Exit(ExitCode.INTERRUPTED)


def _with_recorded_callers(chosen: "Scenario", config: "Config", first: str, last: str) -> "Scenario":
    """Return the scenario with the callers of the records: volumes of the mean week, talks, patience, redials."""
    from acd.simulate.recorded import scenario_of as scenario_of_rows  # noqa: PLC0415 - see above
    from acd.simulate.sources import read_calls  # noqa: PLC0415
    from metrics.errors import RecordsUnusable, ReportError  # noqa: PLC0415
    from metrics.reports.periods import parse_period  # noqa: PLC0415

    try:
        period = parse_period(first, last, ZoneInfo(config.site.time_zone))
        rows = asyncio.run(read_calls(config, period))
    except ReportError as fault:
        raise CommandFailed(ExitCode.WRONG, _NO_PERIOD, reason=fault.reason) from fault
    except RecordsUnusable as fault:
        raise CommandFailed(ExitCode.DATABASE, _NO_RECORDS, reason=fault) from fault
    found = scenario_of_rows(rows, period, chosen.first_day, chosen.days)
    if found is None:
        raise CommandFailed(ExitCode.WRONG, _NO_CALLS)
    return chosen.model_copy(update={"traffic": found.traffic, "title": None, "title_ru": None})


def config_of(session: Session, path: Path | None) -> "Config":
    """Return the configuration named with the command, or else the session's."""
    return session.load() if path is None else Session(path, session.language).load()


def scenario_of(session: Session, name: str) -> "Scenario":
    """Return the scenario that was named.

    Raises:
        CommandFailed: It has mistakes, all of which are told.
    """
    from acd.simulate.scenario import load_scenario, ready_names  # noqa: PLC0415 - see above
    from config.errors import ConfigErrors  # noqa: PLC0415

    try:
        return load_scenario(name)
    except ConfigErrors as errors:
        known = ", ".join(ready_names())
        raise CommandFailed(
            ExitCode.WRONG, _SCENARIO_WRONG, _SCENARIO_ADVICE, told=errors.text(session.language), known=known
        ) from errors


@contextmanager
def told(session: Session, stopped: Text | None = None) -> Iterator[None]:
    """Tell in plain words what a simulation cannot do; an interruption ends it with what it has."""
    from acd.simulate.study import UnknownLine  # noqa: PLC0415 - see above

    try:
        yield
    except UnknownLine as fault:
        known = ", ".join(fault.known)
        raise CommandFailed(ExitCode.WRONG, _NO_LINE, line=fault.line, known=known) from fault
    except KeyboardInterrupt:
        Console(stderr=True).print(session.say(stopped or _STOPPED))


def now_at(config: "Config") -> datetime:
    """Return now, in the site's zone."""
    return datetime.fromtimestamp(wall_time(), ZoneInfo(config.site.time_zone))


def write(session: Session, made: "Report", format_: Format, output: Path | None) -> None:
    """Write the report to a file or standard output; on a terminal the table has colours.

    Raises:
        CommandFailed: It cannot be written there.
    """
    from acd import reporting  # noqa: PLC0415 - see above
    from acd.simulate.picture import as_svg  # noqa: PLC0415

    svg = format_ is Format.SVG
    binary = not svg and reporting.is_binary(format_.value)
    if output is None and binary and sys.stdout.isatty():
        raise CommandFailed(ExitCode.WRONG, _NEEDS_FILE, format=format_.value)
    if output is None and format_ is Format.TABLE and session.out.is_terminal:
        session.out.print(reporting.coloured(made, session.language))
        return
    render: Callable[[], bytes] = (
        (lambda: as_svg(made, session.language))
        if svg
        else (lambda: reporting.written(made, format_.value, session.language))
    )
    write_result(render(), output, binary=binary)


_WORKING: Final = Text("Simulation", "Моделирование")
_STOPPED: Final = Text("Stopped: what there is so far follows", "Остановлено: ниже то, что успели")
_SCENARIO_WRONG: Final = Text("The scenario cannot be used:\n{told}", "Сценарий непригоден:\n{told}")
_SCENARIO_ADVICE: Final = Text("Ready scenarios: {known}", "Готовые сценарии: {known}")
_NO_LINE: Final = Text(
    "The scenario names a line {line}; the configuration has: {known}",
    "Сценарий называет линию {line}; в настройке есть: {known}",
)
_NO_PERIOD: Final = Text("That is no period: {reason}", "Это не период: {reason}")
_NO_RECORDS: Final = Text("The records cannot be read: {reason}", "Записи прочесть нельзя: {reason}")
_NO_CALLS: Final = Text("There are no calls in that time", "За это время звонков нет")
_NEEDS_FILE: Final = Text("{format} needs a file: --output FILE", "Для {format} нужен файл: --output ФАЙЛ")
