"""What a fact changes in the row of a voice message. A fact that comes twice changes nothing."""

from metrics.records.codec import RecordedFact
from metrics.records.rows import MessageRow
from metrics.service_facts import VoiceMessageDestroyed, VoiceMessageDone, VoiceMessageHeard, VoiceMessageLeft


def message_after(row: MessageRow | None, fact: RecordedFact) -> MessageRow | None:
    """Return the row of the message after the fact; `row` itself where the fact changes nothing in it."""
    match fact:
        case VoiceMessageLeft():
            return row or MessageRow(fact.call, fact.queue, fact.caller, fact.server, fact.file, fact.at, fact.length_s)
        case VoiceMessageHeard() if row is not None and row.heard_at is None:
            return row._replace(heard_at=fact.at, heard_by=fact.by)
        case VoiceMessageDone() if row is not None and row.done_at is None:
            return row._replace(done_at=fact.at, done_by=fact.by, note=fact.note)
        case VoiceMessageDestroyed() if row is not None and row.destroyed_at is None:
            return row._replace(
                destroyed_at=fact.at,
                destroyed_by=fact.by,
                destroyed_for=fact.reason,
                sha256=fact.sha256 or None,
            )
        case _:
            return row
