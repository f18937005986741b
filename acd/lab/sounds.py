"""Speech for the lab's callers and telephones: A-law at 8 kHz, as SIPp plays it (ITU-T G.711; RFC 3551, type 8)."""

import math
from pathlib import Path
from typing import Final

RATE: Final = 8000
"""Samples, and so bytes, per second."""


def a_law(sample: int) -> int:
    """Return the A-law byte of a linear sample of 16 bits: sign, segment, four bits of the step; even bits inverted."""
    sign, magnitude = (0x80, sample >> 3) if sample >= 0 else (0x00, (-sample - 1) >> 3)
    segment = max(0, magnitude.bit_length() - 5)
    step = (magnitude >> max(1, segment)) & 0x0F
    return (sign | segment << 4 | step) ^ 0x55


def linear(byte: int) -> int:
    """Return the sample of 16 bits that an A-law byte stands for, the middle of its step."""
    bits = byte ^ 0x55
    segment, step = bits >> 4 & 0x07, bits & 0x0F
    magnitude = step << 4 | 8 if segment == 0 else (step << 4 | 0x108) << segment - 1
    return magnitude if bits & 0x80 else -magnitude


def write_tone(path: Path, seconds: float = 2.0, hertz: float = 425.0, level: float = 0.3) -> Path:
    """Write a tone as raw A-law for `rtp_file`, and return its path. SIPp plays it over and over."""
    peak = level * 32767
    samples = (round(peak * math.sin(2 * math.pi * hertz * n / RATE)) for n in range(round(seconds * RATE)))
    path.write_bytes(bytes(a_law(sample) for sample in samples))
    return path
