"""The reading end of the event stream: lines as they come, and a way to stop from another thread."""

import contextlib
import http.client
import socket
from collections.abc import Iterator
from typing import Final

SILENCE_S: Final = 40.0
"""Longer than two of the daemon's signs of life: whoever is silent for so long is gone."""


class EventStream:
    """One connection to `/v1/events`, read line by line by one thread."""

    def __init__(self, link: http.client.HTTPConnection, answer: http.client.HTTPResponse, wire: socket.socket) -> None:
        self._link = link
        self._answer = answer
        self._wire = wire

    def kinds(self) -> Iterator[str]:
        """Yield the kind of each event as it happens; ends when the connection does or `stop` is called."""
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
            for line in self._answer:
                name, _, value = line.partition(b":")
                if name == b"event":
                    yield value.strip().decode()

    def stop(self) -> None:
        """End the stream, from any thread; whoever reads is let go at once."""
        with contextlib.suppress(OSError):
            self._wire.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of the connection, once nobody reads any more."""
        self._answer.close()
        self._link.close()
        self._wire.close()
