"""A TCP connection that can be cut, reset, held or slowed: it listens in another's place and passes everything on."""

import asyncio
import contextlib
import socket
import struct
from types import TracebackType
from typing import Final, Self

from acd.lab.sipp import Endpoint

CHUNK: Final = 65536
RESET: Final = struct.pack("ii", 1, 0)
"""SO_LINGER on with no time: closing sends RST."""


class Cable:
    """One way between two parts of the lab. Whoever connects `here` is connected to `there`."""

    def __init__(self, here: Endpoint, there: Endpoint) -> None:
        self.here = here
        self.there = there
        self.delay_s = 0.0
        """How long each piece of data is under way."""
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()

    async def mend(self) -> None:
        """Let connections through, at full speed."""
        self.delay_s = 0.0
        self._flowing.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._pass_on, self.here.address, self.here.port)

    async def cut(self) -> None:
        """Break what is connected and refuse new connections."""
        if self._server is None:
            return
        self._server.close()
        self.reset()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None

    def reset(self) -> None:
        """Break what is connected; new connections are let through."""
        for writer in self._writers:
            connection = writer.get_extra_info("socket")
            if connection is not None and connection.fileno() >= 0:  # its other end may have closed it just now
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()

    def hold(self) -> None:
        """Let connections stand, old and new, and pass nothing on: to both ends the other has fallen silent."""
        self._flowing.clear()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # In a task of its own: asyncio's of Python 3.11 complains of a handler that was cancelled.
        task = asyncio.create_task(self._join(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        await asyncio.wait({task})

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            their_reader, their_writer = await asyncio.open_connection(self.there.address, self.there.port)
        except OSError:
            writer.close()
            return
        self._writers |= {writer, their_writer}
        try:
            with contextlib.suppress(OSError):
                await asyncio.gather(self._copy(reader, their_writer), self._copy(their_reader, writer))
        finally:
            self._writers -= {writer, their_writer}

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(CHUNK):
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                await self._flowing.wait()
                writer.write(data)
        finally:
            writer.close()

    async def __aenter__(self) -> Self:
        await self.mend()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._flowing.set()
        await self.cut()
