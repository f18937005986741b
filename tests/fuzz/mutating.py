"""Seeded mutation of examples: the generator that is always there, and the same inputs for the same seed."""

import random
from collections.abc import Iterator, Sequence
from typing import Final

TOKENS: Final = (
    b"\r\n", b"\r\n\r\n", b"\n", b"\r", b"\0", b": ", b":", b" ", b'"', b"'", b"\\", b"|", b"&", b",", b";", b"%0D%0A",
    b"${", b"}", b"$[", b"../", b"--", b"\xff", b"\xc3\x28", b"\xed\xa0\x80", "ё".encode(), "\u2028".encode(),
    "😀".encode(), b"-1", b"0", b"1e309", b"NaN", b"9" * 40, b"null", b"true", b"[]", b"{}", b'{"', b"\x1b[2J", b"=1+1",
    b"<script>", b"Event: ", b"Response: ", b"ActionID: ", b"agi_network: yes", b"200 result=", b"520-", b"HANGUP",
    b"[[", b"]]", b"= ",
)  # fmt: skip
"""What breaks readers: ends of lines, separators, quotes, half characters, numbers at their edges, protocols' words."""

LONGEST: Final = 8192


class Mutator:
    """Draws inputs from examples."""

    def __init__(self, examples: Sequence[bytes], seed: int) -> None:
        self._examples = tuple(examples)
        self._random = random.Random(seed)

    def inputs(self, count: int) -> Iterator[bytes]:
        """Yield the examples themselves first, then mutations of them."""
        yield from self._examples[:count]
        for _ in range(count - len(self._examples)):
            yield self.mutate(self._random.choice(self._examples))

    def mutate(self, data: bytes) -> bytes:
        """Return the input after one to eight changes."""
        held = bytearray(data)
        for _ in range(self._random.choice((1, 1, 1, 2, 2, 3, 5, 8))):
            self._change(held)
        return bytes(held[:LONGEST])

    def _change(self, held: bytearray) -> None:
        draw = self._random
        at = draw.randrange(len(held) + 1)
        length = min(len(held) - at, draw.choice((1, 1, 2, 4, 16, 64)))
        match draw.randrange(7):
            case 0:
                held[at:at] = draw.choice(TOKENS)
            case 1:
                del held[at : at + length]
            case 2:
                held[at : at + length] = draw.choice(TOKENS)
            case 3:
                held[at : at + length] = draw.randbytes(length)
            case 4:
                held[at:at] = held[at : at + length] * draw.choice((1, 2, 50))
            case 5:
                other = draw.choice(self._examples)
                cut = draw.randrange(len(other) + 1)
                held[at:] = other[cut:]
            case _:
                if at < len(held):
                    held[at] ^= 1 << draw.randrange(8)


class Reader:
    """Takes an input apart into choices, numbers and texts, so that any bytes are some request."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def number(self, below: int) -> int:
        """Take a byte as a number in 0..below-1; 0 when nothing is left."""
        if self._at >= len(self._data):
            return 0
        self._at += 1
        return self._data[self._at - 1] % below

    def chunk(self, up_to: bytes) -> bytes:
        """Take what stands before the next separator, or all that is left."""
        end = self._data.find(up_to, self._at)
        found = self._data[self._at : len(self._data) if end < 0 else end]
        self._at += len(found) + len(up_to)
        return found

    def rest(self) -> bytes:
        """Take all that is left."""
        found = self._data[self._at :]
        self._at = len(self._data)
        return found
