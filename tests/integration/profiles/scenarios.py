"""What happens at each of the five services, day by day; what its regulation says about that, its own file asserts.

One centre lives through a working day with everything that happens in it, the evening of that day, a working Saturday,
and a Monday off by which all that was kept is due. Calls are placed together where they can be.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import RowMapping, Table

from acd.control.errors import RequestRefused
from acd.lab.plans import Answering, Caller, Kind
from acd.lab.sipp import Telephones
from acd.lab.sounds import write_tone
from metrics.records.tables import call_back_attempts, call_backs, recordings, transfers, voice_messages
from tests.integration.office import dial
from tests.integration.profiles.service import LIMIT_S, ServiceCentre
from tests.integration.softphone import Softphones

IN_HOURS, TO_HIGHER, TO_OUTSIDE, BROKEN, OVER_NORM = (f"7927000000{n}" for n in range(1, 6))
LATE, MOVED_WORKING, OVER_MAXIMUM, MOVED_OFF = (f"7927000000{n}" for n in range(6, 10))
PATIENT_MS = 90_000
WISHES = "79270000011"
"""Who has asked for a call."""
PICKS_UP = Answering(ring_ms=50, talk_ms=PATIENT_MS)
SHORT_NORM = "target_wait_s = 1\n"
MAXIMUM_S = 2
SHORT_MAXIMUM = f"target_wait_s = 1\nmax_wait_s = {MAXIMUM_S}\n"
SPACING = "after_busy_s = 1\noutcome_within_s = 1\n"
"""Between two attempts to call back, in place of a minute; and for the operator to say that it was a machine."""
TALK_S = 1.3
"""How long people talk: less than a second (`min_talk_s`) would be no talk."""
SPEAKS_MS = 6000
"""How long somebody stays who leaves a message: greeting, tone, and well over the two seconds that make a message."""


@dataclass(frozen=True)
class WorkingDay:
    """A working day, in hours."""

    visits: Mapping[str, Sequence[RowMapping]]
    """By caller, in their order."""
    transfers: Mapping[str, RowMapping]
    """By the visit that they ended."""
    refusal: str
    """What is answered to an operator who hands a caller on outside without his consent."""
    dialled_unasked: int
    """How many calls had gone out by then."""
    call_back: RowMapping
    attempts: Sequence[RowMapping]
    recordings: Mapping[str, RowMapping]
    """By call."""
    indicators: Mapping[str, Mapping[str, Any]]
    """By code, as the report shows them."""
    script: Mapping[str, Any]


@dataclass(frozen=True)
class CalledFor:
    """A call that somebody has asked for."""

    request: RowMapping
    attempt: RowMapping
    """That which reached him."""


@dataclass(frozen=True)
class MovedWorkingDay:
    """A working Saturday."""

    visit: RowMapping
    """Of somebody who talked."""
    over_maximum: RowMapping
    """Of somebody who waited in vain."""
    indicators: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Processed:
    """A voice message and what became of it."""

    left: Mapping[str, Any]
    """As it was among the messages to be processed."""
    done: RowMapping
    still_open: Sequence[str]
    """Callers whose messages are among them afterwards."""


@dataclass(frozen=True)
class Destroyed:
    """What is there after the time for which talks and messages are kept."""

    recordings: Sequence[RowMapping]
    message: RowMapping
    kept: Sequence[Path]
    """Sounds that were on the disk while it was not over."""
    left: Sequence[Path]
    """Those of them that still are."""


async def rows_when(centre: ServiceCentre, table: Table, count: int, column: str) -> list[RowMapping]:
    """Wait until a table has so many rows, all with something in a column, and return them."""

    async def complete() -> list[RowMapping] | None:
        rows = list(await centre.rows(table))
        return rows if len(rows) == count and all(row[column] is not None for row in rows) else None

    return await centre.eventually(complete, f"{count} rows of {table.name} with {column}")


def sounds(centre: ServiceCentre) -> list[Path]:
    """Return the sounds of talks and messages that are on the disk."""
    folders = (centre.home / "data" / "recordings", centre.home / "data" / "messages")
    return [path for folder in folders for path in sorted(folder.glob("20*/*.wav"))]


async def indicators(centre: ServiceCentre) -> dict[str, Mapping[str, Any]]:
    """Return the indicators of today, by code."""
    tables = (await centre.ask("/v1/kpi"))["tables"]
    rows = next(table["rows"] for table in tables if table["name"] == "indicators")
    return {row["code"]: row for row in rows if row["code"]}


async def recorded_as(centre: ServiceCentre, caller: str, column: str) -> None:
    """Wait until the record of a caller's visit, which may still go on, says something in a column."""
    await centre.recorded(lambda rows: any(row["caller"] == caller and row[column] for row in rows), LIMIT_S)


async def working_day(centre: ServiceCentre, phones: Softphones) -> WorkingDay:
    """Let callers talk, be handed on, be cut off and called back, and wait for longer than the norm."""
    service = centre.service
    await centre.begin(service.days.working, SHORT_NORM + service.step, SPACING)
    await centre.log_in()
    hot_line = Answering(ring_ms=50, talk_ms=1500)
    busy = Answering(Kind.BUSY)
    outside = [hot_line, busy, PICKS_UP if service.reached else busy]
    tone = write_tone(centre.home / "tone.al")
    async with centre.far_side(outside, rtp_file=tone) as far:
        refusal, dialled_unasked = await _talks(centre, phones, far, tone)
    await _over_the_norm(centre, phones, tone)
    higher = len(service.levels)
    visits = {
        caller: await centre.visits(caller, 1 + higher if caller == TO_HIGHER else 1)
        for caller in (IN_HOURS, TO_HIGHER, TO_OUTSIDE, BROKEN, OVER_NORM)
    }
    handed = await rows_when(centre, transfers, higher + 1, "ended_at")
    (call_back,) = await rows_when(centre, call_backs, 1, "ended_at")
    attempts = await rows_when(centre, call_back_attempts, 2, "ended_at")
    # Those in which somebody was heard: all but the talk that broke, and a call-back that reached nobody.
    kept = await rows_when(centre, recordings, 5 + higher + service.reached, "keep_until")
    scripts = (await centre.ask("/v1/scripts"))["scripts"]
    return WorkingDay(
        visits,
        {row["call"]: row for row in handed},
        refusal,
        dialled_unasked,
        call_back,
        sorted(attempts, key=lambda row: row["started_at"]),
        {row["call"]: row for row in kept},
        await indicators(centre),
        next(row for row in scripts if row["line"] == centre.line),
    )


async def _talks(centre: ServiceCentre, phones: Softphones, far: Telephones, tone: Path) -> tuple[str, int]:
    """One talks and is done; one is handed up, level by level; one goes outside once he agrees; one is cut off."""
    people = [Caller(who, centre.service.dialled, PATIENT_MS) for who in (IN_HOURS, TO_HIGHER, TO_OUTSIDE)]
    async with centre.callers(people, port=5062, rtp_file=tone) as calling:
        plain, up, out = [await centre.talk_of(caller.number) for caller in people]
        with pytest.raises(RequestRefused) as refused:
            await centre.tell(f"/v1/calls/{out['call']}/transfer", {"to": "hot-line"})
        dialled_unasked = far.counts().offered
        await asyncio.sleep(TALK_S)
        await hang_up(phones, plain)
        await centre.tell(f"/v1/calls/{out['call']}/transfer", {"to": "hot-line", "consent": True})
        await far.until(answered=1)
        await asyncio.gather(_handed_up(centre, phones, up), _cut_off(centre, phones))
        assert (await calling.finish(40)).served == len(people)
    return str(refused.value), dialled_unasked


async def hang_up(phones: Softphones, talk: Mapping[str, Any]) -> None:
    """Let the operator of a talk end it."""
    phones.hang_up(await phones.talk_of(f"op{talk['agents'][0]}"))


async def _handed_up(centre: ServiceCentre, phones: Softphones, talk: Mapping[str, Any]) -> None:
    """A caller talks with one operator of each higher level after the other."""
    for higher in centre.service.levels:
        await centre.tell(f"/v1/calls/{talk['call']}/transfer", {"to": higher})
        talk = await centre.talk_of(TO_HIGHER, higher)
        await asyncio.sleep(TALK_S)
    await hang_up(phones, talk)


async def _cut_off(centre: ServiceCentre, phones: Softphones) -> None:
    """A talk ends after a moment, as when a mobile telephone loses its network; whoever it was is called back."""
    async with Softphones(centre.slice.caller(5064), centre.slice.asterisk, answering=set()) as outside:
        dialog = outside.call(BROKEN, centre.service.dialled)
        talk = await centre.talk_of(BROKEN)
        await asyncio.wait_for(dialog.up.wait(), LIMIT_S)
        outside.hang_up(dialog)
    if centre.service.reached:

        async def reached() -> bool:
            return any(row["reached_at"] is not None for row in await centre.rows(call_back_attempts))

        await centre.eventually(reached, "the call-back")
        await asyncio.sleep(TALK_S)
        await hang_up(phones, talk)
    await rows_when(centre, call_backs, 1, "ended_at")


async def _over_the_norm(centre: ServiceCentre, phones: Softphones, tone: Path) -> None:
    """Nobody of the first level is there until the norm has passed."""
    await pause(centre, centre.first_level())
    waiting = centre.callers([Caller(OVER_NORM, centre.service.dialled, PATIENT_MS)], port=5062, rtp_file=tone)
    async with waiting as calling:
        await recorded_as(centre, OVER_NORM, "target_passed")
        if not centre.service.step:
            await centre.tell("/v1/agents/101/resume", {})
        talk = await centre.talk_of(OVER_NORM)
        await asyncio.sleep(TALK_S)
        await hang_up(phones, talk)
        assert (await calling.finish(40)).served == 1


async def called_for(centre: ServiceCentre, phones: Softphones, **wish: object) -> CalledFor:
    """Ask for a call to somebody by the API, and let an operator talk with him."""
    async with centre.far_side([PICKS_UP]):
        request = (await centre.tell("/v1/callbacks", {"line": centre.line, "number": WISHES, **wish}))["request"]

        async def reached() -> RowMapping | None:
            rows = [row for row in await centre.rows(call_back_attempts) if row["request"] == request]
            return next((row for row in rows if row["reached_at"] is not None), None)

        attempt = await centre.eventually(reached, "the call that was asked for")
        await asyncio.sleep(TALK_S)
        phones.hang_up(await phones.talk_of(f"op{attempt['agent']}"))

        async def over() -> RowMapping | None:
            rows = await centre.rows(call_backs)
            return next((row for row in rows if row["request"] == request and row["ended_at"] is not None), None)

        return CalledFor(await centre.eventually(over, "the end of the call that was asked for"), attempt)


async def pause(centre: ServiceCentre, numbers: Sequence[str]) -> None:
    """Let these operators take a break, while all others are ready."""
    for number in numbers:
        await centre.tell(f"/v1/agents/{number}/pause", {"reason": "break"})
    await centre.until(lambda status: status.ready == len(centre.numbers()) - len(numbers))


async def call(centre: ServiceCentre, caller: str, patience_ms: int) -> RowMapping:
    """Call, speak until the patience is over, and return the visit's record."""
    people = [Caller(caller, centre.service.dialled, patience_ms)]
    async with centre.callers(people, port=5062, rtp_file=write_tone(centre.home / "tone.al")) as calling:
        await calling.finish(40)
    (visit,) = await centre.visits(caller)
    return visit


async def sent_away(centre: ServiceCentre, caller: str) -> RowMapping:
    """Call, hang up once the call has left the line, and return the visit's record."""
    async with Softphones(centre.slice.caller(5064), centre.slice.asterisk, answering=set()) as outside:
        dialog = outside.call(caller, centre.service.dialled)
        await recorded_as(centre, caller, "destination")
        await asyncio.wait_for(dialog.up.wait(), LIMIT_S)
        outside.hang_up(dialog)
        (visit,) = await centre.visits(caller)
    return visit


async def talk_with(centre: ServiceCentre, phones: Softphones, caller: str) -> RowMapping:
    """Call and talk with whoever of the operators takes it; return the visit's record."""
    for number in centre.numbers():
        await centre.tell(f"/v1/agents/{number}/resume", {})
    await centre.until(lambda status: status.ready == len(centre.numbers()))
    async with centre.callers([Caller(caller, centre.service.dialled, PATIENT_MS)], port=5062) as calling:
        talk = await centre.talk_of(caller)
        await asyncio.sleep(TALK_S)
        await hang_up(phones, talk)
        assert (await calling.finish(40)).served == 1
    (visit,) = await centre.visits(caller)
    return visit


async def moved_working_day(centre: ServiceCentre, phones: Softphones) -> MovedWorkingDay:
    """Talk on a working Saturday; then nobody is there, and somebody waits to the maximum.

    Where no other message is left, for want of hours, that one leaves one.
    """
    visit = await talk_with(centre, phones, MOVED_WORKING)
    await pause(centre, centre.numbers())
    await centre.reload(SHORT_MAXIMUM + centre.service.step)
    if centre.service.round_the_clock:
        over_maximum = await call(centre, OVER_MAXIMUM, 2000 + SPEAKS_MS)
    else:
        over_maximum = await sent_away(centre, OVER_MAXIMUM)
    return MovedWorkingDay(visit, over_maximum, await indicators(centre))


async def processed(centre: ServiceCentre, caller: str, *, by_telephone: bool) -> Processed:
    """Have an operator of the first level listen to a caller's message and process it."""
    left = await centre.message_of(caller)
    if by_telephone:
        await dial(centre, "op101", "*98", "1", digit_gap_ms=1500)
    else:
        await asyncio.to_thread(centre.control().fetch, f"/v1/messages/{left['call']}/sound")
        await centre.tell(f"/v1/messages/{left['call']}/done", {"note": "called back"})
    done = await message_when(centre, left["call"], "done_at")
    listed = (await centre.ask("/v1/messages"))["messages"]
    return Processed(left, done, [row["caller"] for row in listed])


async def message_when(centre: ServiceCentre, call_id: str, column: str) -> RowMapping:
    """Wait until a message's record has something in a column, and return it."""

    async def complete() -> RowMapping | None:
        rows = await centre.rows(voice_messages)
        return next((row for row in rows if row["call"] == call_id and row[column] is not None), None)

    return await centre.eventually(complete, f"{column} of the message of {call_id}")


async def destroyed(centre: ServiceCentre, message: Processed, count: int, kept: Sequence[Path]) -> Destroyed:
    """Wait until so many recordings and the message are destroyed, whose sounds were kept until now."""
    talks = await rows_when(centre, recordings, count, "destroyed_at")
    done = await message_when(centre, message.done["call"], "destroyed_at")
    return Destroyed(talks, done, kept, [path for path in kept if path.exists()])
