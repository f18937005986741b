"""Where a command's result goes: a file or the standard output. One wording for a file that cannot be written."""

import sys
from pathlib import Path
from typing import Final

from acd.cli.exits import CommandFailed, ExitCode
from acd.texts import Text


def unwritable(path: Path | str, fault: OSError) -> CommandFailed:
    """Return the failure that tells that this cannot be written, and why."""
    return CommandFailed(ExitCode.WRONG, _UNWRITABLE, path=path, reason=fault.strerror or fault)


def write_result(content: bytes, output: Path | None, *, binary: bool = True) -> None:
    """Write what was made to a file, or where none is named to the standard output, text with a line's end.

    Raises:
        CommandFailed: The file cannot be written.
    """
    if output is None:
        sys.stdout.buffer.write(content if binary or content.endswith(b"\n") else content + b"\n")
        sys.stdout.buffer.flush()
        return
    try:
        output.write_bytes(content)
    except OSError as fault:
        raise unwritable(output, fault) from fault


_UNWRITABLE: Final = Text("{path} cannot be written: {reason}", "{path}: запись невозможна: {reason}")
