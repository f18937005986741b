"""Music for an Asterisk that has none: a caller who hears nothing takes the line for dead.

Debian's Asterisk comes without music, and foreign music comes with a licence. So a quiet phrase is computed here:
four chords, each faded in and out, as a sound file for telephones.
"""

import array
import io
import math
import sys
import wave
from typing import Final

RATE: Final = 8000
"""Samples per second: a telephone's."""

_CHORD_S: Final = 4.0
_PEAK: Final = 5200
"""Of 32767: some 16 dB below full scale, about as loud as speech on the line."""

# Equal temperament, A4 = 440 Hz: C major, A minor, F major, G major, each in four voices.
_CHORDS: Final = ((-21, -14, -9, -5), (-24, -17, -9, -5), (-28, -16, -12, -9), (-26, -14, -10, -7))


def waiting_music() -> bytes:
    """Return the phrase as a WAV file: 16 s, mono, 16 bit, 8 kHz. Always the same bytes."""
    samples = array.array("h")
    count = int(_CHORD_S * RATE)
    for chord in _CHORDS:
        steps = [2 * math.pi * 440.0 * 2 ** (half_tones / 12) / RATE for half_tones in chord]
        for index in range(count):
            envelope = math.sin(math.pi * index / count)
            tone = sum(math.sin(step * index) for step in steps) / len(steps)
            samples.append(round(_PEAK * envelope * tone))
    if sys.byteorder == "big":
        samples.byteswap()
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return held.getvalue()
