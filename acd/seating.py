"""Who sits at which telephone: after a restart, after a reload, and what the bridge must know when it changes.

Keeps beside the engine what the engine has no use for: the reason of a pause as the seats' file wants it, who logged
out by himself (no restart logs him in again), and whose telephones still ring while the daemon drains.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

from acd.seats import Seat, SeatFile
from ami_bridge.desks import Desks, Telephone
from config.model import Config
from queue_engine.facts import AgentState, AgentStateChanged
from queue_engine.ids import AgentId, QueueName
from queue_engine.inputs import AgentPaused, Input
from queue_engine.snapshot import EngineSnapshot

NOT_AT_WORK: Final = frozenset({AgentState.LOGGED_OUT, AgentState.PAUSED})
RESTART: Final = "restart"


class Seating:
    """Brings operators to their telephones and remembers where they were."""

    def __init__(
        self,
        config: Callable[[], Config],
        file: SeatFile,
        post: Callable[[Input], None],
        at_work_changed: Callable[[], None],
    ) -> None:
        self._config = config
        self._file = file
        self._post = post
        self._at_work_changed = at_work_changed
        self.desks = Desks(self.telephones(), post)
        self._paused: dict[AgentId, str] = {}
        self._at_work: set[AgentId] = set()
        self._left: set[AgentId] = set()
        """Who logged out by himself: no restart logs him in again."""
        self._ringing: set[AgentId] = set()
        """Whose telephones rang when the drain began."""
        self._rung_out = asyncio.Event()

    # -- what the configuration says -------------------------------------------------------------------------------

    def telephones(self) -> list[Telephone]:
        """Return every telephone of the configuration with its server."""
        config = self._config()
        first = config.servers[0].name
        return [Telephone(t.server or first, t.name) for t in config.telephones]

    def lines_of(self, agent: AgentId) -> tuple[QueueName, ...]:
        """Return the lines that an operator serves; none for one whom nobody knows."""
        config = self._config()
        operator = next((o for o in config.operators if o.number == agent), None)
        return tuple(QueueName(line) for line in config.lines_of(operator)) if operator else ()

    def agent_of(self, telephone: Telephone) -> AgentId:
        """Name who sits at a telephone, or else whose own it is, or else the telephone."""
        owner = next((o.number for o in self._config().operators if o.own_telephone == telephone.name), None)
        return self.desks.agent_at(telephone) or AgentId(owner or telephone.name)

    def is_at_work(self, agent: AgentId) -> bool:
        """Tell whether an operator is logged in and not paused."""
        return agent in self._at_work

    # -- who sits down ---------------------------------------------------------------------------------------------

    def take_again(self) -> None:
        """Seat everybody where he was before the restart, and who is logged in by his telephone alone."""
        known = {operator.number for operator in self._config().operators}
        for seat in self._file.read():
            telephone = Telephone(seat.server, seat.telephone)
            if not seat.telephone:
                self._left.add(AgentId(seat.agent))
            elif self.desks.knows(telephone) and seat.agent in known:
                self.desks.sit(AgentId(seat.agent), telephone, RESTART)
                if seat.paused_for is not None:
                    self._post(AgentPaused(AgentId(seat.agent), seat.paused_for, RESTART))
        self.log_in_automatic()

    def follow_telephones(self) -> None:
        """Take the telephones of a new configuration, before the engine hears of its operators."""
        self.desks.replace(self.telephones())

    def log_in_automatic(self) -> None:
        """Seat whoever is logged in by his telephone alone, unless he has logged out by himself."""
        for operator in self._config().operators:
            agent = AgentId(operator.number)
            if operator.auto_login and agent not in self._left and self.desks.telephone_of(agent) is None:
                self.sit_at_own(agent, "auto_login")

    def sit_at_own(self, agent: AgentId, by: str) -> bool:
        """Log an operator in at his own telephone; False when he has none."""
        operator = next((o for o in self._config().operators if o.number == agent), None)
        own = next((t for t in self.telephones() if operator and t.name == operator.own_telephone), None)
        if own is None:
            return False
        self.desks.sit(agent, own, by)
        return True

    def log_in_at(self, agent: AgentId, name: str, by: str, *, oust: bool) -> str:
        """Log an operator in at the telephone of this name; return why not, empty when he sits there.

        `telephone_unknown`: there is none. `telephone_taken`: somebody else sits there, and is not to be logged out.
        """
        telephone = next((t for t in self.telephones() if t.name == name), None)
        if telephone is None:
            return "telephone_unknown"
        if not oust and self.desks.agent_at(telephone) not in {None, agent}:
            return "telephone_taken"
        self.desks.sit(agent, telephone, by)
        return ""

    # -- what comes out of the engine ------------------------------------------------------------------------------

    def see(self, fact: AgentStateChanged) -> None:
        """Follow an operator's state: free his seat when he logs out, write the file when a restart must know."""
        agent, after = fact.agent, fact.after
        if after is AgentState.PAUSED:
            self._paused[agent] = fact.reason
        elif fact.before is AgentState.PAUSED:
            self._paused.pop(agent, None)
        if fact.before is AgentState.RINGING and agent in self._ringing:
            self._ringing.discard(agent)
            if not self._ringing:
                self._rung_out.set()
        if after is AgentState.LOGGED_OUT:
            self.desks.vacate(agent)
            self._left.add(agent)
        elif fact.before is AgentState.LOGGED_OUT:
            self._left.discard(agent)
        was, now = agent in self._at_work, after not in NOT_AT_WORK
        if now:
            self._at_work.add(agent)
        else:
            self._at_work.discard(agent)
        if was != now or AgentState.PAUSED in {fact.before, after}:
            self._file.write(self._seats())
            self._at_work_changed()

    def _seats(self) -> tuple[Seat, ...]:
        seated = [
            Seat(agent, telephone.server, telephone.name, self._paused.get(agent))
            for agent, telephone in sorted(self.desks.seats().items())
        ]
        return (*seated, *(Seat(agent, "", "") for agent in sorted(self._left)))

    # -- the drain -------------------------------------------------------------------------------------------------

    async def rung_out(self, snapshot: EngineSnapshot, limit_s: float) -> None:
        """Wait until no telephone rings any more that rings now, for so long at most."""
        self._ringing = {agent.agent for agent in snapshot.agents if agent.state is AgentState.RINGING}
        if self._ringing:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._rung_out.wait(), limit_s)
