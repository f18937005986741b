"""`acd plan staffing`: how many operators each quarter of an hour needs."""

from typing import Annotated, Final

import typer
from rich.console import Console

from acd.cli.exits import ExitCode
from acd.cli.help import tell
from acd.cli.progress import progress_bar
from acd.cli.session import Session
from acd.cli.simulating import (
    ConfigPath,
    Format,
    FormatOption,
    Output,
    Processes,
    ScenarioName,
    Seed,
    config_of,
    now_at,
    scenario_of,
    told,
    write,
)
from acd.texts import Text

plan = typer.Typer(help=tell("Plan ahead.", "Спланировать заранее."), no_args_is_help=True)


@plan.command(
    help=tell(
        "The fewest operators by quarter of an hour that keep the norms; Erlang A and C beside them.",
        "Наименьшее число операторов по четвертям часа, при котором нормативы выполняются; рядом Эрланг A и C.",
    )
)
def staffing(
    context: typer.Context,
    scenario: ScenarioName = "tyumen-day",
    *,
    config: ConfigPath = None,
    confidence: Annotated[
        float,
        typer.Option(
            min=0.5, max=0.999, help=tell("How certain each norm is kept.", "С каким доверием выполняется норматив.")
        ),
    ] = 0.9,
    runs: Annotated[
        int,
        typer.Option(
            min=10,
            max=10_000,
            help=tell(
                "How many runs of each trial; few calls a quarter need more of them.",
                "Прогонов в каждой пробе; чем меньше звонков в четверти часа, тем больше их нужно.",
            ),
        ),
    ] = 20,
    seed: Seed = 1,
    processes: Processes = 0,
    format_: FormatOption = Format.TABLE,
    output: Output = None,
) -> None:
    """Search the plan, confirm it over other callers, and report it."""
    session: Session = context.obj
    # Imported here, for it takes a second: the reports' libraries and all.
    from acd.simulate import staffing as search  # noqa: PLC0415
    from acd.simulate.staffing_report import staffing_report  # noqa: PLC0415
    from acd.simulate.study import Study, Workers, cores  # noqa: PLC0415

    chosen, settings = scenario_of(session, scenario), config_of(session, config)
    made = None
    with (
        told(session, _NOTHING),
        Workers(min(runs, processes or cores())) as workers,
        progress_bar(Console(stderr=True), session.say(_WORKING)) as progress,
    ):
        asked = search.Search(Study(settings, chosen, seed), runs, confidence, workers)
        planned, confirmed = search.plan(asked, progress)
        made = staffing_report(asked, planned, confirmed, made_at=now_at(settings))
    if made is None:
        raise typer.Exit(ExitCode.INTERRUPTED)
    write(session, made, format_, output)


_WORKING: Final = Text("Staffing", "Численность")
_NOTHING: Final = Text("Stopped: there is no plan yet", "Остановлено: плана ещё нет")
