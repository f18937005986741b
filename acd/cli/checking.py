"""`acd check`: the doctor at the keyboard."""

import asyncio
from typing import Annotated, Final

import typer
from rich.markup import escape

from acd.cli.exits import ExitCode
from acd.cli.help import tell
from acd.cli.session import Session
from acd.cli.status import JSON_HELP
from acd.doctor.examine import worst
from acd.doctor.finding import Finding, Severity
from acd.texts import Text

HELP: Final = tell(
    "Look the installation over and tell what is wrong. Exit code 0: all well, 1: warnings, 2: errors.",
    "Проверить установку и сказать, что не так. Код завершения 0: всё хорошо, 1: замечания, 2: ошибки.",
)


def check(
    context: typer.Context,
    *,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help=tell("Also what is well.", "Показать и то, что в порядке."))
    ] = False,
    only: Annotated[
        str | None,
        typer.Option(
            help=tell(
                "Only checks whose name begins so: configuration, ami…",
                "Только проверки с таким началом имени: configuration, ami…",
            )
        ),
    ] = None,
) -> None:
    """Run every check, print each finding as it comes, and end with the code of the worst."""
    session: Session = context.obj
    findings = asyncio.run(_examine(session, json=json, verbose=verbose, only=only))
    if json:
        session.print_json([_as_json(found, session) for found in findings])
    else:
        session.print_line(session.say(_SUMMARY, **_counts(findings)))
    raise typer.Exit(_EXIT[worst(findings)])


async def _examine(session: Session, *, json: bool, verbose: bool, only: str | None) -> list[Finding]:
    # Imported here, for it takes a second: the database's libraries and all.
    from acd.doctor.plan import check_installation  # noqa: PLC0415

    findings = []
    async for found in check_installation(session.config_path, only):
        findings.append(found)
        if not json and (verbose or found.severity in {Severity.WARNING, Severity.ERROR}):
            session.print_line(f"{_MARKS[found.severity]} {escape(found.said(session.language))}")
            if advice := found.advised(session.language):
                session.print_line(f"    {escape(advice)}")
    return findings


def _as_json(found: Finding, session: Session) -> dict[str, str]:
    return {
        "check": found.check,
        "severity": found.severity.value,
        "subject": found.subject,
        "text": found.said(session.language),
        "advice": found.advised(session.language),
    }


def _counts(findings: list[Finding]) -> dict[str, int]:
    return {severity.value: sum(found.severity is severity for found in findings) for severity in Severity}


_MARKS: Final = {
    Severity.OK: "[green]+[/]",
    Severity.SKIPPED: "[dim]-[/]",
    Severity.WARNING: "[yellow]![/]",
    Severity.ERROR: "[red]X[/]",
}
_EXIT: Final = {
    Severity.OK: ExitCode.OK,
    Severity.SKIPPED: ExitCode.OK,
    Severity.WARNING: ExitCode.DIFFERENT,
    Severity.ERROR: ExitCode.WRONG,
}
_SUMMARY: Final = Text(
    "Errors: {error}, warnings: {warning}, well: {ok}, not looked at: {skipped}",
    "Ошибок: {error}, замечаний: {warning}, в порядке: {ok}, не проверено: {skipped}",
)
