"""Callers handed on over a real Asterisk: to a colleague, to a line, outside; answered or not; through crashes (D4)."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import RowMapping

from acd.control.errors import RequestRefused
from acd.lab.centre import LabCentre
from acd.lab.keys import write_keys
from acd.lab.plans import Answering, Caller, Kind
from acd.lab.site import LINE, Site
from metrics.records.tables import calls, transfers

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

OUTSIDE = """
[[line]]
name = "second"
numbers = ["802"]

[[destination]]
kind = "number"
name = "insurer"
number = "88001112233"
trunk = "city"
ring_s = 3
dial_as = "888"

[[destination]]
kind = "number"
name = "hot-line"
number = "88005550000"
trunk = "city"
ring_s = 3
dial_as = "889"
consent = true

[[destination]]
kind = "number"
name = "supervision"
number = "88006660000"
trunk = "city"
ring_s = 3
dial_as = "890"
consent = true
consent_ask = "beep"
"""

TALK = Answering(ring_ms=50, talk_ms=2000)
LONG = Answering(ring_ms=50, talk_ms=30_000)
SILENT = Answering(Kind.SILENT)


def to(dialled: str) -> Answering:
    """Return an operator who hands the caller on after a second."""
    return Answering(Kind.TRANSFER, ring_ms=50, talk_ms=1000, transfer_to=dialled)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre(program, tmp_path_factory) -> AsyncIterator[LabCentre]:
    """Return a centre with two operators of two lines; one for all tests here."""
    site = Site(
        operators=2, lines=(LINE, "second"), ring_s=3, trunk_port=5090, pause_after_misses=0,
        back_off_no_answer_s=0, line="strategy = 'fixed_order'\n", more=OUTSIDE + "\n[transfer]\nwait_s = 4\n",
    )  # fmt: skip
    async with LabCentre(site, program=program, home=tmp_path_factory.mktemp("handing-on")) as running:
        yield running


class Story:
    """One caller's way through the centre: what is new in the records since it began."""

    def __init__(self, centre: LabCentre, seen: set[str]) -> None:
        self._centre = centre
        self._seen = seen

    @classmethod
    async def begin(cls, centre: LabCentre) -> "Story":
        """Begin where all operators are ready and nobody waits."""
        await centre.until(lambda status: status.ready == 2 and status.waiting == status.talking == 0)
        known = {row["call"] for row in await centre.rows(calls)}
        return cls(centre, known | {row["next_call"] for row in await centre.rows(transfers)})

    async def until(self, wanted: Callable[[Sequence[RowMapping], Sequence[RowMapping]], bool]) -> Any:
        """Wait until the new visits and transfers are as wanted, and return both, in order."""
        visits: list[RowMapping] = []
        handed: list[RowMapping] = []
        try:
            async with asyncio.timeout(30):
                while True:
                    visits = sorted(
                        (r for r in await self._centre.rows(calls) if r["call"] not in self._seen),
                        key=lambda row: row["entered_at"],
                    )
                    handed = sorted(
                        (r for r in await self._centre.rows(transfers) if r["next_call"] not in self._seen),
                        key=lambda row: row["transferred_at"],
                    )
                    if wanted(visits, handed):
                        return visits, handed
                    await asyncio.sleep(0.1)
        except TimeoutError:
            told = [dict(row) for row in (*visits, *handed)]
            raise AssertionError(f"the records are not as they should be: {told}") from None

    async def over(self, visits: int, handed: int) -> Any:
        """Wait until so many visits and transfers are recorded with their ends."""
        return await self.until(
            lambda v, h: len(v) == visits and len(h) == handed and all(r["ended_at"] is not None for r in (*v, *h))
        )


async def caller_talks(centre: LabCentre) -> str:
    """Wait until a caller talks; return the call."""
    await centre.until(lambda status: status.talking == 1)
    talks = [call for call in (await centre.ask("/v1/calls"))["calls"] if call["state"] == "talking"]
    return talks[0]["call"]


async def test_colleague_takes_the_caller(centre):
    """To the colleague and to nobody else; one visit each with its own wait, the chain and the sum in the records."""
    story = await Story.begin(centre)
    plan = {"op101": to("102"), "op102": TALK}
    async with centre.telephones(operators=plan), centre.callers([Caller("79270000001")]) as calling:
        assert (await calling.finish(30)).served == 1
    (first, second), (handed,) = await story.over(2, 1)
    assert [(row["agent"], row["outcome"]) for row in (first, second)] == [("101", "answered"), ("102", "answered")]
    assert (first["talked_s"], second["talked_s"]) == (pytest.approx(1.0, abs=0.4), pytest.approx(2.0, abs=0.4))
    assert (handed["call"], handed["next_call"]) == (first["call"], second["call"])
    assert (handed["agent"], handed["kind"], handed["target"]) == ("101", "operator", "102")
    assert (handed["result"], handed["taken_by"], handed["by"]) == ("taken", "102", "101")
    assert handed["waited_s"] == pytest.approx(second["waited_s"])


async def test_nobody_takes_the_caller_and_he_is_back_with_who_handed_him_on(centre):
    """The colleague does not answer: the same operator talks with him again, never into nothing."""
    story = await Story.begin(centre)
    plan = [to("102"), SILENT, TALK]
    async with centre.telephones(plan) as telephones, centre.callers([Caller("79270000002")]) as calling:
        assert (await calling.finish(40)).served == 1
    assert [step.who for step in telephones.steps() if step.event == "answered"] == ["op101", "op101"]
    (first, second), (handed,) = await story.over(2, 1)
    assert (first["agent"], second["agent"], second["misses"]) == ("101", "101", 1)
    assert (handed["result"], handed["taken_by"]) == ("returned", "101")
    assert handed["waited_s"] > 2.5


async def test_caller_hangs_up_while_the_colleague_rings(centre):
    """He is recorded as one who left; nobody rings on and both operators are free."""
    story = await Story.begin(centre)
    plan = {"op101": to("102"), "op102": SILENT}
    caller = Caller("79270000003", patience_ms=3000)
    async with centre.telephones(operators=plan), centre.callers([caller]) as calling:
        assert (await calling.finish(30)).left == 1
        (first, second), (handed,) = await story.over(2, 1)
        assert (first["outcome"], second["outcome"], handed["result"]) == ("answered", "abandoned", "left")
        await centre.until(lambda status: status.ready == 2)


async def test_caller_is_handed_on_to_another_line(centre):
    """The second line of operators (D3): a transfer to a line is a call of that line."""
    story = await Story.begin(centre)
    async with centre.telephones([to("802"), TALK]), centre.callers([Caller("79270000004")]) as calling:
        assert (await calling.finish(30)).served == 1
    (first, second), (handed,) = await story.over(2, 1)
    assert (first["queue"], second["queue"], second["outcome"]) == (LINE, "second", "answered")
    assert (handed["kind"], handed["target"], handed["result"]) == ("line", "second", "taken")


async def test_representative_of_an_insurer_answers(centre):
    """UDM 5.5: the caller talks to the outside number; how long he waited and talked there is recorded."""
    story = await Story.begin(centre)
    far = centre.far_side([Answering(ring_ms=500, talk_ms=2000)])
    async with far, centre.telephones([to("888")]), centre.callers([Caller("79270000005")]) as calling:
        assert (await calling.finish(30)).served == 1
    (first,), (handed,) = await story.over(1, 1)
    assert (first["outcome"], handed["call"]) == ("answered", first["call"])
    assert (handed["kind"], handed["target"], handed["result"]) == ("destination", "insurer", "taken")
    assert (handed["agent"], handed["consent"]) == ("101", "")
    assert (handed["waited_s"], handed["talked_s"]) == (pytest.approx(0.5, abs=0.4), pytest.approx(2.0, abs=0.4))


async def test_outside_number_does_not_answer_and_the_caller_comes_back(centre):
    """Two transfers: out, and back to the operator, who talks with him again."""
    story = await Story.begin(centre)
    async with centre.far_side([SILENT]), centre.telephones([to("888"), TALK]) as telephones:
        async with centre.callers([Caller("79270000006")]) as calling:
            assert (await calling.finish(40)).served == 1
    assert [step.who for step in telephones.steps() if step.event == "answered"] == ["op101", "op101"]
    (first, second), (out, back) = await story.over(2, 2)
    assert (out["result"], back["kind"], back["result"]) == ("not_answered", "return", "returned")
    assert (first["agent"], second["agent"], back["call"]) == ("101", "101", out["next_call"])


async def test_hot_line_without_the_callers_consent_is_refused(centre):
    """UDM 5.13: dialled without the mark, the caller is back with the operator and the far side hears nothing."""
    story = await Story.begin(centre)
    async with centre.far_side([LONG]) as far, centre.telephones([to("889"), TALK]):
        async with centre.callers([Caller("79270000007")]) as calling:
            assert (await calling.finish(30)).served == 1
        assert far.counts().offered == 0
    _, (out, back) = await story.over(2, 2)
    assert (out["consent"], out["result"], back["result"]) == ("refused", "not_answered", "returned")


async def test_hot_line_with_the_operators_mark(centre):
    """The API refuses it without the mark and does it with it; the mark stands in the records."""
    story = await Story.begin(centre)
    async with centre.far_side([TALK]), centre.telephones([LONG]), centre.callers([Caller("79270000008")]) as calling:
        call = await caller_talks(centre)
        with pytest.raises(RequestRefused, match="asked first"):
            await centre.tell(f"/v1/calls/{call}/transfer", {"to": "hot-line"})
        told = await centre.tell(f"/v1/calls/{call}/transfer", {"to": "hot-line", "consent": True})
        assert told["to"]["kind"] == "destination"
        assert (await calling.finish(30)).served == 1
    _, (handed,) = await story.over(1, 1)
    assert (handed["consent"], handed["result"], handed["by"]) == ("operator", "taken", "console")


@pytest.mark.parametrize(("key", "answered"), [("1", True), ("2", False)])
async def test_hot_line_with_the_callers_own_key(centre, key, answered):
    """UDM 5.13: asked after the operator has dialled it, he agrees by the key, or is back with the operator."""
    story = await Story.begin(centre)
    # He is asked some seconds after the answer, later on a busy machine; to nobody else his keys mean anything.
    pressed = write_keys(centre.home / f"key-{key}", key * 3)
    calling = centre.callers([Caller(f"7927000002{key}")], digits=pressed, digit_gap_ms=2500)
    async with centre.far_side([TALK]) as far, centre.telephones([to("890"), TALK]), calling:
        assert (await calling.finish(40)).served == 1
        assert (await far.until(answered=int(answered))).answered == int(answered)
    _, handed = await story.over(1 if answered else 2, 1 if answered else 2)
    assert (handed[0]["consent"], handed[0]["result"]) == (
        ("key", "taken") if answered else ("refused", "not_answered")
    )


async def test_transfer_by_the_api_to_a_colleague(centre):
    """The same as by telephone; who asked is told, and one who is not there is refused at once."""
    story = await Story.begin(centre)
    plan = {"op101": LONG, "op102": TALK}
    async with centre.telephones(operators=plan), centre.callers([Caller("79270000009")]) as calling:
        call = await caller_talks(centre)
        with pytest.raises(RequestRefused, match="cannot be handed on"):
            await centre.tell(f"/v1/calls/{call}/transfer", {"to": "999"})
        await centre.tell("/v1/agents/102/pause", {"reason": "break"})
        with pytest.raises(RequestRefused, match="takes no calls"):
            await centre.tell(f"/v1/calls/{call}/transfer", {"to": "102"})
        await centre.tell("/v1/agents/102/resume", {})
        await centre.tell(f"/v1/calls/{call}/transfer", {"to": "102"})
        assert (await calling.finish(30)).served == 1
    (_, second), (handed,) = await story.over(2, 1)
    assert (second["agent"], handed["by"], handed["result"]) == ("102", "console", "taken")


async def test_daemon_killed_while_the_caller_waits_for_the_colleague(centre):
    """The next daemon still knows whom he waits for, and who gets him back; every visit is recorded once."""
    story = await Story.begin(centre)
    plan = {"op101": to("102"), "op102": Answering(ring_ms=2500, talk_ms=2000)}
    async with centre.telephones(operators=plan), centre.callers([Caller("79270000010")]) as calling:
        await story.until(lambda _visits, handed: len(handed) == 1)
        await centre.kill_daemon()
        await centre.start_daemon()
        assert (await calling.finish(40)).unfinished == 0
    (first, second), (handed,) = await story.over(2, 1)
    assert (first["agent"], second["agent"], handed["result"]) == ("101", "102", "taken")


async def test_daemon_killed_while_the_caller_talks_outside(centre):
    """Asterisk alone holds that talk; the next daemon reads of it in the journal."""
    story = await Story.begin(centre)
    async with centre.far_side([Answering(ring_ms=100, talk_ms=4000)]) as far, centre.telephones([to("888")]):
        async with centre.callers([Caller("79270000011")]) as calling:
            await far.until(answered=1)
            await centre.kill_daemon()
            assert (await calling.finish(30)).served == 1
            await centre.start_daemon()
    (first,), (handed,) = await story.over(1, 1)
    assert (first["outcome"], handed["result"]) == ("answered", "taken")
    assert handed["talked_s"] == pytest.approx(4.0, abs=0.5)
