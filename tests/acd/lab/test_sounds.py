"""A-law as the standard defines it."""

from acd.lab.sounds import RATE, a_law, write_tone


def test_a_law_of_known_samples():
    """Silence, the largest values of both signs, and the first steps have the bytes that G.711 gives them."""
    assert [a_law(sample) for sample in (0, -1, 32767, -32768)] == [0xD5, 0x55, 0xAA, 0x2A]
    assert [a_law(sample) for sample in (16, -17, 1000, -1000)] == [0xD4, 0x54, 0xFA, 0x7A]


def test_tone_has_its_length_and_is_no_silence(tmp_path):
    """A byte per sample, and many different ones."""
    speech = write_tone(tmp_path / "tone.al", seconds=0.5).read_bytes()
    assert len(speech) == RATE // 2
    assert len(set(speech)) > 50
