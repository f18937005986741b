"""Call-backs joined to the rest of the running centre: the book, its ways out, and what each server still holds of it.

After a restart nothing is dialled before every server that calls out has said which call-backs it still holds: a number
that rings already is never dialled a second time.
"""

import asyncio
from collections.abc import Callable, Mapping

from sqlalchemy.ext.asyncio import AsyncEngine

from acd.callbacks.places import PlaceKeys
from acd.callbacks.policies import callback_policies, channels, ways_out
from acd.callbacks.shell import Callbacks, Surroundings
from acd.callbacks.store import RequestStore
from acd.clock import Clock
from acd.numbers import number_rule
from acd.runner import EngineRunner
from acd.seating import Seating
from acd.server import AsteriskServer
from ami_bridge.message import AmiMessage
from ami_bridge.outgoing import OutgoingCalls
from ami_bridge.perform import Performer
from ami_bridge.resync import EVER
from ami_bridge.supervision import SpiedTalk
from callback.facts import CallbackFact
from callback.inputs import CallbackAsked, LiveAttempt
from config.model import Config
from queue_engine.ids import AgentId, CallId, Instant, OfferId, QueueName


class CallingBack:
    """The call-backs of one running centre."""

    def __init__(
        self,
        config: Callable[[], Config],
        clock: Clock,
        loop: asyncio.AbstractEventLoop,
        records: AsyncEngine,
        runner: EngineRunner,
        performer: Performer,
        seating: Seating,
        tell: Callable[[CallbackFact], None],
    ) -> None:
        self._config = config
        self._clock = clock
        self._numbers = number_rule()
        self._outgoing: dict[str, OutgoingCalls] = {}
        self._found: dict[str, list[LiveAttempt]] = {}
        """What each server held of outgoing calls when its link came up."""
        places = PlaceKeys(config, self._numbers, clock.now, runner.snapshot, performer.say)
        around = Surroundings(
            post=runner.post,
            tell=tell,
            desks=seating.desks,
            outgoing=self._outgoing,
            release=performer.send_to,
            asked=lambda fact: places.pressed(fact, self.callbacks),
            lines_of=seating.lines_of,
        )
        store = RequestStore(config().database.spool.with_suffix(".callbacks"), records, clock)
        self.callbacks = Callbacks(self._numbers, clock, loop, store, around)

    def join(self, server: AsteriskServer) -> None:
        """Let a server call out."""
        outgoing = OutgoingCalls(server.board, lambda: server.client, server.hang_up, self.callbacks.handle)
        server.first_told = outgoing.on_event
        self._outgoing[server.name] = outgoing

    async def start(self) -> None:
        """Take back what is owed from the run before.

        Raises:
            OSError: The file of requests cannot be written.
        """
        await self.callbacks.restore(callback_policies(self._config(), self._numbers, self._clock.now()))
        self.configure()

    def configure(self) -> None:
        """Take the configuration, for the first time or again."""
        config = self._config()
        policies = callback_policies(config, self._numbers, self._clock.now())
        self.callbacks.configure(policies, ways_out(config), channels(config))

    def add(self, queue: QueueName, number: str, by: str) -> str | None:
        """Book a call-back for somebody; return why not, or None when it is booked."""
        refused = self.callbacks.refusal(queue, number)
        if refused is None:
            self.callbacks.handle(CallbackAsked(queue, number, by))
        return None if refused is None else refused.value

    def talk_of(self, agent: AgentId) -> SpiedTalk | None:
        """Return the talk of an operator who has called somebody back from his own telephone."""
        for outgoing in self._outgoing.values():
            found = outgoing.talk_of(agent)
            if found is not None:
                return SpiedTalk(*found, legs=None)
        return None

    def withdraw(self, offer: OfferId) -> bool:
        """Stop a telephone that rings for a call-back; False when the offer is none of ours."""
        return any(outgoing.withdraw(offer) for outgoing in self._outgoing.values())

    # -- after a link has come up ----------------------------------------------------------------------------------

    def resynchronise(self, server: str, present: Mapping[str, AmiMessage], read_at: Instant = EVER) -> None:
        """Learn from a server's channels, as they were at an instant, which call-backs it holds."""
        self._found[server] = self._outgoing[server].resynchronise(present, read_at)

    def attempts_known(self) -> bool:
        """Tell whether every server that calls out has said which call-backs it holds."""
        return self._found.keys() >= {way.server for way in ways_out(self._config()).values()}

    def resume(self) -> None:
        """Let the book dial, once all is known of what is still held."""
        if self.attempts_known():
            found = {attempt.call for live in self._found.values() for attempt in live}
            held = [a for name, live in self._found.items() for a in live if self.holds(name, a.call)]
            begun = {call for name in self._found for call in self._outgoing[name].calls() if call not in found}
            self.callbacks.resynchronised(held, begun)

    def holds(self, server: str, call: CallId) -> bool:
        """Tell whether a server holds a call-back's channel."""
        return self._outgoing[server].holds(call)
