"""A line with call-backs whose engine, bridge and people are played by the test, one message at a time."""

from collections.abc import Iterable

from callback.book import CallbackBook, Step
from callback.effects import CallbackEffect, DialCaller, EnqueueCallback
from callback.facts import CallbackFact
from callback.ids import RequestId
from callback.inputs import AttemptFailed, CallbackInput, CallerAnswered, CallerDialled, CallerRang
from callback.kinds import AttemptFailure, ImpossibleReason
from callback.numbers import Dialable, Undialable
from callback.policy import CallbackPolicy
from callback.request import Request
from queue_engine.facts import (
    AbandonStage,
    CallAbandoned,
    CallAccepted,
    CallAnswered,
    CallEnded,
    CallOffered,
    Fact,
    OfferMissed,
)
from queue_engine.ids import AgentId, CallId, Instant, OfferId, QueueName
from queue_engine.inputs import Party, RingFailure

LINE = QueueName("122")
OTHER_LINE = QueueName("1300")
CALL = CallId("a-1.1")
CALLER = "+78452000001"
ANNA = AgentId("101")
BORIS = AgentId("102")
START = Instant(1_795_000_000.0)
RTP_TIMEOUT = 44


def as_shown(shown: str) -> Dialable | Undialable:
    """Take numbers as they are: normalising is not the book's."""
    if not shown:
        return Undialable(ImpossibleReason.WITHHELD)
    return Dialable(shown) if shown.startswith("+") else Undialable(ImpossibleReason.INVALID)


class Centre:
    """The book, the time, and everything it has said."""

    def __init__(self, policy: CallbackPolicy | None = None, *others: CallbackPolicy) -> None:
        self.policies = (policy or CallbackPolicy(LINE), *others)
        self.book = CallbackBook(self.policies, as_shown)
        self.now = START
        self.facts: list[CallbackFact] = []
        self.effects: list[CallbackEffect] = []
        self.rows: dict[RequestId, Request] = {}
        self._offers = 0

    def see(self, step: Step) -> Step:
        """Keep what a step has brought."""
        self.facts += step.facts
        self.effects += step.effects
        self.rows |= {row.request: row for row in step.changed}
        return step

    def tell(self, told: CallbackInput) -> Step:
        """The shell or a person says something."""
        return self.see(self.book.handle(told, self.now))

    def fact(self, fact: Fact) -> Step:
        """The engine says something."""
        return self.see(self.book.observe(fact, self.now))

    def after(self, seconds: float) -> None:
        """Let time pass, stopping at every instant that the book has asked for."""
        until = self.now + seconds
        while (due := self.book.next_deadline()) is not None and due <= until:
            self.now = Instant(max(self.now, due))
            self.see(self.book.advance(self.now))
        self.now = Instant(until)
        self.see(self.book.advance(self.now))

    def restart(self) -> None:
        """Kill the daemon and start another with what was stored."""
        self.book = CallbackBook(self.policies, as_shown)
        self.see(self.book.restore(self.rows.values(), self.now))

    def of(self, *kinds: type[CallbackFact]) -> list[CallbackFact]:
        """Return the facts of these kinds."""
        return [fact for fact in self.facts if isinstance(fact, kinds)]

    def asked(self, *kinds: type[CallbackEffect]) -> list[CallbackEffect]:
        """Return the effects of these kinds."""
        return [effect for effect in self.effects if isinstance(effect, kinds)]

    @property
    def present(self) -> CallId:
        """The call id of the newest attempt that asked for an operator."""
        return [effect for effect in self.effects if isinstance(effect, EnqueueCallback)][-1].call

    @property
    def dialled(self) -> DialCaller:
        """The newest order to dial."""
        return [effect for effect in self.effects if isinstance(effect, DialCaller)][-1]

    @property
    def row(self) -> Request:
        """The only or newest request."""
        return self.rows[max(self.rows)]

    def accepted(self, call: CallId = CALL, caller: str = CALLER, queue: QueueName = LINE) -> None:
        """A caller calls in."""
        self.fact(CallAccepted(self.now, call, queue, caller, self.now, 0))

    def answered(self, call: CallId = CALL, agent: AgentId = ANNA, queue: QueueName = LINE) -> None:
        """An operator and a caller talk."""
        self.fact(CallAnswered(self.now, call, queue, None, agent, 5.0))

    def ended(
        self,
        call: CallId = CALL,
        *,
        by: Party = Party.CALLER,
        cause: int = RTP_TIMEOUT,
        talked_s: float = 60.0,
        agent: AgentId = ANNA,
        caller: str = CALLER,
        queue: QueueName = LINE,
    ) -> None:
        """A talk is over; by default it broke."""
        self.fact(CallEnded(self.now, call, queue, caller, agent, by, cause, 5.0, talked_s))

    def abandoned(
        self,
        call: CallId = CALL,
        *,
        waited_s: float = 30.0,
        cause: int = 16,
        caller: str = CALLER,
        queue: QueueName = LINE,
    ) -> None:
        """A caller leaves the line."""
        self.fact(CallAbandoned(self.now, call, queue, caller, AbandonStage.WAITING, waited_s, cause))

    def reserve(self, agent: AgentId = ANNA, call: CallId | None = None) -> OfferId:
        """The engine keeps an operator for the present attempt."""
        self._offers += 1
        self.fact(CallOffered(self.now, call or self.present, LINE, OfferId(self._offers), agent, 0.0))
        return OfferId(self._offers)

    def missed(self, offer: OfferId, agent: AgentId = ANNA) -> None:
        """The operator does not pick up."""
        self.fact(OfferMissed(self.now, self.present, LINE, offer, agent, RingFailure.NO_ANSWER, 5.0))

    def rings(self) -> None:
        """The caller's number is called and rings."""
        self.tell(CallerDialled(self.present))
        self.tell(CallerRang(self.present))

    def talks(self, agent: AgentId = ANNA) -> None:
        """The caller answers and operator and caller talk."""
        self.tell(CallerAnswered(self.present))
        self.answered(self.present, agent)

    def fails(self, failure: AttemptFailure = AttemptFailure.NO_ANSWER) -> None:
        """The attempt comes to nothing."""
        self.tell(AttemptFailed(self.present, failure))


def kinds(things: Iterable[object]) -> list[str]:
    """Return the names of the types, for a trace."""
    return [type(thing).__name__ for thing in things]
