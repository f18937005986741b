"""One request: what is known of it, as one frozen row that is also what is stored.

A request is changed by replacing its row, so a snapshot is the rows and a restart reads them back as they were.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from callback.ids import RequestId, attempt_call
from callback.kinds import (
    AttemptFailure,
    GiveUpReason,
    Hold,
    ImpossibleReason,
    Leg,
    Mode,
    Origin,
    TalkOutcome,
)
from callback.states import FINAL, RequestState
from queue_engine.ids import AgentId, CallId, Instant, OfferId, QueueName


@dataclass(frozen=True, slots=True)
class Attempt:
    """One time that the caller's number was called."""

    call: CallId
    started_at: Instant
    ended_at: Instant | None = None
    failure: AttemptFailure | None = None


@dataclass(frozen=True, slots=True)
class ListCall:
    """What a call list asks of the call that it books, beside the line's policy."""

    contact: int
    """Whom it is for: the list's own number of the contact. The request is what proves that he was called."""
    priority: int = 0
    """Class of the call in the line, in place of the policy's."""
    first_leg: Leg | None = None
    """Which side is dialled first; None: as the line does it."""
    menu: str = ""
    """What he hears in place of an operator: the name of a menu of the dialplan; empty: an operator."""


@dataclass(frozen=True, slots=True)
class Request:
    """One promise to call somebody back."""

    request: RequestId
    queue: QueueName
    origin: Origin
    state: RequestState
    shown: str
    """The number as shown by the network or typed by a person."""
    number: str
    """E.164; empty for an impossible one."""
    calls: tuple[CallId, ...]
    """The calls it stands for, the newest last; empty where there was none."""
    opened_at: Instant
    broken_at: Instant
    """The newest break; for other origins when it was asked for."""
    due_at: Instant
    """Place in the line of the next attempt."""
    limit_at: Instant | None
    """The first attempt after the newest break must have started by then."""
    expires_at: Instant
    mode: Mode
    agent: AgentId | None
    """The operator wished for."""
    next_at: Instant
    """While owed: no attempt before this."""
    by: str
    """Who asked for it."""
    attempt: int = 0
    """Number of the present or last attempt's call id; exceeds the number of attempts where some were not dialled."""
    attempts: tuple[Attempt, ...] = ()
    """Those that came to dialling, the oldest first."""
    of_break: int = 0
    """How many of them since the newest break."""
    fruitless: int = 0
    """Tries in a row that did not come to dialling."""
    first: Leg | None = None
    """With which leg the present attempt was begun; None while it only stands in the line."""
    ordered_at: Instant | None = None
    """When the present dialling was ordered; it counts against the limits from then on."""
    only_agent: AgentId | None = None
    """In the line for this operator alone."""
    reserved: AgentId | None = None
    offer: OfferId | None = None
    until: Instant | None = None
    """End of the present stage at the latest: of waiting for one operator, of ringing, of the time for an outcome."""
    hold: Hold | None = None
    late: bool = False
    """Whether `CallbackLate` was said for the newest break."""
    outcome: TalkOutcome | None = None
    """Said during the talk, to be taken up after it."""
    outcome_by: str = ""
    call_in: CallId | None = None
    """The caller's own call that the request waits for."""
    reason: ImpossibleReason | GiveUpReason | None = None
    ended_at: Instant | None = None
    listed: ListCall | None = None
    """Of origin `list` alone."""

    @property
    def call(self) -> CallId:
        """The call id of the present or last attempt."""
        return attempt_call(self.request, self.attempt)

    @property
    def broken_call(self) -> CallId | None:
        """The newest call that the request stands for."""
        return self.calls[-1] if self.calls else None

    @property
    def limit_s(self) -> float | None:
        """From the newest break to the start of the first attempt at most, s."""
        return None if self.limit_at is None else self.limit_at - self.broken_at

    @property
    def started(self) -> bool:
        """Whether the present attempt has come to dialling."""
        return bool(self.attempts) and self.attempts[-1].call == self.call

    @property
    def is_open(self) -> bool:
        """Whether anything may still happen to it."""
        return self.state not in FINAL

    @property
    def menu(self) -> str:
        """The menu that is heard in place of an operator; empty for none."""
        return "" if self.listed is None else self.listed.menu

    def merges_at(self, now: Instant) -> bool:
        """Return whether a call of the caller's own, or another break, concerns this request now.

        A promised answer stands for itself until its time has come, a contact of a call list always: what he calls
        about is something else.
        """
        if self.listed is not None:
            return False
        return self.origin is not Origin.BOOKED or self.attempts != () or self.due_at <= now

    @property
    def last_event_at(self) -> Instant:
        """The newest instant at which anything is known to have happened to it."""
        of_attempts = [attempt.ended_at or attempt.started_at for attempt in self.attempts]
        return max(self.opened_at, self.broken_at, self.ordered_at or self.opened_at, *of_attempts)

    def earlier(self, by_s: float) -> "Request":
        """Return the same with all its instants so much earlier."""

        def moved(at: Instant | None) -> Instant | None:
            return None if at is None else Instant(at - by_s)

        return replace(
            self,
            opened_at=Instant(self.opened_at - by_s),
            broken_at=Instant(self.broken_at - by_s),
            due_at=Instant(self.due_at - by_s),
            limit_at=moved(self.limit_at),
            expires_at=Instant(self.expires_at - by_s),
            next_at=Instant(self.next_at - by_s),
            attempts=tuple(
                replace(each, started_at=Instant(each.started_at - by_s), ended_at=moved(each.ended_at))
                for each in self.attempts
            ),
            ordered_at=moved(self.ordered_at),
            until=moved(self.until),
            ended_at=moved(self.ended_at),
        )


def by_the_clock_of(now: Instant, rows: Iterable[Request]) -> list[Request]:
    """Return stored requests as a clock tells their times that may have been set back since.

    What has happened cannot lie ahead: by so much it was set back at least, and whoever is owed a call in ten seconds
    would be owed it in an hour.
    """
    rows = list(rows)
    ahead_s = max((row.last_event_at - now for row in rows), default=0.0)
    return [row.earlier(ahead_s) if row.last_event_at > now else row for row in rows]
