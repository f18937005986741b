"""The closed vocabularies of call-backs. Their values are stored, published and printed: they are never renamed."""

from enum import StrEnum


class BreakKind(StrEnum):
    """How a call broke. A policy switches each kind on or off."""

    CONNECTION_LOST = "connection_lost"
    """The caller's side of a talk or of a wait was ended by the network: its cause, RTP or SIP time-out."""
    OPERATOR_LOST = "operator_lost"
    """The operator's telephone died during the talk."""
    SYSTEM_FAILED = "system_failed"
    """Asterisk or the daemon died with the call."""
    SHORT_TALK = "short_talk"
    """The caller's side ended the talk normally, but sooner than a talk can be over."""
    REPORTED = "reported"
    """The operator says that he had not finished when the caller's side ended the talk."""
    LEFT_LINE = "left_line"
    """The caller gave up after at least the policy's time of waiting."""


class NoBreakReason(StrEnum):
    """Why the end of a call is no break."""

    ENDED_BY_CALLER = "ended_by_caller"
    ENDED_BY_OPERATOR = "ended_by_operator"
    LEFT_EARLY = "left_early"
    """The caller left before the policy's time of waiting."""
    OVERFLOWED = "overflowed"
    """The call left the line for a destination."""
    KIND_OFF = "kind_off"
    """It was a break of a kind that the policy of the line does not call back."""
    NO_POLICY = "no_policy"
    """The line has no call-backs."""
    CALLBACK_BOOKED = "callback_booked"
    """The caller had exchanged the wait for a call."""
    LIST_CALL = "list_call"
    """We called, out of a call list: whoever hangs up on that is not pestered. The list decides what follows."""


class Origin(StrEnum):
    """Why a call-back is owed."""

    BREAK = "break"
    PLACE = "place"
    """The caller exchanged the wait for a call; the place in the line is kept."""
    WEB = "web"
    """Asked for on the web site."""
    BOOKED = "booked"
    """An operator promised an answer at a time (UDM 5.9)."""
    LIST = "list"
    """A contact of a call list (VLA 3.7): nobody waits for this call, so it comes last."""


class Mode(StrEnum):
    """Who is to talk to the caller."""

    SAME_OPERATOR = "same_operator"
    """The operator of the broken talk, for a while; then anybody."""
    FIRST_FREE = "first_free"


class Leg(StrEnum):
    """Which side of a call-back is dialled first."""

    OPERATOR = "operator"
    CALLER = "caller"


class AttemptFailure(StrEnum):
    """Why an attempt did not end in a talk with the caller."""

    BUSY = "busy"
    NO_ANSWER = "no_answer"
    UNREACHABLE = "unreachable"
    """The number does not exist or its network does not reach it."""
    REFUSED = "refused"
    NO_LINE = "no_line"
    """Nothing left the house: no trunk, no channel, Asterisk away. No attempt in the sense of the norm."""
    LEFT = "left"
    """The caller answered and hung up before an operator came."""
    NO_OPERATOR = "no_operator"
    """The caller answered, and no operator came within the line's maximum wait."""
    MACHINE = "machine"
    """An answering machine, says the operator."""
    CALLED_IN = "called_in"
    """The caller called us in the middle of it."""
    WITHDRAWN = "withdrawn"
    """We ended it: called off, expired, or overtaken by a talk."""
    LOST = "lost"
    """Nobody knows: its channel was not found again, or its end was never reported."""


class ImpossibleReason(StrEnum):
    """Why nobody can be called back (C4)."""

    WITHHELD = "withheld"
    INVALID = "invalid"
    """Not a telephone number, too short, too long, or none that the numbering plan has."""
    NOT_PERMITTED = "not_permitted"
    """Foreign, premium or otherwise outside the permitted prefixes."""
    OWN_NUMBER = "own_number"
    """A number of ours: a forged caller, or a loop."""
    NUMBER_LIMIT = "number_limit"
    """This number has had its call-backs for the day."""
    NO_POLICY = "no_policy"
    """The line has no call-backs."""
    DO_NOT_CALL = "do_not_call"
    """Whoever has this number does not want our calls."""
    PERSON_LIMIT = "person_limit"
    """The operator who asks has asked for as many in this hour as he may: a stolen password makes no telephone bill."""
    TOO_MANY = "too_many"
    """More requests are open than the policy allows: somebody makes us dial strangers, or the house is on fire."""


class GiveUpReason(StrEnum):
    """Why a request ends without a talk although attempts were possible."""

    ATTEMPTS_MADE = "attempts_made"
    """The full number of attempts was made."""
    NUMBER_LIMIT = "number_limit"
    EXPIRED = "expired"
    """So long after the break nobody is called any more."""
    WRONG_PERSON = "wrong_person"
    CANCELLED = "cancelled"
    DO_NOT_CALL = "do_not_call"
    """Whoever has this number does not want our calls."""
    CALLED_IN = "called_in"
    """Of a contact of a call list: he was on the line with us himself when it was his turn."""
    LINE_GONE = "line_gone"
    """After a restart the configuration has no such line any more."""


class Hold(StrEnum):
    """What a request that is due waits for."""

    NUMBER_IN_USE = "number_in_use"
    """Another request is calling this number."""
    CHANNELS = "channels"
    """No outgoing channel is free."""
    OPERATORS = "operators"
    """As many callers are being rung or wait as there are operators."""
    HOURLY_LIMIT = "hourly_limit"
    """The line has made its call-backs for this hour."""


class BarScope(StrEnum):
    """Which calls the owner of a number does not want."""

    ALL = "all"
    """Any call of ours, call-backs included."""
    LISTS = "lists"
    """Those of call lists and surveys alone: his broken calls are called back as everybody's."""


class TalkOutcome(StrEnum):
    """What an operator says of a call-back's talk."""

    SPOKEN = "spoken"
    MACHINE = "machine"
    WRONG_PERSON = "wrong_person"


class LiveStage(StrEnum):
    """How far an attempt is that Asterisk still holds."""

    OPERATOR = "operator"
    """Only the operator's telephone rings or is up."""
    DIALLING = "dialling"
    RINGING = "ringing"
    CONNECTED = "connected"
    TALKING = "talking"
