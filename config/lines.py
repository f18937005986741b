"""Lines, where a call goes when it leaves one, and what callers hear meanwhile."""

from typing import Annotated, Literal

from pydantic import Field

from config.callback import Callback
from config.hours import Hours
from config.kinds import AnyName, FilePath, Level, LineText, Name, Number, PhrasePart, Skills, Sound, Table
from config.recording import LineRecording
from config.steps import Key, OnJoin, Step

Seconds = Annotated[float, Field(gt=0, le=86400)]
SecondsOrNone = Annotated[float, Field(ge=0, le=86400)]


class Line(Table):
    """One line: the numbers that reach it, its norms, what its callers hear and how its operators are chosen."""

    name: Name
    title: LineText | None = None
    """What people read in reports and on screens; the name if it is not given."""
    profile: AnyName | None = None
    """The regulation's profile; its values stand wherever the line gives none of its own."""
    numbers: tuple[Number, ...] = Field(min_length=1)
    """Called numbers as the trunk sends them."""
    target_wait_s: Seconds = 60.0
    max_wait_s: Seconds = 120.0
    at_max_wait: AnyName = "hangup"
    """Name of the destination that takes a call at the maximum wait."""
    ring_past_max_wait: bool = False
    """Whether a telephone that rings at the maximum wait rings to its end; otherwise the call leaves at once."""
    ring_s: Annotated[float, Field(ge=1, le=300)] = 20.0
    wrap_up_s: SecondsOrNone = 0.0
    min_talk_s: SecondsOrNone = 1.0
    """A talk that the operator's side ends sooner was no talk: the caller goes back to his old place."""
    weight: Annotated[float, Field(gt=0, le=1000)] = 1.0
    strategy: Literal["longest_idle", "fewest_calls", "least_talk", "round_robin", "fixed_order", "random"] = (
        "longest_idle"
    )
    ring_at_once: Annotated[int, Field(ge=0, le=100)] = 1
    """So many telephones ring for a call at once; 0 is all that are ready."""
    ring_more_every_s: SecondsOrNone = 0.0
    """One more telephone rings after each of these spans; 0 is never."""
    level: Level = 1
    """Operators up to this level are offered a new call."""
    skills: Skills = Field(default_factory=dict)
    """What an operator must be able to do, and how well."""
    last_agent_wait_s: SecondsOrNone = 0.0
    """So long a caller waits for the operator of his last talk; 0 is not at all."""
    redial_s: SecondsOrNone = 0.0
    """Whoever gave up waiting and calls again within this time has the old place; 0 is never."""
    hours: tuple[Hours, ...] = ()
    """When the line is open, in the site's time; empty: round the clock."""
    days: Literal["production", "every"] = "production"
    """Whether the hours are those of working days by the production calendar, or of every day."""
    at_closed: AnyName | None = None
    """Name of the destination that takes calls outside the hours, or while the line is closed by hand."""
    at_close: AnyName = "serve"
    """What becomes of callers who wait when the line closes: `serve`, or a destination that they are sent to."""
    steps: tuple[Step, ...] = Field(default=(), alias="step")
    """What happens by waiting time, beside the norm and the maximum."""
    on_join: tuple[OnJoin, ...] = ()
    """The first that applies sends a new call away at once."""
    keys: tuple[Key, ...] = Field(default=(), alias="key")
    callback: Callback | None = None
    """Its call-backs; without this table there are none."""
    recording: LineRecording | None = None
    """How its talks are recorded; without this table they are not."""
    whisper: tuple[PhrasePart, ...] = ()
    """What the operator hears before the talk; nothing by default. It delays the talk by its length."""
    greeting: Sound | None = None
    """Played once before the call may be offered. None: no greeting."""
    survey: AnyName | None = None
    """Name of the survey that a caller is asked when the operator has ended the talk. None: nobody is asked."""
    survey_share: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Which share of the callers is asked, drawn at random."""
    script: AnyName | None = None
    """Name of the script that operators are shown with a call of this line."""
    music: AnyName = "default"
    """Music class that callers hear while they wait."""


class Message(Table):
    """A destination that plays sounds one after the other and hangs up."""

    kind: Literal["message"]
    name: Name
    sounds: tuple[Sound, ...] = Field(min_length=1, max_length=10)


class VoiceMessage(Table):
    """A destination that is the electronic secretary: it says something and takes a message."""

    kind: Literal["voice_message"]
    name: Name
    greeting: tuple[Sound, ...] = Field(min_length=1, max_length=10)
    """Said before the tone: who takes the message, the hours, what to say."""
    max_s: Annotated[int, Field(ge=10, le=1800)] = 180
    """A message is cut off after this."""
    silence_s: Annotated[int, Field(ge=0, le=60)] = 6
    """So much silence ends it; 0: only the caller does, or the limit."""
    min_s: Annotated[float, Field(ge=0, le=60)] = 2.0
    """What is shorter is no message: nobody said anything."""
    thanks: tuple[Sound, ...] = Field(default=(), max_length=10)
    """Said when it is taken, to a caller who is still there."""


class AppealState(Table):
    """A destination that asks for the number of an appeal and tells its state (KEM 5.7)."""

    kind: Literal["appeal_state"]
    name: Name
    numbers: tuple[Number, ...] = ()
    """Dialled from outside. Without any it is reached by a key or a step of a line."""


class OtherLine(Table):
    """A destination that puts the call on another line, its wait counted anew."""

    kind: Literal["line"]
    name: Name
    line: AnyName


class OutsideNumber(Table):
    """A destination that dials one fixed number through a trunk, and goes elsewhere when nobody answers there."""

    kind: Literal["number"]
    name: Name
    number: Number
    trunk: AnyName
    ring_s: Annotated[float, Field(ge=1, le=300)] = 45.0
    otherwise: AnyName = "hangup"
    dial_as: Number | None = None
    """What operators dial to hand a caller on to it, or to ask there themselves. None: nobody can."""
    consent: bool = False
    """The caller is handed on to it only if he agrees (UDM 5.13): by the operator's mark, or by the key below."""
    consent_ask: Sound | None = None
    """Asks the caller; without it only the operator's mark counts."""
    consent_key: Annotated[str, Field(pattern=r"^[0-9*]$")] = "1"


class HangUp(Table):
    """A destination that ends the call."""

    kind: Literal["hangup"]
    name: Name


Destination = Annotated[
    Message | VoiceMessage | AppealState | OtherLine | OutsideNumber | HangUp, Field(discriminator="kind")
]


class Music(Table):
    """A class of music: a directory of sound files. The class `default` need not be given."""

    name: AnyName
    directory: FilePath
