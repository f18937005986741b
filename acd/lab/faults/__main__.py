"""`python -m acd.lab.faults`: play faults under load and print how the books balance; `make faults`.

Prints a table with a row per kind of fault, every finding in words, and the lines

    figure NAME VALUE UNIT bar OP LIMIT pass|fail

and exits with 1 when one falls short. Trials that were played are not played again: a long run may be cut short, and
goes on where it was. `--fresh` begins anew.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from typing import Final

from acd.lab.asterisk import PROJECT
from acd.lab.faults.plan import Fault
from acd.lab.faults.series import Result, Series

FOLDER: Final = PROJECT / ".run" / "faults"
COLUMNS: Final = (
    "moments",
    "calls",
    "lost",
    "double",
    "wrong",
    "stuck",
    "disorder",
    "late",
    "called back",
    "told late",
)


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Faults under load, and whether the books balance afterwards.")
    parser.add_argument("--runs", type=int, default=4, help="moments of each fault; 100 for the long run")
    parser.add_argument("--moments", type=int, default=4, help="moments of a trial, under one load; then the balance")
    parser.add_argument("--lanes", type=int, default=1, help="so many centres at a time, each with a fault of its own")
    parser.add_argument("--only", default="", help=f"faults, with commas: {', '.join(Fault)}")
    parser.add_argument("--seed", type=int, default=122, help="seed of all chance")
    parser.add_argument("--fresh", action="store_true", help="forget what was played before")
    return parser.parse_args(given)


def _counts(results: Sequence[Result]) -> list[int]:
    books = [result.balance for result in results]
    return [
        sum(result.moments for result in results),
        sum(one.calls for one in books),
        *(sum(len(found) for found in column) for column in _findings(results)),
        sum(one.called_back for one in books),
        sum(one.told_late for one in books),
    ]


def _findings(results: Sequence[Result]) -> list[list[list[str]]]:
    books = [result.balance for result in results]
    return [
        [one.lost for one in books],
        [one.doubled for one in books],
        [one.wrong for one in books],
        [one.stuck for one in books],
        [one.disordered for one in books],
        [one.late for one in books],
    ]


def _table(results: Sequence[Result], faults: Sequence[Fault]) -> str:
    lines = ["".join([f"{'fault':20}", *(f"{name:>12}" for name in COLUMNS)])]
    for fault in faults:
        counts = _counts([result for result in results if result.fault == fault])
        lines.append("".join([f"{fault:20}", *(f"{count:12}" for count in counts)]))
    return "\n".join(lines)


def _say(result: Result) -> None:
    told = [result.failed] if result.failed else result.balance.findings
    verdict = "good" if result.good else "BAD"
    lines = [
        f"{result.fault} {result.number}: {result.balance.calls} calls, {verdict}",
        *(f"    {text}" for text in told),
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _figures(results: Sequence[Result]) -> bool:
    """Print the figures; return whether all are as they should be."""
    names = ("lost", "double", "wrong", "stuck", "out_of_order", "late")
    values = [sum(len(found) for found in column) for column in _findings(results)]
    bars = [*zip(names, values, strict=True), ("failed_trials", sum(bool(result.failed) for result in results))]
    sys.stdout.write(f"figure faults_moments {sum(r.moments for r in results)} count bar - - -\n")
    sys.stdout.write(f"figure faults_calls {sum(r.balance.calls for r in results)} count bar - - -\n")
    for name, value in bars:
        sys.stdout.write(f"figure faults_{name} {value} count bar <= 0 {'fail' if value else 'pass'}\n")
    return not any(value for _, value in bars)


def main(given: Sequence[str] | None = None) -> int:
    """Play, print, and return the exit status."""
    arguments = _arguments(given)
    faults = [Fault(name) for name in arguments.only.split(",")] if arguments.only else list(Fault)
    FOLDER.mkdir(parents=True, exist_ok=True)
    if arguments.fresh:
        (FOLDER / "results.jsonl").unlink(missing_ok=True)
    series = Series(FOLDER, arguments.seed, _say, moments=arguments.moments)
    trials = -(-arguments.runs // arguments.moments)
    asyncio.run(series.run(faults, trials, lanes=arguments.lanes))
    wanted = [result for result in series.results if result.fault in faults and result.number < trials]
    sys.stdout.write(f"\n{_table(wanted, faults)}\n\n")
    return 0 if _figures(wanted) else 1


if __name__ == "__main__":
    sys.exit(main())
