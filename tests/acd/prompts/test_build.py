"""Prompts are spoken once, recordings are left alone, and what is missing is told."""

import math
import wave
from array import array
from itertools import pairwise

import pytest

from acd.cli.main import run
from acd.lab.errors import ProgramMissing
from acd.lab.process import find_program
from acd.prompts.build import PromptState, VoiceFailed, build, look
from acd.prompts.wav import NoSound, read_wav, to_telephone, write_wav
from config.load import load_config
from tests.acd.stage import write_site

SPEAKER = """
import math, struct, sys, wave
text = sys.stdin.read()
with wave.open(sys.argv[1], "wb") as file:
    file.setnchannels(1); file.setsampwidth(2); file.setframerate(22050)
    file.writeframes(b"".join(struct.pack("<h", round(9000 * math.sin(i / 9))) for i in range(200 * len(text))))
"""


@pytest.fixture
def site(tmp_path):
    """Return the configuration's path: one prompt of its own, and a voice that hums as long as the text is."""
    path = write_site(tmp_path)
    speaker = tmp_path / "speaker.py"
    speaker.write_text(SPEAKER, encoding="utf-8")
    more = f"""
[voice]
directory = "prompts"
command = ["python3", "{speaker}", "{{output}}"]

[[prompt]]
name = "welcome"
text = "Здравствуйте!"

[[destination]]
kind = "message"
name = "sorry"
sounds = ["acd/welcome"]
"""
    path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
    return path


def states(site) -> dict[str, PromptState]:
    """Return how the prompts stand, by name."""
    return {prompt.name: prompt.state for prompt in look(load_config(site))}


def test_what_is_missing_is_made_and_a_second_run_makes_nothing(site):
    """Each text becomes a WAV at 8 kHz; nothing is spoken twice; a new text makes its file out of date."""
    assert set(states(site).values()) == {PromptState.MISSING}
    assert "welcome" in [prompt.name for prompt in build(load_config(site))]
    assert set(states(site).values()) == {PromptState.MADE}
    assert list(build(load_config(site))) == []
    rate, samples = read_wav(site.parent / "prompts" / "welcome.wav")
    assert (rate, len(samples)) == (8000, int(200 * len("Здравствуйте!") * 8000 / 22050))
    site.write_text(site.read_text(encoding="utf-8").replace("Здравствуйте", "Добрый день"), encoding="utf-8")
    assert states(site)["welcome"] is PromptState.OUTDATED
    assert [prompt.name for prompt in build(load_config(site))] == ["welcome"]


def test_a_recording_is_left_alone(site):
    """A file that a person has put there stays, whatever the text says."""
    list(build(load_config(site)))
    recorded = array("h", [100] * 800)
    write_wav(site.parent / "prompts" / "welcome.wav", recorded)
    assert states(site)["welcome"] is PromptState.RECORDED
    assert list(build(load_config(site))) == []
    assert read_wav(site.parent / "prompts" / "welcome.wav")[1] == recorded


def test_a_sound_without_text_or_file_is_the_configurations_mistake_until_it_is_recorded(site, capsys):
    """`acd/NAME` must lead somewhere; a recording is enough."""
    text = site.read_text(encoding="utf-8").replace('sounds = ["acd/welcome"]', 'sounds = ["acd/welcom"]')
    site.write_text(text, encoding="utf-8")
    assert run(["--config", str(site), "--lang", "en", "prompts", "check"]) != 0
    assert "acd/welcom has neither a text nor a file; did you mean welcome?" in capsys.readouterr().err
    (site.parent / "prompts").mkdir()
    write_wav(site.parent / "prompts" / "welcom.wav", array("h", [1] * 80))
    assert states(site)["welcom"] is PromptState.RECORDED


def test_at_the_keyboard(site, capsys):
    """`build` makes, `check` agrees; before that it says what is missing and ends with 1."""
    options = ["--config", str(site), "--lang", "en", "prompts"]
    assert run([*options, "check"]) == 1
    assert "missing" in capsys.readouterr().out
    assert run([*options, "build"]) == 0
    assert run([*options, "check", "--json"]) == 0


def test_a_voice_that_fails_is_told(site, tmp_path):
    """A command that is not there, or that makes nothing."""
    config = load_config(site)
    for command in (("no-such-voice",), ("true",), ("false",)):
        voice = config.voice.model_copy(update={"command": command})
        with pytest.raises(VoiceFailed, match=command[0]):
            list(build(config.model_copy(update={"voice": voice})))


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 44100])
def test_a_tone_keeps_its_pitch_and_what_telephones_cannot_carry_is_gone(rate):
    """1 kHz stays 1 kHz at any rate; 6 kHz does not come back as 2 kHz."""
    low = array("h", (round(8000 * math.sin(2 * math.pi * 1000 * n / rate)) for n in range(rate)))
    made = to_telephone(rate, low)
    crossings = sum(a < 0 <= b for a, b in pairwise(made))
    assert abs(crossings - 1000) <= 2
    if rate > 12000:
        both = array(
            "h",
            (
                round(8000 * (math.sin(2 * math.pi * 500 * n / rate) + math.sin(2 * math.pi * 6000 * n / rate)))
                for n in range(rate)
            ),
        )
        cleaned = to_telephone(rate, both)
        crossings = sum(a < 0 <= b for a, b in pairwise(cleaned))
        assert abs(crossings - 500) <= 2


def test_what_is_no_sound_is_told(tmp_path):
    """No WAV, an empty one, one of two channels."""
    path = tmp_path / "x.wav"
    path.write_bytes(b"RIFF")
    with pytest.raises(NoSound):
        read_wav(path)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0" * 8)
    with pytest.raises(NoSound, match="channels"):
        read_wav(path)
    write_wav(path, array("h"))
    with pytest.raises(NoSound, match="empty"):
        read_wav(path)


def test_the_voice_that_comes_with_set_up_speaks_russian(site):
    """espeak-ng reads a text of the product's own; it lasts as long as a word lasts."""
    try:
        find_program("espeak-ng", "run scripts/setup-asterisk")
    except ProgramMissing as missing:
        pytest.skip(str(missing))
    config = load_config(site)
    voice = config.voice.model_copy(update={"command": type(config.voice)().command})
    spoken = config.model_copy(update={"voice": voice, "prompts": ()})
    list(build(spoken))
    _, samples = read_wav(config.voice.directory / "minutes-few.wav")
    assert 0.2 < len(samples) / 8000 < 2.0
