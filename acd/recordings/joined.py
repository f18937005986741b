"""Recordings joined to the rest of the running centre: which channel is recorded now, and pausing it.

A pause is Asterisk's `MixMonitorMute` of both directions: the recording goes on and holds silence, so that it stays as
long as the talk. It is noted in the channel's variable `ACD_PAUSED`, where a daemon that comes after us finds it.
"""

from collections.abc import Callable, Iterator, Mapping
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from acd.callbacks.joined import CallingBack
from acd.recordings import outside
from acd.recordings.archive import Archive
from acd.recordings.disk import DiskGuard
from acd.recordings.keeper import Keeper
from acd.recordings.names import Talk
from acd.recordings.outside import Outside
from acd.recordings.sealed import Keys, SealingKey
from acd.server import AsteriskServer
from ami_bridge.agi_server import AgiSession
from ami_bridge.desks import Telephone
from ami_bridge.errors import AgiError, BridgeError
from config.model import Config
from config.recording import Recordings
from metrics.facts import RecordingPaused, RecordingResumed, TalkFact
from queue_engine.ids import AgentId, CallId, Instant, QueueName

log = structlog.get_logger(__name__)


class TalkRecordings:
    """The recordings of one running centre: the folder, who looks after it, and the talks that are recorded now."""

    def __init__(
        self,
        config: Callable[[], Config],
        settings: Recordings,
        records: AsyncEngine,
        now: Callable[[], Instant],
        servers: Mapping[str, AsteriskServer],
        calling_back: CallingBack,
        tell: Callable[[TalkFact], None],
    ) -> None:
        self._config = config
        self._now = now
        self._servers = servers
        self._calling_back = calling_back
        self._tell = tell
        self.records = records
        """The database that knows them."""
        old = [SealingKey(key.reveal()) for key in settings.old_keys]
        keys = Keys(None if settings.key is None else SealingKey(settings.key.reveal()), old)
        archive = Archive(settings.folder, ZoneInfo(config().site.time_zone), keys)
        archive.incoming.mkdir(parents=True, exist_ok=True)
        self.guard = DiskGuard(settings.folder, self._least_mb, servers.values, tell)
        self.keeper = Keeper(archive, self.guard, config, records, now, self._is_up, self._began_at, tell)

    def read(self, path: str, start: int, length: int) -> Iterator[bytes]:
        """Yield a part of the plain sound; blocks, raises OSError and RecordingError."""
        return self.keeper.archive.read(path, start, length)

    async def destroy(self, recording: str, path: str, reason: str, by: str) -> bool:
        """Destroy a recording now; return whether it is gone."""
        return await self.keeper.destroy(recording, path, reason, by)

    def _least_mb(self) -> int:
        settings = self._config().recordings
        return 0 if settings is None else settings.min_free_mb

    def _is_up(self, call: CallId, telephone: str) -> bool | None:
        """Tell whether a channel of this telephone is up for this call; None while a link is down."""
        for name, server in self._servers.items():
            leg = server.board.legs.call(call)
            if leg is not None and any(each.telephone == telephone for each in leg.legs):
                return True
            if self._calling_back.holds(name, call):
                return True
        return False if all(server.link.up for server in self._servers.values()) else None

    def _began_at(self, talk: Talk) -> Instant:
        """Return when a talk began by our clock: the name of its files tells it by the clock of their server.

        A caller's call names its server; whoever is called back is so from a telephone of one.
        """
        named = next((name for name in self._servers if talk.call.startswith(f"{name}-")), None)
        seat = next((each.server for each in self._config().telephones if each.name == talk.telephone), None)
        server = self._servers[named or self._config().server(seat).name]
        return server.board.clock.ours(talk.started_at)

    # -- pausing ---------------------------------------------------------------------------------------------------

    def may_pause(self, queue: QueueName) -> bool | None:
        """Tell whether recordings of this line may be paused; None if it does not record."""
        line = next((line for line in self._config().lines if line.name == queue), None)
        return None if line is None or line.recording is None else line.recording.may_pause

    async def pause(self, call: CallId, by: str) -> bool:
        """Let the recording of a call hold silence from now on; return whether that is so."""
        return await self._set(await self._channel_of(call), call, by, pause=True)

    async def resume(self, call: CallId, by: str) -> bool:
        """Let it hold what is said again; return whether that is so."""
        return await self._set(await self._channel_of(call), call, by, pause=False)

    async def outside(self) -> list[Outside]:
        """Return the recorded talks that no line has now; those of a server that does not answer are left out."""
        return [talk for server in self._servers.values() for talk in await self._outside_on(server)]

    def agent_at(self, telephone: str) -> AgentId | None:
        """Return who sits at an operator's telephone; None for any other, a trunk's say."""
        agents = (s.board.desks.agent_at(Telephone(name, telephone)) for name, s in self._servers.items())
        return next((agent for agent in agents if agent is not None), None)

    async def _outside_on(self, server: AsteriskServer) -> list[Outside]:
        try:
            channels = await server.client.action_list("Status", {"Variables": outside.VARIABLES})
        except BridgeError as error:
            log.warning("recording.outside_unknown", server=server.name, reason=str(error))
            return []
        return [talk for talk in outside.outside_among(channels) if server.board.talk_of(talk.call) is None]

    async def is_paused(self, call: CallId) -> bool:
        """Tell whether the recording of a call holds silence now: Asterisk knows it, whoever has paused it."""
        found = await self._channel_of(call)
        if found is None:
            return False
        server, channel = found
        try:
            told = await server.client.action("Getvar", {"Channel": channel, "Variable": "ACD_PAUSED"}, timeout_s=1.0)
        except BridgeError as error:
            log.warning("recording.pause_unknown", channel=channel, reason=str(error))
            return False
        return told.get("Value") == "1"

    async def _channel_of(self, call: CallId) -> tuple[AsteriskServer, str] | None:
        for server in self._servers.values():
            talk = server.board.talk_of(call)
            if talk is not None:
                return server, talk[1].channel
        for server in self._servers.values():
            for each in await self._outside_on(server):
                if each.call == call:
                    return server, each.channel
        return None

    async def _set(self, where: tuple[AsteriskServer, str] | None, call: CallId, by: str, *, pause: bool) -> bool:
        if where is None or not await self._mute(*where, mute=pause):
            return False
        self._tell((RecordingPaused if pause else RecordingResumed)(self._now(), call, by))
        return True

    async def _mute(self, server: AsteriskServer, channel: str, *, mute: bool) -> bool:
        state = {"Channel": channel, "Direction": "both", "State": str(int(mute))}
        try:
            await server.client.action("MixMonitorMute", state)
        except BridgeError as error:
            log.warning("recording.not_muted", channel=channel, mute=mute, reason=str(error))
            return False
        server.client.post("Setvar", {"Channel": channel, "Variable": "ACD_PAUSED", "Value": "1" if mute else ""})
        return True

    async def serve_key(self, agi: AgiSession) -> None:
        """Serve `agi://HOST:PORT/recording`: an operator has pressed the key in a talk, which it pauses or resumes.

        The dialplan is told by `ACD_PAUSED`: unchanged, it ends the recording itself, so that what was not to be heard
        is not.
        """
        call, line = CallId(agi.args[0] if agi.args else ""), QueueName(agi.args[1] if len(agi.args) > 1 else "")
        # A dialplan of before does not say which server it is on: it stays loaded until somebody reloads it.
        server = self._servers.get(agi.args[2]) if len(agi.args) > 2 else None
        by = agi.channel.removeprefix("PJSIP/").rpartition("-")[0]
        try:
            if not self.may_pause(line):
                await agi.command("SET VARIABLE", "ACD_KEY", "refused")
                return
            paused = (await agi.command("GET VARIABLE", "ACD_PAUSED")).data == "1"
            where = (server, agi.channel) if server is not None else await self._channel_of(call)
            if await self._set(where, call, by, pause=not paused):
                await agi.command("SET VARIABLE", "ACD_KEY", "resumed" if paused else "paused")
        except AgiError as error:
            log.warning("recording.key_failed", call=call, error=str(error))


def recordings_of(
    config: Callable[[], Config],
    records: AsyncEngine,
    now: Callable[[], Instant],
    servers: Mapping[str, AsteriskServer],
    calling_back: CallingBack,
    tell: Callable[[TalkFact], None],
) -> TalkRecordings | None:
    """Return the recordings of a centre; None where the configuration has no place for any.

    Raises:
        OSError: Their folder cannot be made.
    """
    settings = config().recordings
    if settings is None:
        return None
    return TalkRecordings(config, settings, records, now, servers, calling_back, tell)
