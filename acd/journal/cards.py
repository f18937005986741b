"""The appeal card as a value, and the two things that happen to it: an edit of its fields, and a move to another state.

Pure: `edit` and `move` return the next card or raise; the store writes it, the service decides who may ask. What a move
needs to be filled in first, which limits it starts and which it stops is decided here, which states it may join in
`states`, how long the limits are in `profiles`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any, Final

from acd.journal.errors import CardIncomplete, TooLate, TransitionRefused
from acd.journal.limits import Due, Limit, Urgency, due_of
from acd.journal.numbers import CardNumber
from acd.journal.profiles import JournalProfile
from acd.journal.states import OPEN, CardState, CardTrigger, Colour, Holder, colour, next_state
from config.worktime import WorkTime
from queue_engine.ids import Instant


class Channel(StrEnum):
    """How the appeal came (KEM 5.1, UDM 7.4)."""

    TELEPHONE = "telephone"
    EMAIL = "email"
    WEB_SITE = "web_site"
    PAPER = "paper"
    IN_PERSON = "in_person"
    VOICE_MESSAGE = "voice_message"


class Alarm(StrEnum):
    """What falls due on a card."""

    REGISTER_AHEAD = "register_ahead"
    REGISTER_BREACH = "register_breach"
    RESOLVE_AHEAD = "resolve_ahead"
    RESOLVE_BREACH = "resolve_breach"
    FEEDBACK_AHEAD = "feedback_ahead"
    FEEDBACK_BREACH = "feedback_breach"
    PROMISE = "promise"
    REOPENING_OVER = "reopening_over"


@dataclass(frozen=True, slots=True)
class Card:
    """One appeal. Instants are epoch seconds; None is "not yet" or "never"."""

    service: str
    prefix: str
    year: int
    opened_at: Instant
    channel: Channel
    id: int = 0
    """0 until stored."""
    running: int = 0
    version: int = 1
    """Grows with each change: the optimistic lock."""
    state: CardState = CardState.NEW
    holder: Holder = Holder.CENTRE
    organisation_id: int | None = None
    urgency: Urgency = Urgency.LOW
    line: str = ""
    """The line that the call came in on; its scripts are shown with the card."""
    caller: str = ""
    """The caller's number as the network showed it."""
    contact_name: str = ""
    contact_phone: str = ""
    contact_email: str = ""
    anonymous: bool = False
    reason_id: int | None = None
    description: str = ""
    measures: str = ""
    rejection: str = ""
    """Why it is outside the centre's competence."""
    responsible: str = ""
    """Login of the person who answers for it (KEM 3.2.2)."""
    registered_at: Instant | None = None
    handed_at: Instant | None = None
    promised_at: Instant | None = None
    finished_at: Instant | None = None
    closed_at: Instant | None = None
    reopened: int = 0
    """How many times."""
    register_warn_at: Instant | None = None
    register_due_at: Instant | None = None
    resolve_warn_at: Instant | None = None
    resolve_due_at: Instant | None = None
    feedback_warn_at: Instant | None = None
    feedback_due_at: Instant | None = None
    reopen_until: Instant | None = None
    announced: frozenset[Alarm] = frozenset()
    """Alarms that have been told already."""

    @property
    def number(self) -> CardNumber:
        """What the caller is told."""
        return CardNumber(self.prefix, self.year, self.running)

    @property
    def colour(self) -> Colour:
        """Of the row in the journal."""
        return colour(self.state, self.holder)

    @property
    def due_at(self) -> Instant | None:
        """The nearest limit that can still break."""
        return min((at for at, alarm in _alarms(self) if alarm in BREACHES), default=None)

    @property
    def breached(self) -> bool:
        """Whether a limit of the card broke and was announced."""
        return bool(self.announced & BREACHES)

    @property
    def warned(self) -> bool:
        """Whether a limit that still runs was announced to break soon."""
        running = {alarm for _, alarm in _alarms(self)} - self.announced
        return any(AHEAD_OF[alarm] in self.announced for alarm in running & BREACHES)


EDITABLE: Final = frozenset(
    {
        "channel", "urgency", "contact_name", "contact_phone", "contact_email", "anonymous", "reason_id",
        "description", "measures", "rejection", "responsible", "organisation_id", "holder", "promised_at",
    }
)  # fmt: skip
"""Fields that a person fills in. Holder, organisation and promise change only together with a move."""

_ONLY_WITH: Final[Mapping[str, CardTrigger]] = {
    "holder": CardTrigger.HAND_OVER,
    "organisation_id": CardTrigger.HAND_OVER,
    "promised_at": CardTrigger.DEFER,
}
_OUTSIDE: Final = frozenset({Holder.CLINIC, Holder.INSURER})
"""Holders of which there are several: which one has to be said."""
AHEAD_OF: Final[Mapping[Alarm, Alarm]] = {
    Alarm.REGISTER_BREACH: Alarm.REGISTER_AHEAD,
    Alarm.RESOLVE_BREACH: Alarm.RESOLVE_AHEAD,
    Alarm.FEEDBACK_BREACH: Alarm.FEEDBACK_AHEAD,
}
"""What announces each breach."""
BREACHES: Final = frozenset({Alarm.REGISTER_BREACH, Alarm.RESOLVE_BREACH, Alarm.FEEDBACK_BREACH})

FIELD_NAMES: Final = tuple(field.name for field in fields(Card))


@dataclass(frozen=True, slots=True)
class Rules:
    """By what a card is judged: the regulation, and the site's working time."""

    profile: JournalProfile
    work: WorkTime

    def due(self, limit: Limit | None, start: Instant) -> Due | None:
        """Return when the limit, running from `start`, is announced and breaks; None where nothing is limited."""
        return due_of(limit, self.work, start, self.profile.limits.warn_share)


def open_card(rules: Rules, now: Instant, channel: Channel, **given: Any) -> Card:
    """Return a fresh card, its limits running from `now`; `given` are fields of `Card`."""
    profile = rules.profile
    card = Card(profile.name, profile.prefix, rules.work.local_date(now).year, now, channel, **given)
    return _with_limits(card, rules)


def edit(card: Card, changes: Mapping[str, Any], rules: Rules) -> Card:
    """Return the card with the changed fields and, if its urgency changed, its new limits.

    Raises:
        TransitionRefused: The card is closed for good, or the change belongs to a move.
        KeyError: A field that nobody fills in.
    """
    if card.state is CardState.CLOSED:
        raise TransitionRefused(card.state, "edit")
    for name, value in changes.items():
        trigger = _ONLY_WITH.get(name)
        if trigger is not None and value != getattr(card, name):
            raise TransitionRefused(card.state, trigger)
    return _changed(card, changes, rules)


def _changed(card: Card, changes: Mapping[str, Any], rules: Rules) -> Card:
    unknown = set(changes) - EDITABLE
    if unknown:
        raise KeyError(*sorted(unknown))
    after = replace(card, **changes)
    if after.urgency is not card.urgency:
        after = _with_limits(after, rules)
    return after


def move(card: Card, trigger: CardTrigger, changes: Mapping[str, Any], rules: Rules, now: Instant) -> Card:
    """Return the card after `trigger`, fired at `now` together with `changes`; the same card if the trigger is stale.

    Raises:
        TransitionRefused: The state or the profile does not allow it.
        CardIncomplete: Something has to be filled in first.
        TooLate: The time for reopening is over.
    """
    if trigger in rules.profile.forbidden:
        raise TransitionRefused(card.state, trigger)
    state = next_state(card.state, trigger)
    if state is card.state and (card.state, trigger) not in _STAYING:
        return card
    if trigger is CardTrigger.REOPEN and card.reopen_until is not None and now > card.reopen_until:
        raise TooLate(card.reopen_until)
    filled = _changed(card, changes, rules)
    missing = tuple(name for name, lacks in _NEEDS.get(trigger, ()) if lacks(filled, now))
    if missing:
        raise CardIncomplete(trigger, missing)
    if trigger is CardTrigger.HAND_OVER and filled.holder not in rules.profile.holders:
        raise CardIncomplete(trigger, ("holder",))
    return _entered(replace(filled, state=state), trigger, rules, now)


_STAYING: Final = frozenset(
    {(CardState.HANDED_OVER, CardTrigger.HAND_OVER), (CardState.DEFERRED, CardTrigger.DEFER)}
)  # the state remains, the card does not

Lacks = Callable[[Card, Instant], bool]
_NEEDS: Final[Mapping[CardTrigger, tuple[tuple[str, Lacks], ...]]] = {
    CardTrigger.REGISTER: (
        ("reason_id", lambda card, _: card.reason_id is None),
        ("description", lambda card, _: not card.description.strip()),
        ("contact_name", lambda card, _: not (card.anonymous or card.contact_name.strip())),
        ("contact_phone", lambda card, _: not (card.anonymous or card.contact_phone or card.contact_email)),
    ),
    CardTrigger.HAND_OVER: (
        ("holder", lambda card, _: card.holder is Holder.CENTRE),
        ("organisation_id", lambda card, _: card.holder in _OUTSIDE and card.organisation_id is None),
    ),
    CardTrigger.DEFER: (
        ("promised_at", lambda card, now: card.promised_at is None or card.promised_at <= now),
        ("contact_phone", lambda card, _: not (card.contact_phone or card.contact_email)),  # UDM 5.9
    ),
    CardTrigger.FINISH: (("measures", lambda card, _: not card.measures.strip()),),  # UDM 7.7
    CardTrigger.ENTER_RESULT: (("measures", lambda card, _: not card.measures.strip()),),
    CardTrigger.REJECT: (
        ("description", lambda card, _: not card.description.strip()),
        ("rejection", lambda card, _: not card.rejection.strip()),
    ),
}


def _entered(card: Card, trigger: CardTrigger, rules: Rules, now: Instant) -> Card:
    """Return the card with what follows from its new state: stamps, limits that start, limits that stop."""
    match card.state:
        case CardState.IN_WORK:
            card = replace(card, holder=Holder.CENTRE, organisation_id=None, promised_at=None)
            if trigger is CardTrigger.REGISTER:
                card = replace(card, registered_at=now)
        case CardState.HANDED_OVER:
            card = replace(card, handed_at=now, promised_at=None)
            card = _feedback(card, rules)
        case CardState.DEFERRED:
            card = _told_again(card, Alarm.PROMISE)
        case CardState.FINISHED | CardState.REJECTED:
            due = rules.due(rules.profile.limits.reopen, now)
            until = due.due_at if due else None
            card = replace(card, finished_at=now, reopen_until=until, registered_at=card.registered_at or now)
            card = _told_again(card, Alarm.REOPENING_OVER)
        case CardState.REOPENED:
            # The measures that did not satisfy stay in the history; the next completion needs new ones.
            card = replace(
                card, finished_at=None, reopen_until=None, measures="", rejection="", reopened=card.reopened + 1,
                holder=Holder.CENTRE, organisation_id=None,
            )  # fmt: skip
            card = _resolve(card, rules, now)
        case CardState.CLOSED:
            card = replace(card, closed_at=now, reopen_until=None)
        case CardState.NEW:
            pass
    return card


def _with_limits(card: Card, rules: Rules) -> Card:
    warn_at, due_at = _pair(rules.due(rules.profile.limits.register.get(card.urgency), card.opened_at))
    card = replace(card, register_warn_at=warn_at, register_due_at=due_at)
    card = _told_again(card, Alarm.REGISTER_AHEAD, Alarm.REGISTER_BREACH)
    return _resolve(card, rules, card.opened_at)


def _resolve(card: Card, rules: Rules, start: Instant) -> Card:
    warn_at, due_at = _pair(rules.due(rules.profile.limits.resolve.get(card.urgency), start))
    card = replace(card, resolve_warn_at=warn_at, resolve_due_at=due_at)
    return _told_again(card, Alarm.RESOLVE_AHEAD, Alarm.RESOLVE_BREACH)


def _feedback(card: Card, rules: Rules) -> Card:
    if card.handed_at is None or card.holder not in {Holder.CLINIC, Holder.MINISTRY}:
        return replace(card, feedback_warn_at=None, feedback_due_at=None)
    warn_at, due_at = _pair(rules.due(rules.profile.limits.feedback, card.handed_at))
    card = replace(card, feedback_warn_at=warn_at, feedback_due_at=due_at)
    return _told_again(card, Alarm.FEEDBACK_AHEAD, Alarm.FEEDBACK_BREACH)


def _pair(due: Due | None) -> tuple[Instant | None, Instant | None]:
    return (due.warn_at, due.due_at) if due else (None, None)


def _told_again(card: Card, *alarms: Alarm) -> Card:
    return replace(card, announced=card.announced - set(alarms))


def _alarms(card: Card) -> list[tuple[Instant, Alarm]]:
    """Return what can still fall due in the card's state."""
    found: list[tuple[Instant | None, Alarm]] = []
    if card.state is CardState.NEW:
        found += [(card.register_warn_at, Alarm.REGISTER_AHEAD), (card.register_due_at, Alarm.REGISTER_BREACH)]
    if card.state in OPEN:
        found += [(card.resolve_warn_at, Alarm.RESOLVE_AHEAD), (card.resolve_due_at, Alarm.RESOLVE_BREACH)]
    if card.state is CardState.HANDED_OVER:
        found += [(card.feedback_warn_at, Alarm.FEEDBACK_AHEAD), (card.feedback_due_at, Alarm.FEEDBACK_BREACH)]
    if card.state is CardState.DEFERRED:
        found.append((card.promised_at, Alarm.PROMISE))
    if card.state in {CardState.FINISHED, CardState.REJECTED}:
        found.append((card.reopen_until, Alarm.REOPENING_OVER))
    return [(at, alarm) for at, alarm in found if at is not None]


def next_alarm(card: Card) -> tuple[Instant, Alarm] | None:
    """Return what falls due next on the card and has not been announced; None if nothing does."""
    return min((pair for pair in _alarms(card) if pair[1] not in card.announced), default=None)
