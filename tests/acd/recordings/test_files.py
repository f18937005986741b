"""Names, sound files, seals and the folder: what a recording is on the disk."""

import base64
import io
import os
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from acd.recordings import sealed, sound
from acd.recordings.archive import Archive, free_bytes
from acd.recordings.errors import KeyMissing, KeyWrong, NoSound, SealBroken, StillThere
from acd.recordings.names import by_talk, is_recording, parse
from acd.recordings.sealed import CHUNK, Keys, SealingKey, plain_size, seal, unseal

NAME = "1795316127412_saratov-122_lab-1795316127.0_op_102.wav"
SECOND = bytes(16_000)


def key(fill: int = 7) -> SealingKey:
    """Return a key."""
    return SealingKey(base64.b64encode(bytes([fill]) * 32).decode())


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """A folder of recordings without a key."""
    kept = Archive(tmp_path / "recordings", ZoneInfo("Europe/Saratov"), Keys(None))
    kept.incoming.mkdir(parents=True)
    return kept


def written(archive: Archive, leg: str, data: bytes, *, closed: bool = True) -> str:
    """Let Asterisk write a file; return its name."""
    name = f"{leg}_{NAME}"
    (archive.incoming / name).write_bytes(sound.header(1, len(data) if closed else 0) + data)
    return name


def test_name_says_all_of_the_talk():
    """Leg, instant, line, call and telephone; the telephone may hold what divides the others."""
    found = parse(f"mix_{NAME}")
    assert found is not None
    talk, leg = found
    assert (leg, talk.started_at, talk.line) == ("mix", 1795316127.412, "saratov-122")
    assert (talk.call, talk.telephone) == ("lab-1795316127.0", "op_102")
    assert talk.recording == "1795316127412_lab-1795316127.0_op_102"
    assert is_recording(talk.recording)


@pytest.mark.parametrize("name", ["x.wav", f"mono_{NAME}", f"mix_{NAME}.part", "mix_1_l_c/../../x_op.wav"])
def test_other_files_are_left_alone(name):
    """What is not of our dialplan's making is not touched."""
    assert by_talk([name]) == {}


@pytest.mark.parametrize("text", ["", "../../etc/passwd", "1_../x_y", "1_a_b/../c", "1_a..b_c"])
def test_no_path_passes_for_a_recording(text):
    """An id from outside leads nowhere on the disk."""
    assert not is_recording(text)


def test_mono_recording_is_kept_as_it_was_said(archive: Archive):
    """The kept file is a sound file of the talk's length, closed to others; Asterisk's own goes when it is dropped."""
    name = written(archive, "mix", SECOND * 3)
    assert archive.is_closed([name])
    kept = archive.keep(parse(name)[0], {"mix": name})
    file = archive.folder / kept.path
    assert (kept.duration_s, kept.channels, kept.size) == (3.0, 1, file.stat().st_size)
    assert file.stat().st_mode & 0o007 == 0
    assert file.read_bytes()[44:] == SECOND * 3
    assert list(archive.incoming_files()) == [name]
    archive.drop({"mix": name})
    assert archive.incoming_files() == {}


def test_recording_cut_off_by_a_crash_has_its_header_put_right(archive: Archive):
    """Asterisk died: the lengths in its header are 0, the sound is there."""
    name = written(archive, "mix", SECOND + b"x", closed=False)
    assert not archive.is_closed([name])
    kept = archive.keep(parse(name)[0], {"mix": name})
    assert (archive.folder / kept.path).read_bytes() == sound.header(1, len(SECOND)) + SECOND
    assert kept.duration_s == 1.0


def test_stereo_has_the_caller_left_and_the_operator_right(archive: Archive):
    """Two files become one; the shorter side ends in silence."""
    operator = written(archive, "in", b"\x01\x02" * 8000)
    caller = written(archive, "out", b"\x03\x04" * 4000)
    legs = {"in": operator, "out": caller}
    assert by_talk(legs.values()) == {parse(operator)[0]: legs}
    kept = archive.keep(parse(operator)[0], legs)
    data = (archive.folder / kept.path).read_bytes()[44:]
    assert (kept.channels, kept.duration_s) == (2, 1.0)
    assert data == b"\x03\x04\x01\x02" * 4000 + b"\x00\x00\x01\x02" * 4000


def test_recording_without_any_sound_is_none(archive: Archive):
    """Neither side sent anything."""
    name = written(archive, "mix", b"")
    with pytest.raises(NoSound):
        archive.keep(parse(name)[0], {"mix": name})


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_sealed_file_gives_back_what_went_in(tmp_path: Path, size):
    """Whole and in any part, also across chunks, and with a key that is no longer sealed with."""
    plain, path = os.urandom(size), tmp_path / "sealed"
    with path.open("wb") as out:
        seal([plain[: size // 3], plain[size // 3 :]], key(), out)
    assert plain_size(path) == size
    assert b"".join(unseal(path, Keys(key()), 0, size)) == plain
    start = size // 2
    assert b"".join(unseal(path, Keys(key(9), [key()]), start, 10)) == plain[start : start + 10]


@pytest.mark.parametrize("place", [0, 5, 20, 40, -1])
def test_changed_seal_is_noticed(tmp_path: Path, place):
    """A bit that was changed anywhere makes the file unreadable, not its sound wrong."""
    path = tmp_path / "sealed"
    with path.open("wb") as out:
        seal([bytes(100)], key(), out)
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    with pytest.raises((SealBroken, KeyMissing)):
        list(unseal(path, Keys(key()), 0, 100))


def test_sealed_file_cut_short_is_noticed(tmp_path: Path):
    """The last chunk says that it is the last: a file without it is no shorter talk."""
    path = tmp_path / "sealed"
    with path.open("wb") as out:
        seal([bytes(2 * CHUNK)], key(), out)
    path.write_bytes(path.read_bytes()[: 32 + CHUNK + 16])
    with pytest.raises(SealBroken):
        list(unseal(path, Keys(key()), 0, CHUNK))


def test_seal_holds_for_parts_of_any_size():
    """One byte at a time: whole chunks all the same."""
    plain, out = os.urandom(CHUNK + 5), io.BytesIO()
    seal((bytes([each]) for each in plain), key(), out)
    assert len(out.getvalue()) == 32 + len(plain) + 2 * 16


@pytest.mark.parametrize("text", ["", "x", base64.b64encode(bytes(31)).decode(), "я" * 32])
def test_key_is_32_bytes_in_base64(text):
    """Anything else is refused when the daemon starts."""
    with pytest.raises(KeyWrong):
        SealingKey(text)


def test_sealed_recording_is_read_as_plain_sound(tmp_path: Path):
    """On the disk nothing of the sound is to be seen; through the folder it is the file that was recorded."""
    archive = Archive(tmp_path / "recordings", ZoneInfo("Europe/Moscow"), Keys(key()))
    archive.incoming.mkdir(parents=True)
    name = written(archive, "mix", b"\x11\x22" * 8000)
    kept = archive.keep(parse(name)[0], {"mix": name})
    file = archive.folder / kept.path
    assert (kept.path.endswith(".wav.sealed"), kept.key) == (True, key().id.hex())
    assert b"\x11\x22\x11\x22" not in file.read_bytes()
    assert sealed.plain_size(file) == kept.size
    assert b"".join(archive.read(kept.path, 0, kept.size)) == sound.header(1, 16_000) + b"\x11\x22" * 8000
    assert b"".join(archive.read(kept.path, 44, 4)) == b"\x11\x22\x11\x22"


def test_destroyed_recording_is_gone_and_so_is_its_empty_day(archive: Archive):
    """Gone from the disk; a second destruction finds nothing to do."""
    name = written(archive, "mix", SECOND)
    kept = archive.keep(parse(name)[0], {"mix": name})
    archive.destroy(kept.path)
    assert not (archive.folder / kept.path).parent.exists()
    archive.destroy(kept.path)


def test_what_cannot_be_destroyed_is_told(archive: Archive, monkeypatch: pytest.MonkeyPatch):
    """A file that is there afterwards was not destroyed, whatever the system said."""
    name = written(archive, "mix", SECOND)
    kept = archive.keep(parse(name)[0], {"mix": name})
    monkeypatch.setattr(Path, "unlink", lambda _path, **_options: None)
    with pytest.raises(StillThere):
        archive.destroy(kept.path)


def test_damaged_records_reach_no_file_outside(archive: Archive, tmp_path: Path):
    """A path that leads out of the folder is not followed."""
    (tmp_path / "precious").write_text("x")
    for path in ("../precious", str(tmp_path / "precious")):
        with pytest.raises(FileNotFoundError):
            archive.destroy(path)
    assert (tmp_path / "precious").exists()


def test_full_disk_leaves_nothing_that_passes_for_a_recording(archive: Archive, monkeypatch: pytest.MonkeyPatch):
    """What Asterisk wrote is still there for another attempt."""
    name = written(archive, "mix", SECOND)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        archive.keep(parse(name)[0], {"mix": name})
    assert [path for path in archive.folder.rglob("*") if path.is_file()] == [archive.incoming / name]


def test_days_are_those_of_the_site(archive: Archive):
    """22:30 in UTC is the next day in Saratov."""
    assert archive.day_of(1_700_000_000 - 1_700_000_000 % 86_400 + 22.5 * 3600) == "2023-11-15"
    assert free_bytes(archive.folder) > 0
