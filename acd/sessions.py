"""Asterisk's sessions with us: callers, operators' codes, supervisors, keys of recordings, the state of an appeal.

Decides who serves which path of the FastAGI port, what a line sounds like, and from when on callers are taken up.
"""

import os
from collections.abc import Callable, Mapping
from math import inf

import structlog

from acd.callbacks.joined import CallingBack
from acd.catching_up import CatchingUp
from acd.clock import Clock
from acd.journal.telephone import AppealLine
from acd.phrases import ConfiguredPhrases
from acd.recordings.joined import TalkRecordings
from acd.seating import Seating
from acd.server import AsteriskServer
from acd.services import Services
from acd.staff import Staff
from acd.supervising import Supervising
from acd.upgrade import Upgrading
from ami_bridge.agi_server import AgiServer, AgiSession, Route
from ami_bridge.caller_session import CallerSessions, LineSound
from ami_bridge.dial_codes import DialCodes
from ami_bridge.supervisor_codes import SupervisorCodes
from config.model import Config
from queue_engine.ids import QueueName
from queue_engine.inputs import Input

log = structlog.get_logger(__name__)


class Sessions:
    """The FastAGI port of one running centre."""

    def __init__(
        self,
        config: Callable[[], Config],
        servers: Mapping[str, AsteriskServer],
        post: Callable[[Input], None],
        clock: Clock,
        seating: Seating,
        catching_up: CatchingUp,
        calling_back: CallingBack,
        services: Services,
        supervising: Supervising,
        recordings: TalkRecordings | None,
        appeals: AppealLine,
    ) -> None:
        self._config = config
        self._servers = servers
        self._catching_up = catching_up
        self.listening = False
        boards = {name: server.board for name, server in servers.items()}
        callers = CallerSessions(boards, self._sound, post, catching_up.known_before, self._prune, clock.now)
        codes = DialCodes(
            self._server_of,
            seating.desks,
            Staff(config, clock.now),
            post,
            calling_back.callbacks,
            services.messages,
            ConfiguredPhrases(config).prompt,
        )
        routes: dict[str, Route] = {
            "call": callers.serve,
            "operator": codes.serve,
            "appeal": appeals.serve,
            "supervisor": SupervisorCodes(self._server_of, supervising).serve,
        }
        if recordings is not None:
            routes["recording"] = recordings.serve_key
        self._agi = AgiServer(routes, allowed_peers=_peers(config()))

    @property
    def count(self) -> int:
        """How many sessions are open."""
        return self._agi.sessions

    async def listen(self, upgrading: Upgrading) -> None:
        """Take callers up as soon as a server is in line with us: before that we do not know who is free."""
        await self._catching_up.synchronised_once.wait()
        listen = self._config().agi.listen
        await self._agi.start(listen.host, listen.port, upgrading.listener(listen.host, listen.port))
        self.listening = True
        upgrading.taken_over()
        self._catching_up.callers_served.set()
        log.info("agi.listening", address=str(listen))

    def stop_listening(self) -> None:
        """Take up nobody more; who is here stays."""
        if self.listening:
            self._agi.stop_listening()

    async def close(self) -> None:
        """End every session."""
        if self.listening:
            await self._agi.close()

    async def hand_over(self, upgrading: Upgrading) -> int:
        """Start the daemon that is to come after us and give it the port; return its process id.

        Raises:
            NotReady: It did not get ready, or there is one already; nothing has changed.
        """
        handle = self._agi.handle() if self.listening else None
        try:
            return await upgrading.begin(handle)
        finally:
            if handle is not None:
                os.close(handle)

    def line_of(self, dialled: str) -> QueueName | None:
        """Return the line that a number leads to."""
        return next((QueueName(line.name) for line in self._config().lines if dialled in line.numbers), None)

    def longest_wait_s(self, queue: QueueName) -> float:
        """Return how long anybody waits in a line."""
        return next((line.max_wait_s for line in self._config().lines if line.name == queue), inf)

    def _sound(self, queue: QueueName) -> LineSound:
        line = next((line for line in self._config().lines if line.name == queue), None)
        if line is None:
            return LineSound()
        recording = line.recording
        notice = (recording.notice or "") if recording is not None else ""
        by_key = self._config().in_talk.hands_on
        return LineSound(
            line.greeting or "", line.music, notice, recorded=recording is not None, handed_on_by_key=by_key
        )

    def _server_of(self, agi: AgiSession) -> str:
        # Operators' sessions name the server as their fourth argument.
        return agi.args[3] if len(agi.args) > 3 else self._config().servers[0].name

    def _prune(self) -> str | None:
        return next((b for server in self._servers.values() if (b := server.pruner.next())), None)


def _peers(config: Config) -> list[str]:
    hosts = {server.host for server in config.servers}
    return ["127.0.0.0/8", "::1/128", *(h for h in hosts if h.replace(".", "").isdigit())]
