"""`acd prompts`: texts spoken into files, and what is missing."""

from typing import Annotated, Final

import typer

from acd.cli.exits import CommandFailed, ExitCode
from acd.cli.help import tell
from acd.cli.session import Session
from acd.cli.status import JSON_HELP
from acd.prompts.build import PromptFile, PromptState, VoiceFailed, build, look
from acd.texts import Text

HELP: Final = tell("Speak the site's texts into sound files.", "Озвучить тексты площадки в звуковые файлы.")
_Json = Annotated[bool, typer.Option("--json", help=JSON_HELP)]

prompts = typer.Typer(help=HELP, no_args_is_help=True)


@prompts.command(
    "check",
    help=tell(
        "How each stands. Exit code 1 if one is missing or out of date.",
        "Состояние каждого. Код завершения 1, если какого-то нет или он устарел.",
    ),
)
def check(context: typer.Context, *, json: _Json = False) -> None:
    """Print every prompt with its state."""
    session: Session = context.obj
    found = look(session.load())
    if json:
        session.print_json([_row_json(prompt) for prompt in found])
    else:
        head = [session.say(text) for text in _HEAD]
        session.print_table(head, [[p.name, session.say(_STATES[p.state]), p.text, str(p.path)] for p in found])
    if any(prompt.state in {PromptState.MISSING, PromptState.OUTDATED} for prompt in found):
        raise typer.Exit(ExitCode.DIFFERENT)


@prompts.command(
    "build",
    help=tell(
        "Make what is missing or out of date; recordings of your own are left alone.",
        "Озвучить то, чего нет или что устарело; ваши собственные записи не трогаются.",
    ),
)
def build_(context: typer.Context) -> None:
    """Make the files."""
    session: Session = context.obj
    config = session.load()
    made = 0
    try:
        for prompt in build(config):
            made += 1
            session.print_line(f"{prompt.path}")
    except VoiceFailed as error:
        raise CommandFailed(ExitCode.WRONG, _VOICE, _VOICE_ADVICE, reason=str(error)) from error
    except OSError as error:
        raise CommandFailed(ExitCode.WRONG, _FOLDER, path=config.voice.directory, reason=error.strerror) from error
    session.print_line(session.say(_MADE, count=made))
    lacking = [prompt.name for prompt in look(config) if prompt.state is PromptState.MISSING]
    if lacking:
        raise CommandFailed(ExitCode.DIFFERENT, _LACKING, names=", ".join(lacking))


def _row_json(prompt: PromptFile) -> dict[str, str]:
    return {"name": prompt.name, "state": prompt.state.value, "text": prompt.text, "path": str(prompt.path)}


_HEAD: Final = (Text("Name", "Имя"), Text("State", "Состояние"), Text("Text", "Текст"), Text("File", "Файл"))
_STATES: Final = {
    PromptState.MADE: Text("made", "озвучен"),
    PromptState.RECORDED: Text("recorded", "своя запись"),
    PromptState.OUTDATED: Text("out of date", "устарел"),
    PromptState.MISSING: Text("missing", "нет файла"),
}
_MADE: Final = Text("Made: {count}", "Озвучено: {count}")
_VOICE: Final = Text("The voice failed: {reason}", "Озвучить не удалось: {reason}")
_VOICE_ADVICE: Final = Text(
    "Install espeak-ng, or name another program in [voice] command",
    "Установите espeak-ng или укажите другую программу в [voice] command",
)
_FOLDER: Final = Text("{path} cannot be written: {reason}", "Нельзя писать в {path}: {reason}")
_LACKING: Final = Text(
    "These have no text and must be recorded: {names}", "У этих звуков нет текста, их надо записать: {names}"
)
