"""How a command ends: the exit codes, and the one kind of error that is shown to the person at the keyboard.

- 0: done; for `check`: all well
- 1: `check`: warnings only; `asterisk-conf --diff`: the files differ; `demo`: a call is unaccounted for
- 2: the command was not understood, the configuration is wrong, or `check` found errors
- 3: the daemon cannot be reached
- 4: the daemon refused: no right, no such operator
- 5: the database cannot be used
- 130: interrupted at the keyboard

A daemon that was started ends with a code of its own: see `acd.app.Exit`.
"""

from enum import IntEnum

from acd.texts import Text


class ExitCode(IntEnum):
    """Exit codes of every command."""

    OK = 0
    DIFFERENT = 1
    WRONG = 2
    DAEMON_AWAY = 3
    REFUSED = 4
    DATABASE = 5
    INTERRUPTED = 130


class CommandFailed(Exception):
    """A command cannot do what was asked. Carries what is said, and what to do about it, in both languages."""

    def __init__(self, code: ExitCode, text: Text, advice: Text | None = None, **values: object) -> None:
        super().__init__(code, text.en, values)
        self.code = code
        self.text = text
        self.advice = advice
        self.values = values

    def __str__(self) -> str:
        return self.text.en.format(**self.values)
