"""From texts to sound files: what is missing, what is out of date, and making just that.

A file that a person has recorded (it lies there and we did not make it, or it was changed since) is never touched. What
we made is noted in `made.json` beside the files: by which text and voice, and what came out.
"""

import hashlib
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import orjson

from acd.prompts.wav import NoSound, read_wav, to_telephone, write_wav
from config.checks_services import prompts_used
from config.model import Config
from config.prompts import BUILT_IN, Prompt

NOTES: Final = "made.json"
SPEAK_LIMIT_S: Final = 60.0


class PromptState(StrEnum):
    """How a prompt's file stands."""

    MADE = "made"
    RECORDED = "recorded"
    """By a person: left alone."""
    OUTDATED = "outdated"
    """The text or the voice has changed since."""
    MISSING = "missing"


class VoiceFailed(Exception):
    """The voice's command could not be run, or made nothing of use."""

    def __init__(self, command: str, reason: str) -> None:
        super().__init__(command, reason)
        self.command = command
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.command}: {self.reason}"


@dataclass(frozen=True, slots=True)
class PromptFile:
    """One prompt and its file."""

    name: str
    text: str
    """Empty for a recording that has no text in the configuration."""
    path: Path
    state: PromptState


def prompts_of(config: Config) -> tuple[Prompt, ...]:
    """Return every prompt that the site can play: its own, its profiles', the product's; each name once."""
    named: dict[str, Prompt] = {}
    for prompt in (*config.prompts, *BUILT_IN[config.site.language]):
        named.setdefault(prompt.name, prompt)
    return tuple(named.values())


def look(config: Config) -> tuple[PromptFile, ...]:
    """Return how every prompt stands, recordings without a text included."""
    notes = _notes(config.voice.directory)
    prompts = prompts_of(config)
    told = [_look(config, prompt, notes) for prompt in prompts]
    for name in sorted(prompts_used(config) - {prompt.name for prompt in prompts}):
        path = config.voice.directory / f"{name}.wav"
        told.append(PromptFile(name, "", path, PromptState.RECORDED if path.exists() else PromptState.MISSING))
    return tuple(told)


def build(config: Config) -> Iterable[PromptFile]:
    """Make what is missing or out of date, and yield each as it is made.

    Raises:
        OSError: The folder cannot be written.
        VoiceFailed: The voice made nothing of use.
    """
    folder = config.voice.directory
    folder.mkdir(parents=True, exist_ok=True)
    notes = _notes(folder)
    for prompt in look(config):
        if prompt.text and prompt.state in {PromptState.MISSING, PromptState.OUTDATED}:
            _speak(config, prompt.text, prompt.path)
            notes[prompt.name] = {"of": _of(config, prompt.text), "made": _hash_of(prompt.path)}
            beside = folder / f"{NOTES}.new"
            beside.write_bytes(orjson.dumps(notes, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
            beside.replace(folder / NOTES)
            yield prompt


def _look(config: Config, prompt: Prompt, notes: dict[str, dict[str, str]]) -> PromptFile:
    path = config.voice.directory / f"{prompt.name}.wav"
    note = notes.get(prompt.name, {})
    if not path.exists():
        state = PromptState.MISSING
    elif _hash_of(path) != note.get("made"):
        state = PromptState.RECORDED
    else:
        state = PromptState.MADE if note.get("of") == _of(config, prompt.text) else PromptState.OUTDATED
    return PromptFile(prompt.name, prompt.text, path, state)


def _speak(config: Config, text: str, path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="acd-voice-") as folder:
        output = Path(folder) / "spoken.wav"
        places = {"language": config.site.language, "output": str(output)}
        command = [part.format_map(places) for part in config.voice.command]
        try:
            subprocess.run(  # noqa: S603 - the command is the administrator's own
                command, input=text.encode(), capture_output=True, check=True, timeout=SPEAK_LIMIT_S
            )
            write_wav(path, to_telephone(*read_wav(output)))
        except subprocess.CalledProcessError as error:
            raise VoiceFailed(command[0], error.stderr.decode(errors="replace").strip() or str(error)) from error
        except (subprocess.TimeoutExpired, NoSound, FileNotFoundError) as error:
            raise VoiceFailed(command[0], str(error)) from error


def _notes(folder: Path) -> dict[str, dict[str, str]]:
    try:
        notes = orjson.loads((folder / NOTES).read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}  # then everything there counts as recorded and is left alone
    return notes if isinstance(notes, dict) else {}


def _of(config: Config, text: str) -> str:
    return hashlib.sha256("\0".join((*config.voice.command, config.site.language, text)).encode()).hexdigest()


def _hash_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
