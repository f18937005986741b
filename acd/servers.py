"""The Asterisk servers of one site: what each is made of, and what is asked of whichever of them it concerns."""

from collections.abc import Callable, Iterator, Mapping

from acd.asterisk_conf.members import fallback_members
from acd.control.centre import ServerHealth
from acd.seating import Seating
from acd.server import AsteriskServer
from ami_bridge.client import AmiClient
from ami_bridge.fallback_mirror import FallbackMirror
from ami_bridge.resync import Found
from ami_bridge.switchboard import Switchboard
from config.model import Config
from config.telephony import Asterisk
from queue_engine.ids import CallId, Instant
from queue_engine.inputs import Input


class Servers(Mapping[str, AsteriskServer]):
    """All of them, by name. Empty until they are made: the parts that need them are composed before."""

    def __init__(self) -> None:
        self._servers: dict[str, AsteriskServer] = {}
        self.boards: dict[str, Switchboard] = {}
        """The same servers' switchboards."""

    def __getitem__(self, name: str) -> AsteriskServer:
        return self._servers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._servers)

    def __len__(self) -> int:
        return len(self._servers)

    def make(
        self,
        settings: Asterisk,
        config: Callable[[], Config],
        seating: Seating,
        post: Callable[[Input], None],
        now: Callable[[], Instant],
        known_before: Callable[[CallId, str], bool],
        on_synchronised: Callable[[AsteriskServer, Found], None],
    ) -> AsteriskServer:
        """Make a server and its fallback's mirror, which are idle until the link runs."""

        def mirror(client: Callable[[], AmiClient]) -> FallbackMirror:
            return FallbackMirror(
                settings.name,
                client,
                lambda: [t.name for t in seating.telephones() if t.server == settings.name],
                seating.desks.agent_at,
                seating.lines_of,
                seating.is_at_work,
            )

        server = AsteriskServer(
            settings,
            seating.desks,
            post,
            now,
            known_before,
            on_synchronised,
            mirror,
            lambda: [(m.queue, m.interface.removeprefix("PJSIP/")) for m in fallback_members(config(), settings)],
        )
        self._servers[settings.name] = server
        self.boards[settings.name] = server.board
        return server

    def client(self, name: str) -> AmiClient:
        """Return the AMI link to a server."""
        return self._servers[name].client

    def hang_up(self, name: str, channel: str) -> None:
        """Hang a channel of a server up; that it is gone already is no error."""
        self._servers[name].hang_up(channel)

    def mirror_soon(self) -> None:
        """Somebody logged in, out or paused: the fallback's members are to follow everywhere."""
        for server in self._servers.values():
            server.mirror_soon()

    def health(self) -> tuple[ServerHealth, ...]:
        """Return how the links are doing."""
        return tuple(
            ServerHealth(s.name, s.link.up, s.link.since, s.link.reason, s.link.version) for s in self._servers.values()
        )
