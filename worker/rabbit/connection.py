"""A connection to the broker with its socket in hand, so that a whole batch is written at once.

It does not mend itself: the engine hears of a loss, probes, and opens anew.
"""

import asyncio
import ssl
from asyncio import StreamReader, StreamReaderProtocol, StreamWriter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from aiormq.abc import AbstractChannel
from aiormq.connection import DEFAULT_PORTS, Connection, TransportFactory
from aiormq.exceptions import AMQPConnectionError
from yarl import URL

from worker.addresses import broker_tls
from worker.faults import Outage
from worker.rabbit.errors import translate, translated
from worker.rabbit.split import SplitReader
from worker.rabbit.taps import Tap
from worker.tls import UnusableTls

# Of a loopback or data-centre connection with TLS; a broker that takes longer is not one to work with.
CONNECT_TIMEOUT_S: Final = 10.0
# Long enough for a busy broker to say good-bye, short enough for a stop to wait for it.
CLOSE_TIMEOUT_S: Final = 3.0
# What RabbitMQ proposes; taken where it says "no limit", so that one message does not hold up all others.
FRAME_MAX_BYTES: Final = 131_072
# What RabbitMQ does not say, or in vain, where it hangs up in the middle of the greeting.
HUNG_UP: Final = {
    "amqp": " Where it asks for TLS, the address has to begin with amqps://.",
    "amqps": " It may ask for a client certificate.",
}

Lost = Callable[[BaseException | None], None]


class Watchful(Connection):
    """Takes a silent peer for dead within 3 x (heartbeat + 1) s, although it looks only twice a heartbeat."""

    HEARTBEAT_GRACE_MULTIPLIER: float = 2.5  # type: ignore[assignment]  # one factor of a float


class Link:
    """One open connection; heartbeats, frames and channels are aiormq's, the socket can be written beside it."""

    def __init__(self, connection: Connection, reader: SplitReader, writer: StreamWriter) -> None:
        self.connection: Final = connection
        self._reader = reader
        self._writer = writer

    @property
    def is_open(self) -> bool:
        return self.connection.is_opened and not self._writer.is_closing()

    @property
    def frame_max_bytes(self) -> int:
        return self.connection.connection_tune.frame_max or FRAME_MAX_BYTES

    @property
    def is_blocked(self) -> bool:
        """Whether the broker has stopped reading because of an alarm (it says so after a first publish)."""
        # ready() returns at once unless blocked: its first step tells
        waiting = self.connection.ready()
        try:
            waiting.send(None)
        except StopIteration:
            return False
        waiting.close()
        return True

    def tap(self, channel: AbstractChannel, tap: Tap) -> None:
        """Offer the frames that come on `channel` to `tap` first."""
        self._reader.tap(channel.number, tap)

    def write(self, frames: bytes) -> None:
        """Send whole frames now; on a lost connection they are lost as well."""
        if not self._writer.is_closing():
            self._writer.write(frames)

    async def unblocked(self) -> None:
        """Wait until the broker reads again. Raises Outage when the connection ends first."""
        if not self.is_blocked:
            return
        ready = asyncio.ensure_future(self.connection.ready())
        closing = self.connection.closing
        try:
            await asyncio.wait((ready, closing), return_when=asyncio.FIRST_COMPLETED)
            if not ready.done():
                raise Outage("The connection to the broker was lost while it was blocked.")
        finally:
            ready.cancel()
            closing.cancel()

    async def close(self) -> None:
        """Close the connection and all its channels; one that does not answer is cut off."""
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self.connection.close()
        except TimeoutError:
            self._writer.transport.abort()


class _Transport(TransportFactory):
    """Connects as asyncio.open_connection does, with a reader of our own; both ends are remembered."""

    reader: SplitReader
    writer: StreamWriter

    async def create(self, url: URL, **kwargs: Any) -> tuple[StreamReader, StreamWriter]:
        tls = kwargs.pop("ssl_context_provider")
        context = await tls.get_context() if url.scheme == "amqps" else None
        loop = asyncio.get_running_loop()
        self.reader = SplitReader()
        protocol = StreamReaderProtocol(self.reader, loop=loop)
        try:
            transport, _ = await loop.create_connection(
                lambda: protocol, url.host or "", url.port or 0, ssl=context, **kwargs
            )
        except OSError as error:
            raise AMQPConnectionError(*error.args) from error
        self.writer = StreamWriter(transport, protocol, self.reader, loop)
        return self.reader, self.writer


@dataclass(frozen=True, slots=True)
class Broker:
    """Where to connect, how soon to notice a frozen peer (hazard 7), and the connection's name in its lists."""

    url: str = field(repr=False)
    heartbeat_s: int = 10
    name: str = "allocation-worker"

    async def connect(self, use: str) -> Link:
        """A new connection; `amqps` verifies the certificate unless the address says otherwise. Raises Outage."""
        url = URL(self.url)
        transport = _Transport()
        try:
            with translated():
                async with asyncio.timeout(CONNECT_TIMEOUT_S):
                    connection = Watchful(
                        url.update_query(heartbeat=str(self.heartbeat_s)),
                        context=await self._context(),
                        transport_factory=transport,
                    )
                    await connection.connect({"connection_name": f"{self.name} {use}"})
        except Outage as outage:
            port = url.port or DEFAULT_PORTS[url.scheme]
            hint = HUNG_UP[url.scheme] if _was_hung_up(outage) else ""
            raise Outage(f"No connection to {url.host}:{port}. {outage}{hint}") from outage
        return Link(connection, transport.reader, transport.writer)

    async def _context(self) -> ssl.SSLContext | None:
        tls = broker_tls(self.url)
        try:
            return None if tls is None else await asyncio.to_thread(tls.context)
        except UnusableTls as unusable:
            raise Outage(f"{unusable}.") from None


def _was_hung_up(outage: Outage) -> bool:
    """Whether the other side ended the connection in the middle of the greeting."""
    cause = outage.__cause__ and outage.__cause__.__cause__
    return isinstance(cause, ConnectionResetError | asyncio.IncompleteReadError)


def when_closed(closing: asyncio.Future[Any], lost: Lost) -> None:
    """Call `lost` once `closing` (of a channel or connection) is done: with the fault, or None when we closed it."""

    def tell(done: asyncio.Future[Any]) -> None:
        error = None if done.cancelled() else done.exception()
        if error is None or isinstance(error, asyncio.CancelledError):
            lost(None)
        else:
            lost(translate(error) or error)

    closing.add_done_callback(tell)
