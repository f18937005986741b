"""A tape of everything that went into the engine, and the engine run again from it.

One JSON line per entry: `{"now": ..., "take": "CallArrived", "of": {...}}`, a tick without `take`; the first line names
the first offer. The engine is pure, so the same tape gives the same facts, byte for byte: that is how a bug from the
field becomes a test. A tape holds callers' numbers: it is written with mode 0600 and is to be kept like the records.
"""

import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, get_args

import orjson
from pydantic import TypeAdapter, ValidationError

from metrics.records.codec import encode
from queue_engine.engine import QueueEngine, Step
from queue_engine.ids import Instant
from queue_engine.inputs import Input

FORMAT: Final = 1

_ADAPTERS: Final[dict[str, TypeAdapter[Any]]] = {kind.__name__: TypeAdapter(kind) for kind in get_args(Input)}


class TapeUnreadable(Exception):
    """A tape that is none, or of another version."""

    def __init__(self, path: Path, line: int, reason: str) -> None:
        super().__init__(path, line, reason)
        self.path = path
        self.line = line
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.path}, line {self.line}: {self.reason}"


class TapeWriter:
    """Writes a tape while the engine runs. Buffered: the last second is lost with the process, the records are not."""

    def __init__(self, path: Path, first_offer: int) -> None:
        """Begin a tape; one that is there is replaced.

        Raises:
            OSError: The file cannot be written.
        """
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
        self._line({"format": FORMAT, "first_offer": first_offer})

    def took(self, event: Input, now: Instant) -> None:
        """The engine is given an input."""
        self._line({"now": now, "take": type(event).__name__, "of": asdict(event)})

    def ticked(self, now: Instant) -> None:
        """The engine is told that time has passed."""
        self._line({"now": now})

    def close(self) -> None:
        """Write what is left."""
        self._file.close()

    def _line(self, entry: dict[str, Any]) -> None:
        self._file.write(orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def replay(path: Path) -> Iterator[Step]:
    """Run an engine from a tape and yield its steps. The last line of a crash may be cut off; it is left out.

    Raises:
        OSError: The file cannot be read.
        TapeUnreadable: It is no tape of ours.
    """
    with path.open("rb") as file:
        engine: QueueEngine | None = None
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                return
            try:
                entry = orjson.loads(line)
                if engine is None:
                    if entry.get("format") != FORMAT:
                        raise TapeUnreadable(path, number, f"no tape of format {FORMAT}")
                    engine = QueueEngine(entry["first_offer"])
                    continue
                now = Instant(entry["now"])
                if "take" in entry:
                    step = engine.handle(_ADAPTERS[entry["take"]].validate_python(entry["of"]), now)
                else:
                    step = engine.advance(now)
            except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, ValidationError) as error:
                raise TapeUnreadable(path, number, str(error)) from error
            yield step


def fact_lines(path: Path) -> Iterator[bytes]:
    """Yield the facts of a tape as JSON lines: the kind, a tab, the fields."""
    for step in replay(path):
        for fact in step.facts:
            yield type(fact).__name__.encode() + b"\t" + encode(fact) + b"\n"
