"""What a fact changes in the rows of transfers and recordings: one pure function per table."""

from metrics.facts import (
    CallTakenOver,
    CallTransferred,
    Consent,
    OutsideResult,
    OutsideTransferEnded,
    RecordingDestroyed,
    RecordingKept,
    TakeoverEnded,
    TransferTarget,
    TransferWay,
)
from metrics.records.codec import RecordedFact
from metrics.records.rows import RecordingRow, TransferResult, TransferRow
from queue_engine.facts import CallAbandoned, CallAnswered, CallDied, CallEnded, CallOverflowed

FOLLOWED = (CallAnswered, CallEnded, CallAbandoned, CallOverflowed, CallDied)
"""Facts about the visit that follows a transfer."""

_RESULT_OF_OUTSIDE = {
    OutsideResult.ANSWERED: TransferResult.TAKEN,
    OutsideResult.NOT_ANSWERED: TransferResult.NOT_ANSWERED,
    OutsideResult.NO_CONSENT: TransferResult.NOT_ANSWERED,
    OutsideResult.CALLER_LEFT: TransferResult.LEFT,
}


def next_call_of(fact: RecordedFact) -> str | None:
    """Return the visit that follows a transfer, of a fact that may concern one; None for an ordinary call's.

    A caller who is taken over makes no further visit to a line; his talk with the supervisor has a name all the same.
    The first visit of a call is `<server>-<Uniqueid>`, which ends in a number with a point; a further one has `-1`,
    `-2`... after it. So no ordinary call costs a look at the table.
    """
    match fact:
        case CallTransferred():
            return fact.next_call
        case CallTakenOver() | TakeoverEnded():
            return f"{fact.call}-taken"
        case OutsideTransferEnded():
            return fact.call
        case CallAnswered() | CallEnded() | CallAbandoned() | CallOverflowed() | CallDied():
            before, _, last = fact.call.rpartition("-")
            return fact.call if before and last.isdigit() and not before.startswith("callback-") else None
        case _:
            return None


def transfer_after(row: TransferRow | None, fact: RecordedFact) -> TransferRow | None:  # noqa: PLR0911 - one per kind
    """Return the row of the transfer after the fact; `row` itself where the fact changes nothing in it."""
    if isinstance(fact, CallTransferred | CallTakenOver):
        return row or _begun(fact)
    if row is None:
        return None  # a visit that no transfer began: a destination that is a line, or one whose fact is missing
    match fact:
        case CallAnswered():
            asked_back = row.kind == TransferTarget.RETURN or (
                row.kind == TransferTarget.OPERATOR and row.target != row.agent
            )
            back = asked_back and fact.agent == row.agent
            result = TransferResult.RETURNED if back else TransferResult.TAKEN
            return row._replace(result=result, taken_by=fact.agent, waited_s=fact.waited_s, ended_at=None)
        case CallEnded():
            talked = row._replace(taken_by=fact.agent, talked_s=fact.talked_s, ended_at=fact.at)
            return talked._replace(result=talked.result or TransferResult.TAKEN, waited_s=fact.waited_s)
        case CallAbandoned():
            return row._replace(result=TransferResult.LEFT, waited_s=fact.waited_s, ended_at=fact.at)
        case CallOverflowed():
            return row._replace(result=TransferResult.OVERFLOWED, waited_s=fact.waited_s, ended_at=fact.at)
        case CallDied():
            return row._replace(result=TransferResult.DIED, waited_s=fact.waited_s, ended_at=fact.at)
        case TakeoverEnded():
            return row._replace(talked_s=fact.talked_s, ended_at=fact.at)
        case OutsideTransferEnded():
            return row._replace(
                result=_RESULT_OF_OUTSIDE[fact.result],
                consent=Consent.REFUSED if fact.result is OutsideResult.NO_CONSENT else row.consent,
                waited_s=fact.rang_s,
                talked_s=fact.talked_s if fact.result is OutsideResult.ANSWERED else None,
                ended_at=fact.at,
            )
        case _:
            return row


def _begun(fact: CallTransferred | CallTakenOver) -> TransferRow:
    if isinstance(fact, CallTransferred):
        return TransferRow(
            fact.next_call,
            fact.call,
            fact.queue,
            fact.agent,
            fact.way,
            fact.kind,
            fact.target,
            fact.by,
            fact.consent,
            fact.at,
        )
    return TransferRow(
        f"{fact.call}-taken",
        fact.call,
        fact.queue,
        fact.agent,
        TransferWay.TAKEN,
        TransferTarget.SUPERVISOR,
        fact.telephone,
        fact.by,
        Consent.NOT_NEEDED,
        fact.at,
        TransferResult.TAKEN,
        waited_s=0.0,
    )


def recording_after(row: RecordingRow | None, fact: RecordedFact) -> RecordingRow | None:
    """Return the row of the recording after the fact; `row` itself where the fact changes nothing in it."""
    match fact:
        case RecordingKept():
            return row or RecordingRow(
                fact.recording,
                fact.call,
                fact.telephone,
                fact.started_at,
                fact.duration_s,
                fact.path,
                fact.size,
                fact.sha256,
                fact.channels,
                fact.key,
                fact.keep_until,
                fact.found,
            )
        case RecordingDestroyed() if row is not None and row.destroyed_at is None:
            return row._replace(destroyed_at=fact.at, destroyed_by=fact.by, destroyed_for=fact.reason)
        case _:
            return row
