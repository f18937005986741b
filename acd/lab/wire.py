"""What became of each caller, and the indicators of a line, read from a packet capture alone.

Nothing here comes from Asterisk, the daemon or the records: it is what their figures are held against. A caller is
known by his number, which Asterisk shows to the operator's telephone; each calls once.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from acd.lab.capture import SipMessage

PERCENTS: Final = (50, 90, 95, 99)


@dataclass(slots=True)
class Visit:
    """One caller's call, in instants of the capture."""

    caller: str
    called_at: float
    """His INVITE."""
    rings: int = 0
    """INVITEs to operators' telephones for him."""
    telephone: str | None = None
    """The one that answered."""
    answered_at: float | None = None
    """Its 200."""
    ended_at: float | None = None
    """The first BYE or CANCEL on his side, or after the answer on the operator's."""
    by: str = ""
    """Address of whoever sent that."""

    @property
    def waited_s(self) -> float | None:
        """Until an operator answered, or until the end; None while neither is there."""
        end = self.answered_at if self.answered_at is not None else self.ended_at
        return None if end is None else end - self.called_at

    @property
    def talked_s(self) -> float | None:
        """From the answer to the end; None without either."""
        if self.answered_at is None or self.ended_at is None:
            return None
        return self.ended_at - self.answered_at


def visits(messages: Sequence[SipMessage], trunk: str, telephones: str) -> dict[str, Visit]:
    """Return every caller's visit by his number.

    Args:
        messages: The capture.
        trunk: Address that callers come from.
        telephones: Address of the operators' telephones.
    """
    found: dict[str, Visit] = {}
    of_call: dict[str, Visit] = {}
    user_of: dict[str, str] = {}
    for message in messages:
        visit = of_call.get(message.call_id)
        if message.method == "INVITE" and not message.status:
            if message.source == trunk and visit is None:
                of_call[message.call_id] = found.setdefault(message.from_user, Visit(message.from_user, message.at))
            elif message.target == telephones and visit is None and message.from_user in found:
                visit = of_call[message.call_id] = found[message.from_user]
                visit.rings += 1
                user_of[message.call_id] = message.user
        elif visit is None:
            continue
        elif message.method == "INVITE" and message.status == HTTPStatus.OK and message.source == telephones:
            if visit.answered_at is None:
                visit.answered_at, visit.telephone = message.at, user_of[message.call_id]
        elif message.method in {"BYE", "CANCEL"} and not message.status and visit.ended_at is None:
            on_operators_side = message.call_id in user_of
            if not on_operators_side or (message.method == "BYE" and visit.answered_at is not None):
                visit.ended_at, visit.by = message.at, message.source
    return found


def indicators(
    seen: Iterable[Visit], trunk: str, target_wait_s: float, max_wait_s: float, leaving_s: float
) -> Mapping[str, float | None]:
    """Return the figures of SAR 5.1 and 5.2 in their strictest reading, by the names that reports give them.

    Args:
        seen: The callers of one line.
        trunk: Address that callers come from: who ends there has given up.
        target_wait_s: Normative wait.
        max_wait_s: Maximum wait.
        leaving_s: How long a caller who is sent away at the maximum wait may take to leave.
    """
    calls = list(seen)
    answered = [visit for visit in calls if visit.answered_at is not None]
    unanswered = [visit for visit in calls if visit.answered_at is None]
    waits = sorted(visit.waited_s for visit in answered if visit.waited_s is not None)
    talks = sorted(visit.talked_s for visit in answered if visit.talked_s is not None)

    def limit_s(visit: Visit) -> float:
        sent_away = visit.answered_at is None and visit.by != trunk
        return max_wait_s + (leaving_s if sent_away else 0.0)

    figures: dict[str, float | None] = {
        "accepted": len(calls),
        "answered": len(answered),
        "abandoned": sum(visit.by == trunk for visit in unanswered),
        "overflowed": sum(visit.by != trunk for visit in unanswered),
        "missed_offers": sum(visit.rings for visit in answered) - len(answered),
        "K1": _ratio(sum(wait <= target_wait_s for wait in waits), len(calls)),
        "K2": _ratio(len(unanswered), len(calls)),
        "K7": sum((visit.waited_s or 0.0) > limit_s(visit) for visit in calls),
    }
    for name, times in (("waited", waits), ("talked", talks)):
        figures[f"{name}_mean"] = _ratio(sum(times), len(times))
        for percent in PERCENTS:
            figures[f"{name}_p{percent}"] = times[-(-percent * len(times) // 100) - 1] if times else None
        figures[f"{name}_max"] = times[-1] if times else None
    return figures


def _ratio(part: float, of: int) -> float | None:
    return part / of if of else None


def differences(
    seen: Mapping[str, Visit], recorded: Mapping[str, float | None], read: Callable[[Visit], float | None]
) -> dict[str, float]:
    """Return by caller how far the record's seconds are from the wire's; infinite where only one has any.

    Args:
        seen: The visits.
        recorded: Seconds of the record by the caller's number; nothing for callers without a record.
        read: What is compared: `waited_s` or `talked_s` of a visit.
    """
    found = {}
    for caller in seen.keys() | recorded.keys():
        own = read(seen[caller]) if caller in seen else None
        other = recorded.get(caller)
        if own is not None and other is not None:
            found[caller] = abs(own - other)
        elif own is not other or caller not in seen or caller not in recorded:
            found[caller] = float("inf")
    return found
