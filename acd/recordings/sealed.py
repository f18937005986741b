"""Files encrypted at rest, recordings and backups: AES-256-GCM in chunks, any of which can be read without the rest.

A sealed file is a magic of 8 bytes, the id of its key (8 bytes), a salt (16 bytes), and the chunks. The file's own key
is derived by HKDF-SHA256 (RFC 5869) from the site's key and the salt, so no nonce is ever used twice under one key. A
chunk is 64 KiB of plain text and a tag of 16 bytes; its nonce is its number in 11 bytes and one byte that is 1 for
the last chunk and 0 for the others: the construction STREAM (Hoang, Reyhanitabar, Rogaway, Vizar 2015), by which
chunks can neither be changed, nor left out, nor put in another order without notice. Where a file is `bound` to a name,
every tag covers its header and that name as well: it opens as nothing else.
"""

import base64
import binascii
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from acd.recordings.errors import KeyMissing, KeyWrong, SealBroken

MAGIC: Final = b"ACDSEAL1"
ID: Final = 8
SALT: Final = 16
CHUNK: Final = 64 * 1024
TAG: Final = 16
KEY: Final = 32
_HEADER: Final = len(MAGIC) + ID + SALT


class SealingKey:
    """One key of the site: 32 random bytes, written in base64."""

    def __init__(self, text: str, purpose: bytes = b"recording") -> None:
        """Take the key as it stands in its file. What is sealed for one purpose opens for no other.

        Raises:
            KeyWrong: It is no base64 of 32 bytes.
        """
        try:
            self._key = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise KeyWrong from None
        if len(self._key) != KEY:
            raise KeyWrong
        self._info = b"acd " + purpose
        self.id: Final = hashlib.sha256(self._info + b" key " + self._key).digest()[:ID]

    def of_file(self, salt: bytes) -> AESGCM:
        """Return the cipher under the own key of the file with this salt."""
        return AESGCM(HKDF(SHA256(), KEY, salt, self._info).derive(self._key))


class Keys:
    """The key that is sealed with, and those that are still needed to read."""

    def __init__(self, current: SealingKey | None, old: Iterable[SealingKey] = ()) -> None:
        self.current: Final = current
        known = [*old, *([current] if current is not None else [])]
        self._by_id: Mapping[bytes, SealingKey] = {key.id: key for key in known}

    def find(self, key_id: bytes) -> SealingKey:
        """Return the key of this id.

        Raises:
            KeyMissing: The configuration does not hold it.
        """
        try:
            return self._by_id[key_id]
        except KeyError:
            raise KeyMissing(key_id.hex()) from None


class Seal:
    """Writes one sealed file, part by part. `finish` ends it; without that it is a torso that does not open."""

    def __init__(self, key: SealingKey, out: IO[bytes], bound: bytes | None = None) -> None:
        """Write the header. `bound`: what the file is, see the module."""
        salt = os.urandom(SALT)
        head = MAGIC + key.id + salt
        self._cipher = key.of_file(salt)
        self._beside = _beside(head, bound)
        self._out = out
        self._held = bytearray()
        self._number = 0
        out.write(head)

    def write(self, part: bytes) -> int:
        """Take a part; return its length, as files do."""
        self._held += part
        while len(self._held) > CHUNK:  # one whole chunk stays behind: the last is marked as such
            self._put(CHUNK, last=False)
        return len(part)

    def finish(self) -> None:
        """Write what is left, as the last chunk."""
        self._put(CHUNK, last=True)

    def _put(self, size: int, *, last: bool) -> None:
        plain = bytes(self._held[:size])
        self._out.write(self._cipher.encrypt(_nonce(self._number, last=last), plain, self._beside))
        del self._held[:size]
        self._number += 1


def seal(parts: Iterable[bytes], key: SealingKey, out: IO[bytes], bound: bytes | None = None) -> None:
    """Write the parts, one after the other, as one sealed file."""
    sealing = Seal(key, out, bound)
    for part in parts:
        sealing.write(part)
    sealing.finish()


def plain_size(path: Path) -> int:
    """Return how many bytes a sealed file holds.

    Raises:
        OSError: It cannot be read.
    """
    body = path.stat().st_size - _HEADER
    chunks = max(1, -(-body // (CHUNK + TAG)))
    return max(0, body - chunks * TAG)


def unseal(path: Path, keys: Keys, start: int, length: int) -> Iterator[bytes]:
    """Yield so many bytes from this one on; no byte before its chunk is found to be as it was written.

    Raises:
        KeyMissing: The configuration does not hold its key.
        SealBroken: The file is none of ours or was changed.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        _, cipher = _opened(file, path.name, keys)
        body = path.stat().st_size - _HEADER
        last = max(0, -(-body // (CHUNK + TAG)) - 1)
        number, skip = divmod(start, CHUNK)
        file.seek(_HEADER + number * (CHUNK + TAG))
        while length > 0 and number <= last:
            plain = _opened_chunk(cipher, number, file.read(CHUNK + TAG), None, path.name, last=number == last)
            part = plain[skip : skip + length]
            length -= len(part)
            skip, number = 0, number + 1
            yield part


def unseal_whole(file: IO[bytes], name: str, keys: Keys, bound: bytes | None = None) -> Iterator[bytes]:
    """Yield all that a sealed file holds, from its first byte to its mark of the end.

    Raises:
        KeyMissing: The keys do not hold its own.
        SealBroken: The file is none of ours, was changed, cut short or made longer, or is not what it is bound to.
        OSError: It cannot be read.
    """
    head, cipher = _opened(file, name, keys)
    beside = _beside(head, bound)
    number, chunk = 0, file.read(CHUNK + TAG)
    while True:
        following = file.read(CHUNK + TAG)
        yield _opened_chunk(cipher, number, chunk, beside, name, last=not following)
        if not following:
            return
        number, chunk = number + 1, following


def _opened(file: IO[bytes], name: str, keys: Keys) -> tuple[bytes, AESGCM]:
    head = file.read(_HEADER)
    if len(head) < _HEADER or not head.startswith(MAGIC):
        raise SealBroken(name)
    return head, keys.find(head[len(MAGIC) : len(MAGIC) + ID]).of_file(head[-SALT:])


def _opened_chunk(cipher: AESGCM, number: int, chunk: bytes, beside: bytes | None, name: str, *, last: bool) -> bytes:
    try:
        return cipher.decrypt(_nonce(number, last=last), chunk, beside)
    except (InvalidTag, ValueError):
        raise SealBroken(name) from None


def _beside(head: bytes, bound: bytes | None) -> bytes | None:
    """Return what every tag covers beside its chunk."""
    return None if bound is None else head + bound


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
