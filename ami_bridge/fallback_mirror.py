"""Keeps the members of Asterisk's fallback Queue() the same people that the engine would ring.

Members are telephones. A telephone is unpaused in a line's queue if an operator who serves the line is logged in
there and not paused. Told at each change and once after each resynchronisation; the fallback itself needs nothing of
us when we are dead.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import structlog

from ami_bridge.client import AmiClient
from ami_bridge.desks import Telephone
from ami_bridge.errors import ActionRefused, AmiError
from queue_engine.ids import AgentId, QueueName

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class FallbackMirror:
    """The queues of one server."""

    server: str
    client: Callable[[], AmiClient]
    telephones: Callable[[], Iterable[str]]
    """All telephones of this server."""
    seated: Callable[[Telephone], AgentId | None]
    lines_of: Callable[[AgentId], Iterable[QueueName]]
    at_work: Callable[[AgentId], bool]
    """Logged in and not paused."""
    _told: dict[tuple[str, str], bool] = field(default_factory=dict)

    def forget(self) -> None:
        """Asterisk was restarted or reloaded: nothing that was told counts."""
        self._told.clear()

    def _wanted(self) -> Mapping[tuple[str, str], bool]:
        wanted: dict[tuple[str, str], bool] = {}
        for name in self.telephones():
            agent = self.seated(Telephone(self.server, name))
            if agent is not None:
                for line in self.lines_of(agent):
                    wanted[line, name] = self.at_work(agent)
        return wanted

    async def refresh(self, members: Iterable[tuple[str, str]]) -> None:
        """Bring Asterisk's queues into line; `members` are the (line, telephone) pairs of the generated queues.

        A telephone where nobody sits may be a member all the same: somebody sat there, maybe before we were started.
        """
        wanted = dict(self._wanted())
        static = list(members)
        lines = {line for line, _ in static} | {line for line, _ in wanted}
        for member in (*static, *((line, name) for name in self.telephones() for line in lines)):
            wanted.setdefault(member, False)
        for (line, name), working in wanted.items():
            if self._told.get((line, name)) != working:
                await self._tell(line, name, working=working)

    async def _tell(self, line: str, name: str, *, working: bool) -> None:
        interface = {"Queue": line, "Interface": f"PJSIP/{name}"}
        paused = {"Paused": "false" if working else "true"}
        try:
            try:
                await self.client().action("QueuePause", interface | paused)
            except ActionRefused:
                # No member of the line: that is as good as paused, and for a hot desk it is made one.
                if working:
                    await self.client().action("QueueAdd", interface | paused)
        except AmiError as error:
            log.warning("fallback.not_mirrored", server=self.server, line=line, telephone=name, error=str(error))
            return
        self._told[line, name] = working
