"""Operators who ask somebody before they hand their caller on: sending one there, and knowing where he is.

Facts of Asterisk used here, read in main/manager.c and main/bridge_basic.c, tried on 16.28 and 22.10: `Atxfer` presses
the keys of the feature on the operator's channel, and is answered before they are taken in. While a sound is played to
him (`xferfailsound` for half a second, after an attended transfer was called off) such keys are thrown away. So he has
gone once his channel is in another bridge, and not before.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from acd.server import AsteriskServer
from ami_bridge.attended import OPERATORS_CONTEXT
from ami_bridge.legs import CallLeg
from queue_engine.ids import AgentId

GONE_S: Final = 2.0
"""He is in the other bridge within milliseconds; this is longer than a sound that is played to him."""
TRIES: Final = 3


class Asking:
    """Those of one centre."""

    def __init__(self) -> None:
        self.changed: Callable[[AgentId], None] = lambda _: None
        """Told of an operator who has begun to ask somebody, or is back with his caller."""
        self._going: dict[AgentId, asyncio.Event] = {}

    def join(self, server: AsteriskServer) -> None:
        """Be told by a server of operators in talks who come into another bridge."""
        server.board.talks.moved = self._moved

    async def begin(self, server: AsteriskServer, leg: CallLeg, channel: str, dialled: str) -> bool:
        """Send the operator of a talk to whom he asks; return whether he has gone.

        Raises:
            BridgeError: Asterisk refuses, or does not answer.
        """
        agent = leg.talk.agent if leg.talk is not None else AgentId("")
        gone = self._going[agent] = asyncio.Event()
        try:
            for _ in range(TRIES):
                where = {"Channel": channel, "Context": OPERATORS_CONTEXT, "Exten": dialled}
                await server.client.action("Atxfer", where)
                try:
                    async with asyncio.timeout(GONE_S):
                        await gone.wait()
                except TimeoutError:
                    continue
                return True
        finally:
            self._going.pop(agent, None)
        return False

    def is_beginning(self, leg: CallLeg) -> bool:
        """Tell whether the operator of a talk is on his way to whom he asks."""
        return leg.talk is not None and leg.talk.agent in self._going

    def _moved(self, agent: AgentId) -> None:
        if agent in self._going:
            self._going[agent].set()
        self.changed(agent)


def is_asking(leg: CallLeg) -> bool:
    """Tell whether the operator who talks to this caller is with somebody else now, whom he asks."""
    return leg.talk is not None and leg.talk.bridge != leg.bridge
