"""What the engine's effects and facts do to the servers: its orders carried out, and what the bridge must know."""

from typing import ClassVar

from acd.callbacks.joined import CallingBack
from acd.seating import Seating
from ami_bridge.perform import Performer
from queue_engine.effects import Effect, OfferCall, WithdrawOffer
from queue_engine.facts import AgentStateChanged, CallMoved, CallReturned, Fact


class Performing:
    """The engine's hands in one running centre."""

    NOTES: ClassVar[frozenset[type]] = frozenset({AgentStateChanged, CallMoved, CallReturned})
    """The kinds of facts that `take_note` does something with."""

    def __init__(self, performer: Performer, calling_back: CallingBack, seating: Seating) -> None:
        self._performer = performer
        self._calling_back = calling_back
        self._seating = seating
        self.draining = False
        """True after the first signal: no call is offered any more, whoever comes after us offers it."""

    def perform(self, effect: Effect) -> None:
        """Carry an effect out, by the call-backs if it is about a telephone that rings for one."""
        if self.draining and isinstance(effect, OfferCall):
            return
        if isinstance(effect, WithdrawOffer) and self._calling_back.withdraw(effect.offer):
            return
        self._performer.perform(effect)

    def take_note(self, fact: Fact) -> None:
        """Tell the bridge what it must know of what has become true."""
        match fact:
            case CallReturned():
                self._performer.back_in_line(fact.call)
            case CallMoved():
                self._performer.moved(fact.call, fact.to)
            case AgentStateChanged():
                self._seating.see(fact)
            case _:
                pass
