"""Lines on a real Asterisk: several telephones at once, levels by waiting time, announcements, reload."""

import pytest

from acd.lab.plans import Answering, Caller, Kind
from acd.lab.site import LINE, Site
from metrics.records.tables import offers

pytestmark = pytest.mark.asterisk

QUICK = Answering(ring_ms=200, talk_ms=1500)
SILENT = Answering(kind=Kind.SILENT)


def callers(count: int, **how: object) -> list[Caller]:
    """Return so many callers with numbers of their own."""
    return [Caller(f"7927000{index:04}", **how) for index in range(count)]


class TestRingAll:
    """All telephones ring; the first to answer has the caller."""

    @pytest.fixture
    def site(self) -> Site:
        """Three operators."""
        return Site(operators=3, line="ring_at_once = 0")

    async def test_first_to_answer_wins_and_it_is_no_miss_for_the_others(self, centre):
        """The others stop ringing, "answered elsewhere"; nobody is in back-off or paused."""
        behaviour = {"op101": Answering(ring_ms=900, talk_ms=1500), "op102": QUICK, "op103": SILENT}
        async with centre.telephones([QUICK], operators=behaviour) as telephones:
            async with centre.callers(callers(1)) as calling:
                counts = await calling.finish(30)
            await centre.until(lambda status: status.ready == 3)
            assert (await telephones.until(cancelled=2)).cancelled == 2
        rows = await centre.settled(1)
        assert counts.served == 1
        assert (rows[0]["agent"], rows[0]["misses"], rows[0]["offers"]) == ("102", 0, 3)
        assert {row["result"] for row in await centre.rows(offers)} == {"answered", "withdrawn"}


class TestRingMore:
    """One telephone more every second."""

    @pytest.fixture
    def site(self) -> Site:
        """Two operators, the first of whom never answers."""
        return Site(operators=2, line="ring_more_every_s = 1")

    async def test_another_telephone_joins_those_that_ring(self, centre):
        """The second operator answers although the first still rings."""
        behaviour = {"op101": SILENT, "op102": SILENT}
        async with centre.telephones([QUICK], operators=behaviour):
            async with centre.callers(callers(1, patience_ms=5000)) as calling:
                await centre.until(lambda status: status.operators == {"ringing": 2})
                await calling.finish(30)
            await centre.until(lambda status: status.ready == 2)
        rows = await centre.settled(1)
        assert (rows[0]["outcome"], rows[0]["stage"], rows[0]["misses"]) == ("abandoned", "ringing", 0)


class TestLevels:
    """The second level is reached by waiting time."""

    @pytest.fixture
    def site(self) -> Site:
        """Everybody serves the line at level 2, which is offered calls from the third second on."""
        return Site(operators=2, line="step = [{ at_s = 3, widen = 2 }]", operator=f"levels = {{ {LINE} = 2 }}")

    async def test_call_is_widened_to_the_second_level(self, centre):
        """D3: not before its time, and not later."""
        async with centre.telephones([QUICK]), centre.callers(callers(1)) as calling:
            counts = await calling.finish(30)
        await centre.settled(1)
        assert counts.served == 1
        assert [int(row["waited_s"]) for row in await centre.rows(offers)] == [3]


class TestSkills:
    """A skill that nobody has."""

    @pytest.fixture
    def site(self) -> Site:
        """The line asks for a skill that no operator has; the norm is two seconds."""
        return Site(operators=1, target_wait_s=2, line="skills = { oncology = 1 }")

    async def test_skill_that_nobody_has_blocks_nobody_past_the_norm(self, centre):
        """At the target wait whoever is there gets the call."""
        async with centre.telephones([QUICK]), centre.callers(callers(1)) as calling:
            counts = await calling.finish(30)
        await centre.settled(1)
        assert counts.served == 1
        assert [int(row["waited_s"]) for row in await centre.rows(offers)] == [2]


class TestAnnouncements:
    """What is said while one waits."""

    @pytest.fixture
    def site(self) -> Site:
        """An announcement of several sentences from the first second on, and a key that leaves the line."""
        more = """
[[announcement]]
name = "place"
say = ["queue-thankyou", "queue-thereare", "{position}", "queue-callswaiting", "queue-periodic-announce"]

[[destination]]
kind = "message"
name = "sorry"
sounds = ["queue-thankyou"]
"""
        line = 'step = [{ at_s = 1, say = "place", every_s = 20 }]\nkey = [{ key = "2", leave_for = "sorry" }]'
        return Site(operators=1, line=line, more=more)

    async def test_offer_cuts_an_announcement_short(self, centre):
        """The telephone rings within milliseconds of the operator's being free, whatever is being said."""
        async with centre.telephones([Answering(ring_ms=100, talk_ms=3000)]):
            async with centre.callers(callers(2), rate=2) as calling:
                counts = await calling.finish(40)
        rows = await centre.settled(2)
        assert counts.served == 2
        # The second caller was in the middle of an announcement of some 15 s when the first talk ended.
        gap = rows[1]["answered_at"] - rows[0]["ended_at"]
        assert gap < 1.0


class TestReload:
    """The configuration changes with callers inside."""

    @pytest.fixture
    def site(self) -> Site:
        """Two operators."""
        return Site(operators=2)

    async def test_reload_touches_no_call(self, centre):
        """Norms and operators change; nobody is dropped, nobody loses his place."""
        async with centre.telephones([Answering(ring_ms=100, talk_ms=3000)]):
            async with centre.callers(callers(6), rate=6) as calling:
                await centre.until(lambda status: status.talking == 2 and status.waiting == 4)
                text = centre.config_path.read_text(encoding="utf-8")
                centre.config_path.write_text(text.replace("wrap_up_s = 0.0", "wrap_up_s = 0.5"), encoding="utf-8")
                assert (await centre.tell("/v1/reload"))["reloaded"]
                counts = await calling.finish(60)
        rows = await centre.settled(6)
        assert (counts.served, counts.unfinished) == (6, 0)
        answers = [row["answered_at"] for row in rows]
        assert answers == sorted(answers)
