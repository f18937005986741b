"""The fallback's members follow whoever sits at the telephones, told to a queue that answers as Asterisk's does."""

from typing import Any

import pytest

from ami_bridge.desks import Telephone
from ami_bridge.errors import ActionRefused
from ami_bridge.fallback_mirror import FallbackMirror
from queue_engine.ids import AgentId, QueueName

LINE = QueueName("122")
STATIC = [(LINE, "op101"), (LINE, "op102")]


class Queue:
    """Asterisk's queue as the actions show it: members, paused or not."""

    def __init__(self) -> None:
        self.paused: dict[str, bool] = {name: False for _, name in STATIC}
        self.actions = 0
        self.seats = {"op101": AgentId("101"), "op102": AgentId("102")}
        self.at_work = {"101", "102"}
        self.mirror = FallbackMirror(
            "a1", lambda: self, lambda: ["op101", "op102", "lobby"], self._seated, lambda _: [LINE], self._is_at_work
        )

    def _seated(self, telephone: Telephone) -> AgentId | None:
        return self.seats.get(telephone.name)

    def _is_at_work(self, agent: AgentId) -> bool:
        return agent in self.at_work

    async def action(self, name: str, headers: dict[str, str]) -> Any:
        """Do as Asterisk does: a pause of what is no member is refused."""
        self.actions += 1
        interface = headers["Interface"].removeprefix("PJSIP/")
        if name == "QueuePause" and interface not in self.paused:
            raise ActionRefused(name, "Interface not found")
        self.paused[interface] = headers["Paused"] == "true"

    async def rung(self) -> set[str]:
        """Bring it into line and return whom it would ring."""
        await self.mirror.refresh(STATIC)
        return {name for name, paused in self.paused.items() if not paused}


@pytest.fixture
def queue() -> Queue:
    """Return a queue with its static members, both operators at work."""
    return Queue()


async def test_whoever_is_not_at_work_is_paused(queue):
    """Paused and logged-out operators alike."""
    assert await queue.rung() == {"op101", "op102"}
    queue.at_work = {"102"}
    assert await queue.rung() == {"op102"}
    queue.seats = {}
    assert await queue.rung() == set()


async def test_hot_desk_is_a_member_for_as_long_as_somebody_sits_there(queue):
    """It is added when it is needed and paused when it is left."""
    queue.seats["lobby"], queue.at_work = AgentId("201"), {"101", "102", "201"}
    assert await queue.rung() == {"op101", "op102", "lobby"}
    del queue.seats["lobby"]
    assert await queue.rung() == {"op101", "op102"}


async def test_hot_desk_left_while_we_were_away_is_paused(queue):
    """Asterisk has kept a member that a daemon before us had added."""
    queue.paused["lobby"] = False
    assert await queue.rung() == {"op101", "op102"}


async def test_what_was_told_is_not_told_again(queue):
    """Until Asterisk has forgotten it."""
    await queue.rung()
    told, queue.actions = queue.actions, 0
    await queue.rung()
    assert queue.actions == 0
    queue.mirror.forget()
    await queue.rung()
    assert queue.actions == told
