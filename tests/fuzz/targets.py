"""Every target by name: its examples, and what is fed with inputs made of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.fuzz import codecs, surfaces, uploads

Feed = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class Target:
    """One reader of foreign bytes."""

    examples: Callable[[Path], tuple[bytes, ...]]
    make: Callable[[Path, surfaces.Run], Feed]
    """Prepare it in an empty folder; what comes back raises on whatever must not be."""


def _codec(feed: Feed, examples: tuple[bytes, ...]) -> Target:
    return Target(lambda _home: examples, lambda _home, _run: feed)


TARGETS: Final[Mapping[str, Target]] = {
    "ami-stream": _codec(codecs.ami_stream, codecs.AMI),
    "ami-action": _codec(codecs.ami_action, codecs.ACTIONS),
    "agi-stream": _codec(codecs.agi_stream, codecs.AGI),
    "agi-command": _codec(codecs.agi_command, codecs.COMMANDS),
    "ended-entry": _codec(codecs.ended_entry, codecs.ENTRIES),
    "api": Target(lambda _home: surfaces.API, surfaces.Api),
    "upload": _codec(uploads.upload, uploads.FORMS),
    "mqtt-command": Target(lambda _home: surfaces.MQTT, surfaces.MqttCommands),
    "dial-code": Target(lambda _home: surfaces.CODES, surfaces.Codes),
    "configuration": Target(lambda home: (surfaces.configuration_example(home),), surfaces.Configuration),
}
