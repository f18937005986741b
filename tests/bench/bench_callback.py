"""From a break to the outgoing INVITE: an operator free, with either leg first, and all of them busy. Real Asterisk.

`python -m tests.bench.bench_callback [--breaks 200]`. A break is the BYE of a caller who gives up waiting or leaves a
talk that has hardly begun; the INVITE is the first to his number that goes out to the trunk. Both are read from a
packet capture. Prints

    figure NAME VALUE UNIT bar OP LIMIT pass|fail

and exits with 1 when a figure misses its bar.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path

from acd.lab.capture import Capture, SipMessage, Spread
from acd.lab.centre import LabCentre
from acd.lab.plans import Answering, Caller, Kind
from acd.lab.site import Site
from metrics.records.tables import call_backs
from tests.bench.bench_asterisk import Figures

FREE_BREAKS = 60
OPERATORS = 10
LIMIT_S = 15.0
PORT = 5090
CALLBACK = """
[line.callback]
trunk = "city"
hours = []
first_leg = "{first}"
mode = "{mode}"
short_talk_s = 30.0
min_wait_s = 0.5
after_busy_s = 600.0
after_no_answer_s = 600.0
after_unreachable_s = 600.0
after_refused_s = 600.0
max_per_hour = 100000
"""


def site(operators: int, *, first: str = "caller", mode: str = "first_free") -> Site:
    """Return a centre that calls back with this leg first, the caller's unless told, as the time to it is measured."""
    return Site(
        operators=operators,
        target_wait_s=600.0,
        max_wait_s=1200.0,
        min_talk_s=0.0,
        pause_after_misses=0,
        trunk_port=PORT,
        line=CALLBACK.format(first=first, mode=mode),
    )


def waits(messages: Sequence[SipMessage], trunk: str) -> list[float]:
    """Return for each caller the seconds from his BYE to the first INVITE that goes out to his number."""
    number_of: dict[str, str] = {}
    left: dict[str, float] = {}
    found: dict[str, float] = {}
    for message in messages:
        if message.status:
            continue
        if message.source == trunk and message.method == "INVITE":
            number_of[message.call_id] = message.from_user
        elif message.source == trunk and message.method == "BYE" and message.call_id in number_of:
            left.setdefault(number_of[message.call_id], message.at)
        elif message.target == trunk and message.method == "INVITE":
            number = message.user.removeprefix("+")
            if number in left:
                found.setdefault(number, message.at - left[number])
    return [found.get(number, float("inf")) for number in left]


def operator_first_waits(messages: Sequence[SipMessage], trunk: str) -> tuple[list[float], list[float]]:
    """Return the seconds from each break to the operator's telephone, and from his answer to the caller's number.

    Asterisk shows the operator whom he calls back: so the INVITE to his telephone has the number of a broken call.
    """
    number_of: dict[str, str] = {}
    left: dict[str, float] = {}
    rings: dict[str, str] = {}
    rang: dict[str, float] = {}
    picked_up: dict[str, float] = {}
    dialled: dict[str, float] = {}
    for message in messages:
        if message.status:
            if message.status == HTTPStatus.OK and message.method == "INVITE" and message.call_id in rings:
                picked_up.setdefault(rings[message.call_id], message.at)
        elif message.method == "BYE" and message.source == trunk and message.call_id in number_of:
            left.setdefault(number_of[message.call_id], message.at)
        elif message.method != "INVITE":
            continue
        elif message.source == trunk:
            number_of[message.call_id] = message.from_user
        elif message.target == trunk and (number := message.user.removeprefix("+")) in picked_up:
            dialled.setdefault(number, message.at - picked_up[number])
        elif (number := message.from_user.removeprefix("+")) in left:
            rang.setdefault(number, message.at - left[number])
            rings[message.call_id] = number
    return [rang.get(n, float("inf")) for n in left], [dialled.get(n, float("inf")) for n in left]


async def settled(centre: LabCentre, count: int, limit_s: float) -> None:
    """Wait until so many call-backs are recorded as owed and the first attempt of each is over, or the time is."""
    async with asyncio.timeout(limit_s):
        while True:
            rows = await centre.rows(call_backs)
            if len(rows) >= count and all(row["attempts"] for row in rows):
                break
            await asyncio.sleep(0.5)
    await asyncio.sleep(2)  # the kernel hands packets to tcpdump in blocks: its end must not cut off the last (seen)


async def free(figures: Figures, home: Path | None) -> None:
    """An operator is free: the number is dialled at once."""
    async with LabCentre(site(OPERATORS), home=home) as centre:
        callers = [Caller(f"7902{index:07}", patience_ms=2000) for index in range(FREE_BREAKS)]
        talk = [Answering(ring_ms=50, talk_ms=60_000)]
        path = centre.home / "free.pcap"
        async with centre.telephones(talk), centre.far_side([Answering(kind=Kind.BUSY)]):
            async with Capture(path, centre.slice.net) as capture:
                async with centre.callers(callers, rate=2, at_once=OPERATORS - 2) as calling:
                    await calling.finish(120)
                await settled(centre, FREE_BREAKS, 30)
        measured = waits(capture.messages(), centre.slice.trunk.address)
        spread = Spread.of(measured)
        figures.spread("break_to_invite_free", spread)
        figures.add("break_to_invite_free_count", len(measured), "count", ">=", FREE_BREAKS)
        figures.add("break_to_invite_free_p99", spread.p99, "ms", "<=", 500)


async def operator_first(figures: Figures, home: Path | None) -> None:
    """The operator of the broken talk calls back: his telephone rings at once, the number is dialled as he answers."""
    async with LabCentre(site(OPERATORS, first="operator", mode="same_operator"), home=home) as centre:
        callers = [Caller(f"7901{index:07}", patience_ms=2000) for index in range(FREE_BREAKS)]
        talk = [Answering(ring_ms=50, talk_ms=60_000)]
        path = centre.home / "operator-first.pcap"
        async with centre.telephones(talk), centre.far_side([Answering(kind=Kind.BUSY)]):
            async with Capture(path, centre.slice.net) as capture:
                async with centre.callers(callers, rate=2, at_once=OPERATORS - 2) as calling:
                    await calling.finish(120)
                await settled(centre, FREE_BREAKS, 30)
        to_operator, to_caller = operator_first_waits(capture.messages(), centre.slice.trunk.address)
        figures.spread("break_to_operator", Spread.of(to_operator))
        figures.add("break_to_operator_p99", Spread.of(to_operator).p99, "ms", "<=", 500)
        figures.spread("operator_to_invite", Spread.of(to_caller))
        figures.add("operator_to_invite_count", len(to_caller), "count", ">=", FREE_BREAKS)
        figures.add("operator_to_invite_p99", Spread.of(to_caller).p99, "ms", "<=", 500)


async def busy(figures: Figures, breaks: int, home: Path | None) -> None:
    """Every operator talks without end: the number is dialled all the same before the limit, the caller first."""
    async with LabCentre(site(OPERATORS), home=home) as centre:
        talkers = [Caller(f"7903{index:07}", patience_ms=600_000) for index in range(OPERATORS)]
        leaving = [Caller(f"7902{index:07}", patience_ms=3000) for index in range(breaks)]
        talk, quick = [Answering(ring_ms=50, talk_ms=600_000)], [Answering(kind=Kind.BUSY)]
        path = centre.home / "busy.pcap"
        async with centre.telephones(talk), centre.far_side(quick), centre.callers(talkers, rate=20):
            await centre.until(lambda status: status.talking == OPERATORS)
            async with Capture(path, centre.slice.net) as capture:
                async with centre.callers(leaving, port=5061, rate=5) as calling:
                    await calling.finish(120)
                await settled(centre, breaks, 60)
        measured = waits(capture.messages(), centre.slice.trunk.address)
        figures.spread("break_to_invite_busy", Spread.of(measured))
        figures.add("breaks_busy", len(measured), "count", ">=", breaks)
        in_time = sum(wait <= LIMIT_S for wait in measured) / len(measured) if measured else float("nan")
        figures.add("break_to_invite_busy_in_time", in_time, "ratio", ">=", 1)


async def run(breaks: int, home: Path | None) -> int:
    """Measure all three and return the exit status."""
    figures = Figures()
    await free(figures, home and home / "free")
    await operator_first(figures, home and home / "operator-first")
    await busy(figures, breaks, home and home / "busy")
    if figures.failed:
        sys.stdout.write(f"short of the bar: {', '.join(figures.failed)}\n")
    return 1 if figures.failed else 0


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--breaks", type=int, default=200, help="with every operator busy")
    parser.add_argument("--home", type=Path, help="keep configuration, logs and captures in this folder")
    options = parser.parse_args()
    return asyncio.run(run(options.breaks, options.home))


if __name__ == "__main__":
    sys.exit(main())
