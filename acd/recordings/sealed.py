"""Recordings encrypted at rest: AES-256-GCM in chunks, so that any part can be read without the rest.

A sealed file is a magic of 8 bytes, the id of its key (8 bytes), a salt (16 bytes), and the chunks. The file's own key
is derived by HKDF-SHA256 (RFC 5869) from the site's key and the salt, so no nonce is ever used twice under one key. A
chunk is 64 KiB of plain text and a tag of 16 bytes; its nonce is its number in 11 bytes and one byte that is 1 for
the last chunk and 0 for the others: the construction STREAM (Hoang, Reyhanitabar, Rogaway, Vizar 2015), by which
chunks can neither be changed, nor left out, nor put in another order without notice.
"""

import base64
import binascii
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Final

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

    def __init__(self, text: str) -> None:
        """Take the key as it stands in its file.

        Raises:
            KeyWrong: It is no base64 of 32 bytes.
        """
        try:
            self._key = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise KeyWrong from None
        if len(self._key) != KEY:
            raise KeyWrong
        self.id: Final = hashlib.sha256(b"acd recording key " + self._key).digest()[:ID]

    def of_file(self, salt: bytes) -> AESGCM:
        """Return the cipher under the own key of the file with this salt."""
        return AESGCM(HKDF(SHA256(), KEY, salt, b"acd recording").derive(self._key))


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


def seal(parts: Iterable[bytes], key: SealingKey, out: BinaryIO) -> None:
    """Write the parts, one after the other, as one sealed file."""
    salt = os.urandom(SALT)
    cipher = key.of_file(salt)
    out.write(MAGIC + key.id + salt)
    held = bytearray()
    number = 0
    for part in parts:
        held += part
        while len(held) > CHUNK:  # one whole chunk stays behind: the last is marked as such
            out.write(cipher.encrypt(_nonce(number, last=False), bytes(held[:CHUNK]), None))
            del held[:CHUNK]
            number += 1
    out.write(cipher.encrypt(_nonce(number, last=True), bytes(held), None))


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
        head = file.read(_HEADER)
        if len(head) < _HEADER or not head.startswith(MAGIC):
            raise SealBroken(path.name)
        key = keys.find(head[len(MAGIC) : len(MAGIC) + ID])
        cipher = key.of_file(head[-SALT:])
        body = path.stat().st_size - _HEADER
        last = max(0, -(-body // (CHUNK + TAG)) - 1)
        number, skip = divmod(start, CHUNK)
        file.seek(_HEADER + number * (CHUNK + TAG))
        while length > 0 and number <= last:
            try:
                plain = cipher.decrypt(_nonce(number, last=number == last), file.read(CHUNK + TAG), None)
            except (InvalidTag, ValueError):
                raise SealBroken(path.name) from None
            part = plain[skip : skip + length]
            length -= len(part)
            skip, number = 0, number + 1
            yield part


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
