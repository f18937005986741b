"""Nobody reaches a number outside through us: not from the trunk, not from a telephone, not by a transfer.

Every way out of this Asterisk leads over the trunk, so its far side is the proof: no call was offered to it. That no
call-back goes to a forged foreign or premium caller stands in test_callback.py.
"""

import pytest

from acd.lab.centre import LabCentre
from acd.lab.plans import Answering, Caller, Kind
from acd.lab.site import Site

pytestmark = pytest.mark.asterisk

OUTSIDE = ("810442079460000", "+442079460000", "88099001234", "88452123456")
"""Abroad in two spellings, a premium number, the town's own."""
TALK = Answering(ring_ms=50, talk_ms=2500)


@pytest.fixture
def site() -> Site:
    """Two operators; a trunk that is dialled for call-backs, so there is something to steal."""
    return Site(operators=2, trunk_port=5090, line='[line.callback]\ntrunk = "city"\nhours = []\nshort_talk_s = 0.0\n')


async def test_only_lines_and_colleagues_can_be_dialled(centre: LabCentre):
    """A number outside is refused to the trunk, so no call goes back out, and to a telephone whose password leaked."""
    async with centre.far_side([TALK]) as far:
        calls = [Caller(f"7927000010{index}", dialled=number) for index, number in enumerate(OUTSIDE)]
        async with centre.callers(calls, rate=5) as calling:
            counts = await calling.finish(20)
        assert (counts.refused, counts.served, counts.left) == (len(OUTSIDE), 0, 0)
        for index, number in enumerate(OUTSIDE):
            async with centre.operator_calls("op101", number, port=5071 + index) as calling:
                counts = await calling.finish(20)
            assert (counts.refused, counts.served, counts.left) == (1, 0, 0), number
        assert far.counts().offered == 0


async def test_operator_transfers_nobody_to_a_number_outside(centre: LabCentre):
    """A REFER to it dials nothing: the caller talks on with whoever wanted to send him away."""
    plan = [Answering(Kind.TRANSFER, ring_ms=50, talk_ms=800, transfer_to=number) for number in OUTSIDE]
    callers = [Caller(f"7927222000{index}", patience_ms=2500) for index in range(len(plan))]
    async with centre.far_side([TALK]) as far:
        async with centre.telephones(plan), centre.callers(callers, rate=5, at_once=1) as calling:
            await calling.finish(60)
        rows = await centre.settled(len(plan))
        assert far.counts().offered == 0
    assert [(row["outcome"], row["ended_by"]) for row in rows] == [("answered", "caller")] * len(plan)
    assert all(row["talked_s"] > 1.5 for row in rows)
