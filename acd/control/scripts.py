"""The control API's request for scripts: what operators are shown with a call of each line (D9)."""

from dataclasses import dataclass
from typing import Final

from acd.control.access import Role
from acd.control.asked import EVERYBODY, Asked, Endpoint
from config.model import Config


@dataclass(frozen=True, slots=True)
class ScriptView:
    """The script of one line."""

    line: str
    script: str
    title: str
    text: str
    source: str | None
    """The section of the regulation, or the order, that it follows."""


@dataclass(frozen=True, slots=True)
class ScriptsView:
    """The scripts of all lines that the asker may see and that have one."""

    scripts: tuple[ScriptView, ...]


def show_scripts(config: Config, lines: tuple[str, ...] | None = None) -> tuple[ScriptView, ...]:
    """Return the scripts of these lines, or of all."""
    by_name = {script.name: script for script in config.scripts}
    return tuple(
        ScriptView(line.name, script.name, script.title, script.text.strip(), script.source)
        for line in config.lines
        if (lines is None or line.name in lines) and (script := by_name.get(line.script or "")) is not None
    )


async def _scripts(asked: Asked) -> ScriptsView:
    config, asker = asked.centre.config, asked.asker
    if asker.role is not Role.OPERATOR:
        return ScriptsView(show_scripts(config))
    operator = next((o for o in config.operators if o.number == asker.agent), None)
    return ScriptsView(show_scripts(config, () if operator is None else config.lines_of(operator)))


SCRIPTS: Final[tuple[Endpoint, ...]] = (
    Endpoint(
        "GET", "/v1/scripts", "What is said on each line; an operator sees his lines'", EVERYBODY, ScriptsView, _scripts
    ),
)
