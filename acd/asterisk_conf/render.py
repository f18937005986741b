"""From the configuration to the text of every file that Asterisk loads.

The values are checked by `config` so narrowly that none can leave its place in a file; the templates therefore only
place them. What each line of a template is for: `asterisk-conf/README.md`.
"""

from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from acd.asterisk_conf.language import installed_language
from acd.asterisk_conf.members import Member, fallback_members, telephones_of, trunks_of
from acd.asterisk_conf.modules import MODULES
from ami_bridge.attended import PART_KEY
from config.lines import Line, OutsideNumber
from config.model import Config
from config.people import Telephone
from config.recording import Recordings
from config.telephony import Asterisk

INCLUDED: Final = (
    "acd-extensions.conf",
    "acd-features.conf",
    "acd-manager.conf",
    "acd-musiconhold.conf",
    "acd-pjsip.conf",
    "acd-queues.conf",
)
"""The files that an existing Asterisk includes; the others make a whole directory for a fresh one."""

EARLY_EVENTS: Final = ("Newchannel", "HangupRequest", "SoftHangupRequest", "Hangup", "DTMFEnd")
"""Those of the AMI events that the daemon is sent which may be about a channel that the dialplan has not yet seen,
so that the caller's number in them is as the caller has written it."""

LATER_EVENTS: Final = (
    "DialBegin",
    "DialEnd",
    "BridgeEnter",
    "ContactStatus",
    "BlindTransfer",
    "AttendedTransfer",
    "OriginateResponse",
    "FullyBooted",
    "Shutdown",
)
"""The others. The answers to the daemon's actions are no events and pass anyhow."""

CALLBACK_EVENTS: Final = ("DialState",)
"""What is wanted beside them where callers are called back."""

KEY_EVENTS: Final = ("UserEvent",)
"""What is wanted where operators press keys in a talk, hand callers on to somebody outside, or people are asked."""

FREQUENT_EVENTS: Final = (
    "AGIExecEnd",
    "AGIExecStart",
    "BridgeCreate",
    "BridgeDestroy",
    "BridgeLeave",
    "DeviceStateChange",
    "DialState",
    "HangupHandlerPush",
    "HangupHandlerRun",
    "MusicOnHoldStart",
    "MusicOnHoldStop",
    "NewAccountCode",
    "NewCallerid",
    "NewConnectedLine",
    "Newexten",
    "Newstate",
    "QueueMemberStatus",
    "RTCPReceived",
    "RTCPSent",
)
"""What Asterisk makes in every call beside these, forty events and more: an Asterisk of our own need not make them."""

DECLINED_MESSAGES: Final = (
    "agi_exec_end_type",
    "agi_exec_start_type",
    "ast_channel_varset_type",
    "ast_rtp_rtcp_received_type",
    "ast_rtp_rtcp_sent_type",
)
"""Messages within Asterisk, about eighty in a call, that nothing hears which an Asterisk of our own loads.

Those that the manager interface asks for (music on hold, hang-up handlers) cannot be declined: it would not start.
"""

TRANSFERRER: Final = "${CUT(BLINDTRANSFER,-,1-$[ ${FIELDQTY(BLINDTRANSFER,-)} - 1 ])}"
"""The endpoint of whoever has handed the caller on, as `PJSIP/op101`, from the name of his channel."""

ANSWERED: Final = "Set({answered}=${{STRFTIME(,,%s%3q)}})"
ANSWERED_IN_TALK: Final = "MSet({answered}=${{STRFTIME(,,%s%3q)}},TRANSFER_CONTEXT=acd-operators)"
"""The same where operators hand callers on by key: whatever context the telephone has, only ours can be dialled."""
ON_CALLERS: Final = "MASTER_CHANNEL(ACD_ANSWERED)"
ON_CALLERS_IF_HIS: Final = f'${{IF($["${{ACD_ALONE}}" = ""]?{ON_CALLERS}:ACD_ANSWERED)}}'
"""Where it is noted when a telephone answered: on the caller's channel, unless that one hangs together (Linkedid) with
somebody else's, which `MASTER_CHANNEL` would reach: who was called by an operator, or is one who asks a line."""

_NUMBER: Final = "${FILTER(0-9+*#A-Za-z,${CALLERID(num)})}"
_NAME: Final = r"${FILTER(-. 0-9A-Za-z\x80-\xff,${CALLERID(name)})}"
CALLER: Final = f"{_NAME} <{_NUMBER}>"
"""The caller's number and name with everything taken out that means something to the dialplan, AGI, AMI or astdb."""

_GENERATED: Final = "Made by `acd asterisk-conf` from the site's configuration: changes here are lost."


def render(config: Config, server: Asterisk) -> dict[str, str]:
    """Return the text of every file for one server, by file name, in alphabetical order."""
    environment = _environment()
    members = fallback_members(config, server)
    telephones = telephones_of(config, server)
    owners = {operator.own_telephone: operator for operator in config.operators}

    def owner(telephone: Telephone) -> str:
        """Return the caller id of a telephone: its operator's number."""
        operator = owners.get(telephone.name)
        return f"<{operator.number}>" if operator else f"<{telephone.name}>"

    def dial_string(destination: OutsideNumber) -> str:
        trunk = next(trunk for trunk in config.trunks if trunk.name == destination.trunk)
        return f"PJSIP/{destination.number}@{trunk.endpoint}"

    alone = bool(_callbacks(config, server) or config.in_talk.ask)

    def noted(name: str, own: str = "") -> str:
        """Return what is noted under a name on the caller's channel; `own` is its name on the telephone's own."""
        on_callers = f"${{MASTER_CHANNEL({name})}}"
        return f'${{IF($["${{ACD_ALONE}}" = ""]?{on_callers}:${{{own or name}}})}}' if alone else on_callers

    environment.filters |= {"owner": owner, "dial_string": dial_string, "closed_to": closed_to, "greetings": greetings}
    environment.filters["noted"] = noted
    outside = [each for each in config.destinations if isinstance(each, OutsideNumber) and each.dial_as is not None]
    events = (
        *LATER_EVENTS,
        *(CALLBACK_EVENTS if _callbacks(config, server) else ()),
        *(KEY_EVENTS if config.questioned_keys or outside or config.surveys else ()),
    )
    values = {
        "generated": _GENERATED,
        "config": config,
        "server": server,
        "directories": server.directories,
        "sip_bind": _address(server.sip.bind, server.sip.port),
        "sounds_language": sounds_language(config, server),
        "agi": str(config.agi.address),
        "caller": CALLER,
        "callbacks": _callbacks(config, server),
        "codes": config.codes.by_action(),
        "supervisor_codes": config.codes.of_supervisors() if config.supervisors else {},
        "echo": config.codes.echo,
        "declined_messages": DECLINED_MESSAGES,
        "colleagues": [(member, name) for member, name in _colleagues(config, telephones)],
        "destinations": config.destinations,
        "early_events": EARLY_EVENTS,
        "events": events,
        "unused_events": [name for name in FREQUENT_EVENTS if name not in events],
        "outside": outside,
        "own_number": config.lines[0].numbers[0],
        "transferrer": TRANSFERRER,
        "questioned_keys": config.questioned_keys,
        "fallback": config.fallback,
        "has_default_music": any(music.name == "default" for music in config.music),
        "lines": config.lines,
        "messages": config.messages,
        "surveys": config.surveys,
        "asked": [line for line in config.lines if line.survey is not None],
        "media_address": _own_address(server),
        "members": {line.name: _of_line(members, line.name) for line in config.lines},
        "modules": list(MODULES.items()),
        "music": config.music,
        "recorded": config.recordings is not None,
        "recorded_lines": [line.name for line in config.lines if line.recording is not None],
        "recorder": _mix_monitor(config.recordings, "") if config.recordings else "",
        "recorder_bridged": _mix_monitor(config.recordings, "b") if config.recordings else "",
        "recorder_of_caller": _mix_monitor(config.recordings, "b", of_caller=True) if config.recordings else "",
        "alone": alone,
        "answered": (ANSWERED_IN_TALK if config.in_talk.hands_on else ANSWERED).format(
            answered=ON_CALLERS_IF_HIS if alone else ON_CALLERS
        ),
        "on_answer": _on_answer(config),
        "outgoing_line": next((line.name for line in config.lines if line.recording is not None), ""),
        "part_key": PART_KEY,
        "talk_features": _talk_features(config),
        "in_talk": config.in_talk,
        "telephones": [telephone for telephone in telephones if not telephone.external],
        "trunks": [trunk for trunk in trunks_of(config, server) if not trunk.external],
    }
    names = sorted(environment.list_templates(extensions=["j2"]))
    return {name.removesuffix(".j2"): environment.get_template(name).render(values) for name in names}


def sounds_language(config: Config, server: Asterisk) -> str:
    """Return the directory of the site's language below the server's sounds, as far as that is to be seen from here."""
    sounds = Path(server.directories.data) / "sounds"
    return server.sounds_language or installed_language(sounds, config.site.language)


def closed_to(line: Line) -> str:
    """Return the destination that takes calls while the line is closed; empty for a line that never is."""
    return line.at_closed or next((rule.leave_for for rule in line.on_join if rule.when == "closed"), "")


def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_templates()),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - Asterisk's files are no HTML; values are checked by `config`
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@cache
def _templates() -> Path:
    """Return the directory of the templates: inside the installed package, or beside the packages in a checkout."""
    here = Path(__file__).resolve().parent
    installed = here / "templates"
    return installed if installed.is_dir() else here.parents[1] / "asterisk-conf"


def _callbacks(config: Config, server: Asterisk) -> list[tuple[Line, str, str]]:
    """Return the lines whose call-backs go out here, each with its trunk's endpoint and what the called see."""
    trunks = {trunk.name: trunk for trunk in trunks_of(config, server)}
    return [
        (line, trunks[line.callback.trunk].endpoint, line.callback.caller_id or line.numbers[0])
        for line in config.lines
        if line.callback is not None and line.callback.trunk in trunks
    ]


def greetings(line: Line) -> tuple[str, ...]:
    """Return what a caller of the line hears once before he may be offered: the greeting, the notice of recording."""
    notice = line.recording.notice if line.recording is not None else None
    return tuple(sound for sound in (line.greeting, notice) if sound is not None)


def _talk_features(config: Config) -> str:
    """Return the features of an operator's channel in a talk that is, or may become, recorded; `#` is between them."""
    features = [
        *(["acd-questioned"] if config.questioned_keys else []),
        *(["acd-record"] if config.in_talk.pause_recording else []),
        "acd-part",
    ]
    return "#".join(features)


def _on_answer(config: Config) -> str:
    """Return the context that begins a talk outside, on whoever answers there: as the caller's line has it."""
    recording = [line.name for line in config.lines if line.recording is not None]
    if len(recording) in {0, len(config.lines)}:
        return "acd-recorded" if recording else "acd-answered"
    return f'${{IF(${{REGEX("^({"|".join(recording)})$" ${{ACD_LINE}})}}?acd-recorded:acd-answered)}}'


def _mix_monitor(recordings: Recordings, options: str, *, of_caller: bool = False) -> str:
    """Return the arguments of MixMonitor; `${ACD_TALK}` names the talk.

    On the operator's channel what Asterisk receives is the operator; on the caller's (`of_caller`) it is the caller.
    S keeps the two sides of a stereo recording in step on 16.28; 22 does so of itself and leaves the option aside.
    """
    folder = recordings.incoming
    if not recordings.stereo:
        return f"{folder}/mix_${{ACD_TALK}}.wav,{options}"
    received, sent = ("out", "in") if of_caller else ("in", "out")
    return f",S{options}r({folder}/{received}_${{ACD_TALK}}.wav)t({folder}/{sent}_${{ACD_TALK}}.wav)"


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _own_address(server: Asterisk) -> str | None:
    """Return the one address that speech is bound to; None where the server listens on all.

    Bound to all, Asterisk asks the resolver for its own host name once per channel (`ast_find_ourip`, seen on 16.28 and
    22.10), and a name that does not resolve makes every call wait for the resolver.
    """
    try:
        address = ip_address(server.sip.bind)
    except ValueError:
        return None
    return None if address.is_unspecified else str(address)


def _of_line(members: tuple[Member, ...], line: str) -> list[Member]:
    return [member for member in members if member.queue == line]


def _colleagues(config: Config, telephones: tuple[Telephone, ...]) -> list[tuple[str, str]]:
    """Return operators' numbers with the telephones where they can be reached."""
    names = {telephone.name for telephone in telephones}
    return [
        (o.number, o.own_telephone)
        for o in config.operators
        if o.own_telephone is not None and o.own_telephone in names
    ]
