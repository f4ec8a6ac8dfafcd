"""What stands before the nodes of a cluster: a listener that leads each connection to a node that lives."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from urllib.parse import SplitResult, urlsplit

CHUNK_BYTES = 65_536


class Balancer:
    """Connections go to the first of its nodes that accepts them, and end with that node."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._targets: list[SplitResult] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.lead_to(urls)

    def lead_to(self, urls: Sequence[str]) -> None:
        """New connections from now on."""
        self._targets = [urlsplit(url) for url in urls]

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client."""
        task = asyncio.create_task(self._join(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for target in tuple(self._targets):
            with suppress(OSError):  # a node that is gone: the next one
                node_reader, node_writer = await asyncio.open_connection(target.hostname, target.port)
                await asyncio.gather(_pass_on(reader, node_writer), _pass_on(node_reader, writer))
                return
        writer.close()

    async def close(self) -> None:
        """Cut everything."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while chunk := await reader.read(CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
    except ConnectionError:
        pass  # either side may be killed: then the other one is closed, below
    finally:
        writer.close()


@asynccontextmanager
async def balanced(urls: Sequence[str]) -> AsyncIterator[tuple[Balancer, str]]:
    """A balancer before these nodes, which share their credentials, and the address of the cluster through it."""
    balancer = Balancer(urls)
    server = await asyncio.start_server(balancer.accept, "127.0.0.1", 0)
    parts = urlsplit(urls[0])
    credentials = parts.netloc.rpartition("@")[0]
    port = server.sockets[0].getsockname()[1]
    try:
        yield balancer, parts._replace(netloc=f"{credentials}@127.0.0.1:{port}").geturl()
    finally:
        server.close()
        await balancer.close()
