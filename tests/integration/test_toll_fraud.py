"""Nobody reaches a number outside through us: not from the trunk, not from a telephone, not by a transfer.

Every way out of this Asterisk leads over the trunk, so its far side is the proof: no call was offered to it. That no
call-back goes to a forged foreign or premium caller stands in test_callback.py.
"""

import asyncio

import pytest

from acd.clock import wall_time
from acd.control.access import Role
from acd.control.client import ControlClient
from acd.control.errors import RequestRefused
from acd.control.store.database import ControlDatabase
from acd.control.store.tokens import TokenStore
from acd.lab.centre import LabCentre
from acd.lab.plans import Answering, Caller, Kind
from acd.lab.site import Site
from metrics.records.tables import call_backs
from queue_engine.ids import AgentId
from tests.integration.test_callback import told, until_rows

pytestmark = pytest.mark.asterisk

OUTSIDE = ("810442079460000", "+442079460000", "88099001234", "88452123456")
"""Abroad in two spellings, a premium number, the town's own."""
LINE = "saratov-122"
TALK = Answering(ring_ms=50, talk_ms=2500)


@pytest.fixture
def site() -> Site:
    """Two operators; a trunk that is dialled for call-backs, so there is something to steal."""
    settings = ("hours = []", "short_talk_s = 0.0", "outcome_within_s = 0.0", "max_per_person_hour = 2")
    return Site(operators=2, trunk_port=5090, line="\n".join(("[line.callback]", 'trunk = "city"', *settings)) + "\n")


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


async def test_stolen_operators_token_makes_few_calls_and_an_alarm(centre: LabCentre):
    """It asks for number after number: two go out, none abroad; the rest is refused, recorded, counted, and logged."""
    token = await TokenStore(database := ControlDatabase(centre.config.database.url)).make(
        "anna", Role.OPERATOR, wall_time(), agent=AgentId("101")
    )
    await database.close()
    client = ControlClient.of(centre.config, token)
    refused: list[str] = []
    async with centre.telephones([TALK] * 4), centre.far_side([TALK] * 4) as far:
        for number in (*OUTSIDE[:3], "+79270000001", "+79270000002", "+79270000003", "+79270000004"):
            try:
                await asyncio.to_thread(client.post, "/v1/callbacks", {"line": LINE, "number": number})
            except RequestRefused as refusal:
                refused.append(refusal.message)
        await until_two_have_ended(centre)
        assert far.counts().offered == 2
    assert refused[3:] == ["person_limit"] * 2
    assert set(refused[:3]) <= {"not_permitted", "invalid"}
    recorded = [fact["by"] for fact in await told(centre, "CallbackImpossible") if fact["reason"] == "person_limit"]
    assert recorded == ["anna"] * 2
    metrics = await asyncio.to_thread(centre.control().fetch, "/metrics")
    assert b'acd_callbacks_impossible_total{line="saratov-122",reason="person_limit"} 2' in metrics
    assert '"event":"callbacks.limit_reached"' in centre.daemon.text()


async def until_two_have_ended(centre: LabCentre) -> None:
    """Wait until both calls that were permitted have been made."""
    await until_rows(centre, call_backs, lambda rows: sum(row["result"] == "done" for row in rows) == 2)


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
