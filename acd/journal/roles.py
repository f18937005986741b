"""Who may do what in the journal (S2, S3): one matrix, tested cell by cell.

Roles follow KEM 5.2 (three lines), UDM 4.3 to 4.5 (administrator, operators of two levels), UDM 5.7 (insurer's
representatives fill in fields too), VLA 1.7 and SAH 3.2 (the clinic's responsible official, who never logs in: a link
gives the narrow right to one card). Least access: what a row does not list is not allowed.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from acd.journal.errors import Forbidden
from acd.journal.states import CardTrigger, Holder


class Role(StrEnum):
    """What a person is in the centre."""

    OPERATOR_1 = "operator_1"
    OPERATOR_2 = "operator_2"
    OPERATOR_3 = "operator_3"
    ADMINISTRATOR = "administrator"
    INSURER = "insurer"
    OFFICIAL = "official"


class Right(StrEnum):
    """One thing that a person may do."""

    READ_CARD = "read_card"
    WRITE_CARD = "write_card"
    OPEN_CARD = "open_card"
    """By hand: paper, in person, a voice message."""
    REGISTER = "register"
    HAND_OVER = "hand_over"
    TAKE_BACK = "take_back"
    ENTER_RESULT = "enter_result"
    DEFER = "defer"
    FINISH = "finish"
    REJECT = "reject"
    REOPEN = "reopen"
    READ_KNOWLEDGE = "read_knowledge"
    PROPOSE_KNOWLEDGE = "propose_knowledge"
    APPROVE_KNOWLEDGE = "approve_knowledge"
    TELEPHONE = "telephone"
    """Log in to a line, pause, dial back."""
    HEAR_MESSAGES = "hear_messages"
    """Listen to what was said to the secretary: every operator deals with it as with an appeal (UDM 5.3)."""
    CALL_LISTS = "call_lists"
    """Make, fill and run call lists, and say whom not to call."""
    WALLBOARD = "wallboard"
    ASSESS = "assess"
    READ_OWN_ASSESSMENTS = "read_own_assessments"
    CATALOGUES = "catalogues"
    PEOPLE = "people"
    REPORTS = "reports"
    EXPORT = "export"
    READ_TRAIL = "read_trail"


class Scope(StrEnum):
    """Which cards a role sees at all."""

    SERVICE = "service"
    """All cards of the person's own service."""
    HELD_BY_INSURER = "held_by_insurer"
    """Only what is handed over to the person's own insurance company."""
    ONE_CARD = "one_card"
    """Only the card that the link was made for."""


R = Right

_OPERATOR: Final[Set[Right]] = frozenset(
    {
        R.READ_CARD, R.WRITE_CARD, R.OPEN_CARD, R.REGISTER, R.HAND_OVER, R.FINISH, R.REJECT, R.REOPEN,
        R.READ_KNOWLEDGE, R.PROPOSE_KNOWLEDGE, R.TELEPHONE, R.HEAR_MESSAGES, R.WALLBOARD, R.READ_OWN_ASSESSMENTS,
    }
)  # fmt: skip
_SECOND: Final[Set[Right]] = _OPERATOR | {R.DEFER, R.TAKE_BACK}  # the deferred answer is the 2nd level's: UDM 5.9

MATRIX: Final[Mapping[Role, Set[Right]]] = {
    Role.OPERATOR_1: _OPERATOR,
    Role.OPERATOR_2: _SECOND,
    Role.OPERATOR_3: _SECOND,
    Role.ADMINISTRATOR: frozenset(set(Right) - {R.ENTER_RESULT, R.READ_OWN_ASSESSMENTS}),
    Role.INSURER: frozenset({R.READ_CARD, R.WRITE_CARD, R.ENTER_RESULT, R.READ_KNOWLEDGE}),
    Role.OFFICIAL: frozenset({R.READ_CARD, R.ENTER_RESULT}),
}

SCOPE: Final[Mapping[Role, Scope]] = {
    Role.OPERATOR_1: Scope.SERVICE,
    Role.OPERATOR_2: Scope.SERVICE,
    Role.OPERATOR_3: Scope.SERVICE,
    Role.ADMINISTRATOR: Scope.SERVICE,
    Role.INSURER: Scope.HELD_BY_INSURER,
    Role.OFFICIAL: Scope.ONE_CARD,
}

RIGHT_FOR: Final[Mapping[CardTrigger, Right | None]] = {
    CardTrigger.REGISTER: R.REGISTER,
    CardTrigger.HAND_OVER: R.HAND_OVER,
    CardTrigger.TAKE_BACK: R.TAKE_BACK,
    CardTrigger.ENTER_RESULT: R.ENTER_RESULT,
    CardTrigger.DEFER: R.DEFER,
    CardTrigger.RESUME: R.WRITE_CARD,
    CardTrigger.PROMISE_DUE: None,
    CardTrigger.FINISH: R.FINISH,
    CardTrigger.REJECT: R.REJECT,
    CardTrigger.REOPEN: R.REOPEN,
    CardTrigger.REOPENING_OVER: None,
}
"""The right that a trigger takes; None: only the clock may."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on the access list (UDM 7.3), as the authentication has identified them."""

    login: str
    name: str
    role: Role
    service: str
    """The service whose journal the person works in."""
    agent: str | None = None
    """The operator's number on the telephone, if any."""
    organisation: int | None = None
    """For `Scope.HELD_BY_INSURER`: the company, as the catalogue numbers it."""
    card: int | None = None
    """For `Scope.ONE_CARD`: the only card."""
    language: str = "ru"

    def may(self, right: Right) -> bool:
        """Return whether the person's role includes the right."""
        return right in MATRIX[self.role]

    def require(self, right: Right) -> None:
        """Raise `Forbidden` unless the person's role includes the right."""
        if not self.may(right):
            raise Forbidden(self.login, right)

    def sees(self, card: int, service: str, holder: Holder, organisation: int | None) -> bool:
        """Return whether the card is within the person's scope."""
        if service != self.service:
            return False
        match SCOPE[self.role]:
            case Scope.SERVICE:
                return True
            case Scope.HELD_BY_INSURER:
                return holder is Holder.INSURER and organisation is not None and organisation == self.organisation
            case Scope.ONE_CARD:
                return card == self.card
