"""Operators, their telephones, and the codes that they dial."""

from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from config.kinds import (
    AnyName,
    DialCode,
    Digit,
    EndpointName,
    Level,
    LineText,
    OperatorNumber,
    SecretValue,
    SipUri,
    Skills,
    Table,
    TalkKeys,
)
from config.messages import mistake

Count = Annotated[int, Field(ge=0, le=1000)]
Pause = Annotated[float, Field(ge=0, le=3600)]


class BackOff(Table):
    """How long an operator who missed an offer is left in peace, s, by the way it was missed."""

    no_answer_s: Pause = 2.0
    busy_s: Pause = 2.0
    refused_s: Pause = 5.0
    unreachable_s: Pause = 5.0


class Operator(Table):
    """One operator."""

    number: OperatorNumber
    name: LineText | None = None
    """What people read; the number if it is not given."""
    pin: SecretValue | None = None
    """Asked for when the operator logs in at a telephone that is not his own."""
    lines: tuple[AnyName, ...] = ()
    """The lines that the operator serves. None given: all lines."""
    telephone: EndpointName | None = None
    """Endpoint of the operator's own telephone; `op<number>` if it is not given."""
    hot_desk: bool = False
    """The operator has no telephone of his own and logs in wherever he sits, by number and PIN."""
    auto_login: bool = False
    """A registered telephone is a logged-in operator."""
    wrap_up_s: Annotated[float, Field(ge=0, le=86400)] | None = None
    """Overrides the line's own."""
    pause_after_misses: Count = 2
    """So many missed offers in a row pause the operator; 0 means never."""
    back_off: BackOff = BackOff()
    levels: dict[AnyName, Level] = Field(default_factory=dict)
    """The operator's level by line; 1 at a line that is not named."""
    skills: Skills = Field(default_factory=dict)
    logout_after_pause_s: Annotated[float, Field(ge=0, le=86400)] = 0.0
    """A pause longer than this logs the operator out; 0 is never."""
    logout_unreachable_s: Annotated[float, Field(ge=0, le=86400)] = 0.0
    """A telephone away for longer than this logs the operator out; 0 is never."""

    @model_validator(mode="after")
    def _hot_desk_has_a_pin_and_no_telephone(self) -> Self:
        if self.hot_desk and self.telephone is not None:
            raise mistake("acd_excludes", key="telephone", at="hot_desk")
        if self.hot_desk and self.pin is None:
            raise mistake("acd_no_pin", at="pin")
        return self

    @property
    def own_telephone(self) -> str | None:
        """The endpoint of the operator's own telephone; None for one who sits anywhere."""
        if self.hot_desk:
            return None
        return self.telephone or f"op{self.number}"

    @property
    def title(self) -> str:
        """What people read."""
        return self.name or self.number


class Telephone(Table):
    """One telephone: a PJSIP endpoint."""

    name: EndpointName
    secret: SecretValue | None = None
    contact: SipUri | None = None
    """A fixed contact. Without one the telephone registers, with its name as user and its secret."""
    external: bool = False
    """Defined in Asterisk by somebody else (FreePBX): we dial it and do not write it."""
    qualify_s: Annotated[int, Field(ge=0, le=3600)] | None = None
    """How often Asterisk asks whether it is there; 0 never. By default 30 for one that registers, else never."""
    server: AnyName | None = None
    """Name of the Asterisk server that knows it; the first if not given."""

    @property
    def qualify_every_s(self) -> int:
        """How often Asterisk asks whether the telephone is there, s; 0 never."""
        if self.qualify_s is not None:
            return self.qualify_s
        return 30 if self.contact is None else 0


class OperatorsRange(Table):
    """A row of operators that differ in their number only, each with a telephone: for labs, and to begin with."""

    first: OperatorNumber
    count: Annotated[int, Field(ge=1, le=5000)]
    lines: tuple[AnyName, ...] = ()
    levels: dict[AnyName, Level] = Field(default_factory=dict)
    """At which level they serve a line; 1 where it is not said."""
    skills: Skills = Field(default_factory=dict)
    contact: SipUri | None = None
    """Fixed contact of each, `{number}` standing for the operator's number. Without one the telephones register."""
    secret: SecretValue | None = None
    pin: SecretValue | None = None
    auto_login: bool = False
    wrap_up_s: Annotated[float, Field(ge=0, le=86400)] | None = None
    pause_after_misses: Count = 2
    back_off: BackOff = BackOff()
    qualify_s: Annotated[int, Field(ge=0, le=3600)] | None = None
    server: AnyName | None = None

    @model_validator(mode="after")
    def _numbers_are_of_one_length(self) -> Self:
        if len(str(int(self.first) + self.count - 1)) > len(self.first):
            raise mistake("acd_range_count", first=self.first, digits=len(self.first), at="count")
        return self

    def numbers(self) -> tuple[str, ...]:
        """Return the operators' numbers, in order."""
        width = len(self.first)
        return tuple(f"{int(self.first) + offset:0{width}}" for offset in range(self.count))

    def operators(self) -> tuple[Operator, ...]:
        """Return the operators that the range stands for."""
        return tuple(
            Operator(
                number=number,
                pin=self.pin,
                lines=self.lines,
                levels=self.levels,
                skills=self.skills,
                auto_login=self.auto_login,
                wrap_up_s=self.wrap_up_s,
                pause_after_misses=self.pause_after_misses,
                back_off=self.back_off,
            )
            for number in self.numbers()
        )

    def telephones(self) -> tuple[Telephone, ...]:
        """Return their telephones, `op<number>` each."""
        return tuple(
            Telephone(
                name=f"op{number}",
                secret=self.secret,
                contact=self.contact and self.contact.replace("{number}", number),
                qualify_s=self.qualify_s,
                server=self.server,
            )
            for number in self.numbers()
        )


class Supervisor(Table):
    """A telephone from which a supervisor may come into talks and force states (S4)."""

    name: LineText
    """Who stands in the audit trail."""
    telephone: EndpointName
    """One of `[[telephone]]`; it rings when the supervisor asks by API or `acd top`."""
    pin: SecretValue | None = None
    """Asked for with each dialled code; without one whoever is at the telephone may."""


SUPERVISOR_ACTIONS: Final = frozenset(
    {"listen", "whisper", "join", "take", "force_logout", "force_pause", "force_resume"}
)
"""The codes that supervisors' telephones alone may dial."""


class Codes(Table):
    """What operators dial. A number and PIN may follow `login` (`*10101*1234`), a reason's digit `pause`."""

    login: DialCode = "*10"
    logout: DialCode = "*11"
    pause: DialCode = "*12"
    resume: DialCode = "*13"
    ready: DialCode = "*14"
    """Ends the work after a call."""
    unfinished: DialCode = "*15"
    """The last talk was not finished when the caller's side ended it: he is to be called back."""
    machine: DialCode = "*16"
    """The last call-back reached an answering machine."""
    wrong_person: DialCode = "*17"
    """The last call-back reached somebody who is not the caller."""
    listen: DialCode = "*20"
    """With an operator's number after it, as the next six: a supervisor listens to his talk."""
    whisper: DialCode = "*21"
    """A supervisor is heard by the operator alone."""
    join: DialCode = "*22"
    """A supervisor is heard by both."""
    take: DialCode = "*23"
    """A supervisor takes the caller over."""
    force_logout: DialCode = "*24"
    """A supervisor logs the operator out."""
    force_pause: DialCode = "*25"
    """A supervisor pauses him."""
    force_resume: DialCode = "*26"
    """A supervisor ends his pause."""
    messages: DialCode = "*98"
    """Listen to the voice messages of one's lines and mark them as done."""
    echo: DialCode = "*43"
    """Plays back what it hears: a test of the telephone."""

    def by_action(self) -> dict[str, str]:
        """Return the operators' codes that go to the daemon, by the name of their action."""
        own = SUPERVISOR_ACTIONS | {"echo"}
        return {name: code for name, code in self.model_dump().items() if name not in own}

    def of_supervisors(self) -> dict[str, str]:
        """Return the supervisors' codes, by the name of their action."""
        return {name: code for name, code in self.model_dump().items() if name in SUPERVISOR_ACTIONS}


class Pressed(Table):
    """What operators press in a talk. It is heard on the operator's side alone: no caller can press it for him."""

    questioning_over: TalkKeys | None = None
    """Questioning is over and advising begins (K3, K4). Not given: `*7` where the profile of a line has a norm for it.

    With keys Asterisk looks at the speech of every talk and no longer just passes it on, which costs processor time.
    """
    pause_recording: TalkKeys = ""
    """Pauses the recording of the talk, and resumes it; of no effect on lines that record nothing."""
    hand_on: TalkKeys = ""
    """Hands the caller on: Asterisk asks for the number, which is one that the telephone may dial."""
    ask: TalkKeys = ""
    """Asks somebody first, while the caller hears music; hanging up joins the caller to him. The API needs it too."""
    ask_no_more: TalkKeys = "*1"
    """Pressed while somebody is asked: back to the caller."""
    join: TalkKeys = "*2"
    """Pressed while somebody is asked: the caller is his. Hanging up does the same."""

    @property
    def hands_on(self) -> bool:
        """Whether callers can be handed on by key: what Asterisk does for it, its Dial has to be told."""
        return bool(self.hand_on or self.ask)


class PauseReason(Table):
    """One reason to pause, chosen by a digit after the pause code."""

    digit: Digit
    name: AnyName
    title: LineText | None = None
    limit_s: Annotated[float, Field(gt=0, le=86400)] | None = None
    """After this long the pause ends by itself."""
