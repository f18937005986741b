"""Every half a minute: what we believe is compared with what Asterisk has, and the engine with the bridge.

A difference that is still there at the second look is mended, logged and recorded; `acd/stuck.py` and
`ami_bridge/reconcile.py` say what counts as one.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

import structlog

from acd.server import AsteriskServer
from acd.stuck import StuckFinder
from metrics.facts import DifferenceMended
from queue_engine.ids import AgentId, CallId, Instant
from queue_engine.inputs import Input
from queue_engine.snapshot import EngineSnapshot

log = structlog.get_logger(__name__)

RECONCILE_EVERY_S: Final = 30.0


class Reconciliation:
    """The comparison of a running centre with its servers."""

    def __init__(
        self,
        servers: Mapping[str, AsteriskServer],
        snapshot: Callable[[], EngineSnapshot],
        post: Callable[[Input], None],
        record: Callable[[DifferenceMended], None],
        now: Callable[[], Instant],
    ) -> None:
        self._servers = servers
        self._snapshot = snapshot
        self._post = post
        self._record = record
        self._now = now
        boards = [server.board for server in servers.values()]
        self._stuck = StuckFinder(
            rings=lambda offer: any(board.legs.offer(offer) for board in boards),
            talks=lambda call: any((leg := board.legs.call(call)) and leg.talk for board in boards),
            lives=lambda call: any(board.legs.call(call) for board in boards),
        )

    async def run(self) -> None:
        """Compare and mend until cancelled."""
        while True:
            await asyncio.sleep(RECONCILE_EVERY_S)
            for server in self._servers.values():
                for found in await server.reconcile():
                    self._mended(server.name, found.what, found.call, found.agent, found.detail)
            if all(server.link.up for server in self._servers.values()):
                for one in self._stuck.look(self._snapshot()):
                    self._post(one.mend)
                    self._mended("", one.what, one.call, one.agent, "engine")

    def _mended(self, server: str, what: str, call: CallId | None, agent: AgentId | None, detail: str) -> None:
        self._record(DifferenceMended(self._now(), server, what, call, agent, detail))
        log.warning("difference.mended", server=server, what=what, call=call, agent=agent, detail=detail)
