"""What the configuration has said to callers and operators, as sounds."""

from collections.abc import Callable
from dataclasses import dataclass

from acd.speech import MINUTES, phrase
from config.model import Config
from queue_engine.effects import Announce, Whisper


@dataclass(frozen=True, slots=True)
class ConfiguredPhrases:
    """The announcements and whispers of the configuration in force."""

    config: Callable[[], Config]

    def announcement(self, effect: Announce) -> tuple[str, ...]:
        """Return the sounds for a caller who waits; none when a value is not known or the announcement is gone."""
        config = self.config()
        for announcement in config.announcements:
            if announcement.name == effect.announcement:
                return phrase(
                    announcement.say,
                    config.site.language,
                    position=effect.position,
                    wait_s=effect.wait_s,
                    minutes=_minutes(config),
                )
        return ()

    def prompt(self, name: str) -> str:
        """Return the sound of a prompt of the product's own, or a tone where it has not been made."""
        sound = self.config().voice.directory / name
        return str(sound) if sound.with_suffix(".wav").exists() else "beep"

    def whisper(self, whisper: Whisper) -> tuple[str, ...]:
        """Return the sounds for the operator before the talk."""
        config = self.config()
        line = next((line for line in config.lines if line.name == whisper.queue), None)
        if line is None:
            return ()
        return phrase(
            line.whisper, config.site.language, wait_s=whisper.waited_s, line=line.numbers[0], minutes=_minutes(config)
        )


def _minutes(config: Config) -> tuple[str, str, str]:
    """Return the sounds of the three forms; the second is our prompt where that has been made."""
    few = config.voice.directory / "minutes-few"
    return (MINUTES[0], str(few) if few.with_suffix(".wav").exists() else MINUTES[1], MINUTES[2])
