"""A TCP proxy on loopback that can stop passing on what a connection of a given name sends to the broker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

CHUNK_BYTES = 65_536


class Proxy:
    """`mute(name)` swallows everything that connections sent which had `name` in their first bytes; they stay open."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._muted: bytes | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.swallowed = asyncio.Event()

    def mute(self, name: str) -> None:
        """From now on."""
        self._muted = name.encode()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client."""
        broker_reader, broker_writer = await asyncio.open_connection(*self._target)
        for task in (
            asyncio.create_task(self._pass_on(reader, broker_writer, bytearray())),
            asyncio.create_task(self._pass_on(broker_reader, writer, None)),
        ):
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sent: bytearray | None
    ) -> None:
        try:
            while chunk := await reader.read(CHUNK_BYTES):
                if sent is not None and len(sent) < CHUNK_BYTES:
                    sent += chunk
                if sent is not None and self._muted and self._muted in sent:
                    self.swallowed.set()
                    continue
                writer.write(chunk)
                await writer.drain()
        except ConnectionError:
            pass  # either side may be killed in these tests: then the other one is closed, below
        finally:
            writer.close()

    async def close(self) -> None:
        """Cut everything."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def proxy_to(broker_url: str) -> AsyncIterator[tuple[Proxy, str]]:
    """A proxy and the address of the broker through it."""
    parts = urlsplit(broker_url)
    proxy = Proxy(parts.hostname or "127.0.0.1", parts.port or 5672)
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    credentials = parts.netloc.rpartition("@")[0]
    try:
        yield proxy, parts._replace(netloc=f"{credentials}@127.0.0.1:{port}").geturl()
    finally:
        server.close()
        await proxy.close()
