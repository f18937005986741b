"""A call centre in miniature for tests: an engine, a time, and a ledger that holds every fact against every other."""

from collections import Counter
from typing import TypeVar

from queue_engine import QueueEngine, Step, facts
from queue_engine.effects import OfferCall, ReleaseCall, SendCallTo, WithdrawOffer
from queue_engine.facts import AgentState
from queue_engine.ids import AgentId, CallId, Instant, OfferId, QueueName
from queue_engine.inputs import AgentLoggedIn, CallArrived, CallbackWithdrawn, Input, OfferAnswered, PoliciesLoaded
from queue_engine.invariants import check
from queue_engine.policy import AgentPolicy, QueuePolicy

F = TypeVar("F")

START = 1_800_000_000.0
LINE = QueueName("122")

ENDS = (facts.CallEnded, facts.CallAbandoned, facts.CallOverflowed, facts.CallDied)


class Ledger:
    """What the facts alone say. A contradiction between two facts is a failure."""

    def __init__(self) -> None:
        self.accepted: list[CallId] = []
        self.live: dict[CallId, str] = {}
        self.ringing: dict[OfferId, tuple[CallId, AgentId]] = {}
        self.offered: dict[OfferId, tuple[CallId, AgentId]] = {}
        self.agents: dict[AgentId, tuple[AgentState, float]] = {}
        self.ended: Counter[CallId] = Counter()

    def see(self, fact: facts.Fact) -> None:
        """Hold one fact against what was said before."""
        match fact:
            case facts.CallAccepted() | facts.CallRecovered() | facts.CallbackQueued():
                assert fact.call not in self.live
                self.accepted.append(fact.call)
                self.live[fact.call] = "waiting"
            case facts.CallOffered():
                assert self.live[fact.call] == "waiting"
                assert fact.offer not in self.offered
                assert fact.agent not in {agent for _, agent in self.ringing.values()}
                self.ringing[fact.offer] = self.offered[fact.offer] = (fact.call, fact.agent)
            case facts.OfferMissed() | facts.OfferWithdrawn():
                assert self.ringing.pop(fact.offer) == (fact.call, fact.agent)
            case facts.CallAnswered():
                assert self.live[fact.call] in ("waiting", "talking")
                if fact.offer is not None:
                    assert self.ringing.pop(fact.offer) == (fact.call, fact.agent)
                else:  # found talking: whoever rang for it with this operator rings no more
                    self.ringing = {o: pair for o, pair in self.ringing.items() if pair != (fact.call, fact.agent)}
                assert fact.waited_s >= 0
                self.live[fact.call] = "talking"
            case facts.CallReturned():
                assert self.live[fact.call] == "talking"
                self.live[fact.call] = "waiting"
            case facts.CallEnded():
                assert self.live.pop(fact.call) == "talking"
                assert fact.waited_s >= 0
                assert fact.talked_s >= 0
                self.ended[fact.call] += 1
            case facts.CallAbandoned() | facts.CallOverflowed() | facts.CallDied():
                assert self.live.pop(fact.call) == "waiting"
                assert fact.waited_s >= 0
                self.ended[fact.call] += 1
            case facts.AgentStateChanged():
                before, since = self.agents.get(fact.agent, (fact.before, fact.at - fact.before_s))
                assert fact.before is before
                # An operator who is taken out of the configuration and put back begins anew, logged out.
                assert fact.before_s == fact.at - since or fact.before is AgentState.LOGGED_OUT
                self.agents[fact.agent] = (fact.after, fact.at)
            case _:
                pass

    def withdrawn(self, call: CallId) -> None:
        """A call-back that never had a channel leaves without an outcome: the book has it."""
        if self.live.get(call) == "waiting":
            del self.live[call]
            self.ended[call] += 1

    def agrees_with(self, engine: QueueEngine) -> None:
        """What the facts say is what the engine shows."""
        snapshot = engine.snapshot()
        shown = {view.call: "waiting" for line in snapshot.lines for view in line.waiting}
        shown |= {view.call: "talking" for line in snapshot.lines for view in line.talking}
        assert self.live == shown
        assert Counter(self.accepted) == self.ended + Counter(self.live.keys())
        ringing = {(view.offer, view.agent) for view in snapshot.agents if view.offer is not None}
        assert {(offer, agent) for offer, (_, agent) in self.ringing.items()} == ringing
        for view in snapshot.agents:
            assert self.agents.get(view.agent, (AgentState.LOGGED_OUT, 0))[0] is view.state


class Centre:
    """An engine that is checked after every step."""

    def __init__(self, *queues: QueuePolicy, agents: tuple[AgentPolicy, ...] = (), first_offer: int = 1) -> None:
        self.engine = QueueEngine(first_offer)
        self.now = START
        self.ledger = Ledger()
        self.steps: list[Step] = []
        self.feed(PoliciesLoaded(queues or (QueuePolicy(LINE),), agents))

    def feed(self, event: Input) -> Step:
        """Hand in one input at the present time."""
        self.fed: Input | None = event
        return self._see(self.engine.handle(event, Instant(self.now)))

    def wait(self, seconds: float) -> Step:
        """Let time pass, calling `advance` at each deadline as a shell does."""
        end = self.now + seconds
        self.fed = None
        facts_seen: list[facts.Fact] = []
        effects = []
        while (due := self.engine.next_deadline()) is not None and due <= end:
            self.now = max(self.now, due)
            step = self._see(self.engine.advance(Instant(self.now)))
            facts_seen += step.facts
            effects += step.effects
        self.now = end
        step = self._see(self.engine.advance(Instant(end)))
        return Step((*facts_seen, *step.facts), (*effects, *step.effects))

    def _see(self, step: Step) -> Step:
        self.steps.append(step)
        for fact in step.facts:
            self.ledger.see(fact)
        if isinstance(self.fed, CallbackWithdrawn):
            self.ledger.withdrawn(self.fed.call)
        for effect in step.effects:
            match effect:
                case OfferCall():
                    told = {ring.offer: (effect.call, ring.agent) for ring in effect.rings}
                    assert told == {offer: self.ledger.offered[offer] for offer in told}
                case WithdrawOffer():
                    assert effect.offer not in self.ledger.ringing
                case SendCallTo() | ReleaseCall():
                    assert effect.call in self.ledger.ended or of(step, facts.CallRefused)
        assert check(self.engine) == []
        self.ledger.agrees_with(self.engine)
        return step

    # Shorthands

    def call(self, name: str, queue: str = LINE, *, ago: float = 0.0, priority: int = 0, **more: object) -> Step:
        """A caller arrives, whose number is the call's name."""
        event = CallArrived(CallId(name), QueueName(queue), name, Instant(self.now - ago), priority, **more)  # type: ignore[arg-type]
        return self.feed(event)

    def log_in(self, *agents: str) -> None:
        """Operators log in, one after the other."""
        for agent in agents:
            self.feed(AgentLoggedIn(AgentId(agent), agent))

    def state(self, agent: str) -> AgentState:
        """Return what the operator is doing."""
        return next(view.state for view in self.engine.snapshot().agents if view.agent == agent)

    def waiting(self, queue: str = LINE) -> list[str]:
        """Return the unanswered calls of the line in the order of their places."""
        return [view.call for line in self.engine.snapshot().lines if line.queue == queue for view in line.waiting]

    def call_state(self, call: str) -> str:
        """Return where a live call is."""
        views = [view for line in self.engine.snapshot().lines for view in (*line.waiting, *line.talking)]
        return next(view.state for view in views if view.call == call)

    def offers(self) -> dict[str, str]:
        """Return which call each ringing operator is offered."""
        return {view.agent: view.call for view in self.engine.snapshot().agents if view.offer is not None and view.call}

    def offer_of(self, agent: str) -> OfferId:
        """Return the live offer of the operator."""
        offer = next(view.offer for view in self.engine.snapshot().agents if view.agent == agent)
        assert offer is not None
        return offer


def of(step: Step, kind: type[F]) -> list[F]:
    """Return the facts or effects of one kind."""
    return [each for each in (*step.facts, *step.effects) if isinstance(each, kind)]


def agent(name: str, *queues: str, **more: object) -> AgentPolicy:
    """An operator who serves these lines, or the one line."""
    return AgentPolicy(AgentId(name), tuple(map(QueueName, queues or (LINE,))), **more)  # type: ignore[arg-type]


def talking(**line):
    """A centre where operator 1 has been talking to caller a for ten seconds."""
    centre = Centre(QueuePolicy(LINE, **line), agents=(agent("1"), agent("2")))
    centre.log_in("1")
    centre.call("a")
    centre.wait(4)
    centre.feed(OfferAnswered(centre.offer_of("1")))
    centre.wait(10)
    return centre
