"""A TCP proxy on loopback between the workers and a server: it can cut, delay, freeze, half-open and truncate."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

CHUNK_BYTES: Final = 65_536
RESET: Final = struct.pack("ii", 1, 0)


class Pair:
    """A client's connection and ours to the server; `half_open`: the server is gone and the client is not told."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.client, self.server = client, server
        self.half_open = False

    def reset(self) -> None:
        """End both at once, with a reset as from a machine that knows nothing of them."""
        for writer in (self.client, self.server):
            if (found := writer.get_extra_info("socket")) is not None and not writer.transport.is_closing():
                found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()


class Proxy:
    """Passes on what it is given, until it is told otherwise."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._pairs: set[Pair] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._delay_s = 0.0
        self._truncating = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client."""
        try:
            server_reader, server_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        pair = Pair(writer, server_writer)
        self._pairs.add(pair)
        for source, sink in ((reader, server_writer), (server_reader, writer)):
            task = asyncio.create_task(self._pass_on(pair, source, sink), name="proxy")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def cut(self) -> None:
        """Reset all connections."""
        for pair in tuple(self._pairs):
            pair.reset()

    def delay(self, seconds: float) -> None:
        """So much later, each piece of what passes."""
        self._delay_s = seconds

    def freeze(self) -> None:
        """Connections stay open, nothing passes; new ones are taken and not served either."""
        self._flowing.clear()

    def thaw(self) -> None:
        """What was held up passes."""
        self._flowing.set()

    def half_open(self) -> None:
        """The server's sides of the present connections end; the clients are not told, and nobody reads them."""
        for pair in tuple(self._pairs):
            pair.half_open = True
            pair.server.transport.abort()

    def truncate(self) -> None:
        """The next pieces pass by half, then both sides are reset; connections made later are whole."""
        self._truncating = True

    def whole(self) -> None:
        """Truncate no more."""
        self._truncating = False

    async def _pass_on(self, pair: Pair, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while chunk := await reader.read(CHUNK_BYTES):
                if self._delay_s:
                    await asyncio.sleep(self._delay_s)
                await self._flowing.wait()
                if pair.half_open:
                    continue
                if self._truncating and len(chunk) > 1:
                    writer.write(chunk[: len(chunk) // 2])
                    await writer.drain()
                    pair.reset()
                    return
                writer.write(chunk)
                await writer.drain()
        except OSError:
            pass  # either end may go at any time: then the other one goes too, below
        finally:
            if not (pair.half_open and writer is pair.client):
                pair.client.close()
                pair.server.close()
                self._pairs.discard(pair)

    async def close(self) -> None:
        """End everything."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.cut()


@asynccontextmanager
async def proxy_to(host: str, port: int) -> AsyncIterator[tuple[Proxy, int]]:
    """A proxy, and the port on loopback where it listens."""
    proxy = Proxy(host, port)
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    try:
        yield proxy, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await proxy.close()
