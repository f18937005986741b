"""What has become true in the journal: for MQTT, the desk's event stream and the log. No fact holds personal data."""

from dataclasses import dataclass

from acd.journal.cards import Alarm
from acd.journal.states import CardState
from queue_engine.ids import Instant


@dataclass(frozen=True, slots=True)
class CardOpened:
    """A card exists. `agent` has the caller on the line, if it was opened by a call."""

    at: Instant
    service: str
    card: int
    number: str
    agent: str | None = None


@dataclass(frozen=True, slots=True)
class TalkBegan:
    """An operator talks to the caller of a card that was there before: a call-back, a call that was passed on."""

    at: Instant
    service: str
    card: int
    number: str
    agent: str


@dataclass(frozen=True, slots=True)
class CardChanged:
    """A card was edited, or moved if the states differ."""

    at: Instant
    service: str
    card: int
    number: str
    before: CardState
    after: CardState
    by: str


@dataclass(frozen=True, slots=True)
class AlarmRaised:
    """A limit is about to break or has broken, or a promised answer is due."""

    at: Instant
    service: str
    card: int
    number: str
    alarm: Alarm
    due_at: Instant


JournalFact = CardOpened | TalkBegan | CardChanged | AlarmRaised
