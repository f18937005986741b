"""Who hears what becomes true without the engine: records, figures, the broker, the log, those who follow events.

What the engine says goes to the same ears in `acd/running.py`, one after the other, with what must hear it before the
records do and the records' own way of writing many at once.
"""

from acd.control.events import EventLog
from acd.fact_log import log_fact
from acd.meters.counted import Counted
from acd.publish.publisher import Publisher
from callback.facts import CallbackFact
from metrics.facts import TalkFact
from metrics.live import LiveFigures
from metrics.records.recorder import Recorder
from metrics.service_facts import ServiceFact
from queue_engine.facts import Fact


class Hearing:
    """The ears of one running centre."""

    def __init__(self, recorder: Recorder, events: EventLog, live: LiveFigures, counted: Counted) -> None:
        self._recorder = recorder
        self._events = events
        self._live = live
        self._counted = counted
        self.publisher: Publisher | None = None
        """The broker's, if the site has one."""

    def publish(self, fact: Fact | CallbackFact | ServiceFact | TalkFact) -> None:
        """Tell the broker."""
        if self.publisher is not None:
            self.publisher.see(fact)

    def tell(self, fact: Fact | CallbackFact | TalkFact) -> None:
        """Tell a fact of a call that is not the engine's of this moment."""
        self._recorder.record(fact)
        self._events.take(fact)
        self._live.see(fact)
        self._counted.see(fact)
        self.publish(fact)
        log_fact(fact)

    def tell_service(self, fact: ServiceFact) -> None:
        """Tell a fact that is about no call of this moment."""
        self._recorder.record(fact)
        self._events.take(fact)
        self.publish(fact)
        log_fact(fact)
