"""Files are written once, in one step, and say what they would change."""

import io
import wave

import pytest

from acd.asterisk_conf import Mode, diff, write
from acd.asterisk_conf.music import RATE, waiting_music

FILES = {
    "acd-manager.conf": "[acd]\nsecret = one\nread = call\n",
    "acd-extensions.conf": "[acd-incoming]\n",
    "modules.conf": "[modules]\n",
}


def names(directory):
    """Return the names of the files in a directory."""
    return {path.name for path in directory.iterdir()}


def test_second_run_changes_nothing(tmp_path):
    """What is right is not touched."""
    assert {change.name for change in write(FILES, tmp_path, Mode.WHOLE)} == set(FILES)
    before = {path: path.stat().st_ino for path in tmp_path.iterdir()}
    assert write(FILES, tmp_path, Mode.WHOLE) == ()
    assert before == {path: path.stat().st_ino for path in tmp_path.iterdir()}


def test_existing_asterisk_gets_the_included_files_only(tmp_path):
    """Nothing that belongs to FreePBX or to the site is overwritten."""
    (tmp_path / "modules.conf").write_text("[modules]\nautoload = yes\n", encoding="utf-8")
    write(FILES, tmp_path, Mode.INCLUDE)
    assert names(tmp_path) == {"acd-manager.conf", "acd-extensions.conf", "modules.conf"}
    assert "autoload" in (tmp_path / "modules.conf").read_text(encoding="utf-8")


def test_diff_changes_nothing_and_tells_what_would(tmp_path):
    """Whoever runs the system sees the change before it is made."""
    write(FILES, tmp_path, Mode.WHOLE)
    wanted = {**FILES, "acd-extensions.conf": "[acd-incoming]\nexten => 122,1,Answer()\n"}
    (change,) = diff(wanted, tmp_path, Mode.WHOLE)
    assert (change.name, change.new) == ("acd-extensions.conf", False)
    assert "+exten => 122,1,Answer()" in change.diff
    assert (tmp_path / "acd-extensions.conf").read_text(encoding="utf-8") == FILES["acd-extensions.conf"]


def test_diff_shows_no_secret(tmp_path):
    """A change of secret is told without the secrets."""
    write(FILES, tmp_path, Mode.WHOLE)
    wanted = {**FILES, "acd-manager.conf": "[acd]\nsecret = two\nread = call,dtmf\n"}
    (change,) = diff(wanted, tmp_path, Mode.WHOLE)
    assert "one" not in change.diff
    assert "two" not in change.diff
    assert "+read = call,dtmf" in change.diff
    (alone,) = diff({**FILES, "acd-manager.conf": "[acd]\nsecret = two\nread = call\n"}, tmp_path, Mode.WHOLE)
    assert "only a secret differs" in alone.diff


@pytest.mark.parametrize(("name", "mode"), [("acd-manager.conf", 0o640), ("acd-extensions.conf", 0o644)])
def test_files_with_secrets_are_not_for_everybody(tmp_path, name, mode):
    """Passwords are readable to the owner and Asterisk's group alone."""
    write(FILES, tmp_path, Mode.WHOLE)
    assert (tmp_path / name).stat().st_mode & 0o777 == mode


def test_failed_write_leaves_no_half_file(tmp_path):
    """A file is the old one or the new one; nothing else stays behind."""
    (tmp_path / "modules.conf").mkdir()
    with pytest.raises(OSError, match=r"modules\.conf"):
        write({"modules.conf": "[modules]\n"}, tmp_path, Mode.WHOLE)
    assert names(tmp_path) == {"modules.conf"}


def test_fresh_asterisk_has_music_and_a_sites_own_is_kept(tmp_path):
    """Callers never wait in silence, and music that the site has put there stays the only one."""
    write(FILES, tmp_path, Mode.WHOLE)
    music = tmp_path / "acd-music"
    assert names(music) == {"waiting.wav"}
    (music / "waiting.wav").rename(music / "own.wav")
    write(FILES, tmp_path, Mode.WHOLE)
    assert names(music) == {"own.wav"}


def test_music_is_a_telephones_wav_without_clipping():
    """Asterisk's format_wav takes 8 kHz, 16 bit, mono; the phrase begins and ends in silence."""
    with wave.open(io.BytesIO(waiting_music())) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (RATE, 2, 1)
        frames = file.readframes(file.getnframes())
    samples = memoryview(frames).cast("h")
    assert max(abs(sample) for sample in samples) < 8000
    assert abs(samples[0]) < 50
    assert abs(samples[-1]) < 50
