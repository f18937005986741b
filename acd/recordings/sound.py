"""The sound files of Asterisk: 16-bit PCM in RIFF/WAVE, one channel, 8000 samples a second.

`format_wav` of Asterisk writes a header of 44 bytes with the lengths 0 and puts the true ones in when the file is
closed (tried on 16.28 and 22.10). So a header that does not agree with its file is one that is still being written, or
was when Asterisk died; what was said up to then stands behind it all the same.
"""

import array
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

HEADER: Final = struct.Struct("<4sI4s4sIHHIIHH4sI")
RATE: Final = 8000
WIDTH: Final = 2
_CHUNK: Final = 64 * 1024


def is_closed(path: Path) -> bool:
    """Tell whether Asterisk has closed the file.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        header = file.read(HEADER.size)
        size = file.seek(0, 2)
    return len(header) == HEADER.size and 0 < HEADER.unpack(header)[12] == size - HEADER.size


def header(channels: int, data_bytes: int) -> bytes:
    """Return the header of a file with so many channels and bytes of sound."""
    frame = channels * WIDTH
    return HEADER.pack(
        b"RIFF", data_bytes + HEADER.size - 8, b"WAVE", b"fmt ", 16, 1, channels, RATE, RATE * frame, frame, 8 * WIDTH,
        b"data", data_bytes,
    )  # fmt: skip


def duration_s(channels: int, data_bytes: int) -> float:
    """Return how long so many bytes of sound last, s."""
    return data_bytes / (RATE * WIDTH * channels)


def sound_bytes(path: Path) -> int:
    """Return how many bytes of sound stand in a file, whatever its header says; 0 for one without any.

    Raises:
        OSError: It cannot be read.
    """
    return max(0, path.stat().st_size - HEADER.size) // WIDTH * WIDTH


def mono(path: Path) -> Iterator[bytes]:
    """Yield a whole sound file, its header put right.

    Raises:
        OSError: It cannot be read.
    """
    left = sound_bytes(path)
    yield header(1, left)
    with path.open("rb") as file:
        file.seek(HEADER.size)
        while left and (chunk := file.read(min(_CHUNK, left))):
            left -= len(chunk)
            yield chunk


def stereo(left: Path, right: Path) -> Iterator[bytes]:
    """Yield one sound file of two channels from two of one; the shorter is followed by silence.

    Raises:
        OSError: One cannot be read.
    """
    size = max(sound_bytes(left), sound_bytes(right))
    yield header(2, 2 * size)
    with left.open("rb") as one, right.open("rb") as other:
        one.seek(HEADER.size)
        other.seek(HEADER.size)
        while size > 0:
            wanted = min(_CHUNK, size)
            size -= wanted
            both = array.array("h", bytes(2 * wanted))
            both[0::2] = _samples(one.read(wanted), wanted)
            both[1::2] = _samples(other.read(wanted), wanted)
            yield both.tobytes()


def _samples(data: bytes, wanted: int) -> "array.array[int]":
    """Return so many bytes of samples, which are moved and never computed with; what is missing is silence."""
    samples = array.array("h")
    samples.frombytes(data[: len(data) // WIDTH * WIDTH].ljust(wanted, b"\0"))
    return samples
