"""Messages out: whole batches, persistent and confirmed, on a connection that nothing is consumed on (hazard 6)."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Final

from worker.faults import Fault, Outage, Unconfirmed, Unroutable
from worker.messages import Outgoing
from worker.rabbit.channels import Channels, PublishChannel
from worker.rabbit.confirms import Receipt
from worker.rabbit.connection import Broker, Link
from worker.rabbit.errors import translated

# Nobody can have a queue of this name: the broker keeps names that begin with `amq.` for itself.
PROBE: Final = Outgoing(exchange="", routing_key="amq.allocation-probe", body=b"", content_type="text/plain")

# Of bodies in one write: a batch of ordinary events is far below it; of large ones no more than this is held twice.
WRITE_BYTES: Final = 4 * 1_024 * 1_024


class Publisher:
    """Two channels of one connection: one for what must arrive, one for replies, which may fail."""

    def __init__(
        self,
        broker: Broker,
        publish_timeout_ms: int = 10_000,
        channels: Channels | None = None,
    ) -> None:
        self._broker = broker
        self._timeout_s = publish_timeout_ms / 1_000
        self._channels = channels or Channels()
        self._link: Link | None = None
        self._confirmed: PublishChannel | None = None
        self._replies: PublishChannel | None = None
        self._opening = asyncio.Lock()

    @property
    def is_blocked(self) -> bool:
        """Whether the broker has stopped reading because of an alarm; publishing waits for its end."""
        return self._link is not None and self._link.is_open and self._link.is_blocked

    async def open(self) -> None:
        """Connect and open what is not open. Raises Outage."""
        async with self._opening:
            if self._link is None or not self._link.is_open:
                await self._hang_up()
                self._link = await self._broker.connect("publisher")
            if self._confirmed is None or self._confirmed.is_closed:
                self._confirmed = await self._channel(self._link)

    async def publish_all(self, messages: Sequence[Outgoing], mandatory: bool = False) -> None:
        """Returns once the broker has confirmed all of them.

        Raises Unconfirmed when one was refused or the answers did not come in time, Unroutable when all are confirmed
        and a mandatory one reached no queue. After a refusal it has to be opened again.
        """
        if not messages:
            return
        if self._confirmed is None:
            raise Outage("The publisher is not open.")
        receipt = await self._publish(self._confirmed, messages, mandatory)
        if receipt.refused:
            # on RabbitMQ 3.10 a channel that met a queue while its leader was dead is refused for as long as it lasts
            await self.close()
            raise Unconfirmed(f"The broker refused {receipt.refused} of {len(messages)} messages.")
        if receipt.returned:
            raise Unroutable(f"{receipt.returned} of {len(messages)} messages reached no queue.")

    async def reply(self, messages: Sequence[Outgoing]) -> int:
        """Send to queues by name, best effort; how many were returned, refused or lost."""
        if not messages:
            return 0
        try:
            receipt = await self._publish(await self._reply_channel(), messages, mandatory=True)
        except Fault:
            return len(messages)
        return receipt.refused + receipt.returned

    async def probe(self) -> None:
        """Publish something that reaches no queue and wait for the confirm. Raises Outage."""
        await self.open()
        await self.publish_all((PROBE,))

    async def close(self) -> None:
        """Close the connection."""
        async with self._opening:
            await self._hang_up()

    async def _hang_up(self) -> None:
        link, self._link, self._confirmed, self._replies = self._link, None, None, None
        if link is not None:
            await link.close()

    async def _channel(self, link: Link) -> PublishChannel:
        with translated():
            async with asyncio.timeout(self._timeout_s):
                return await self._channels.for_publishing(link)

    async def _reply_channel(self) -> PublishChannel:
        async with self._opening:
            if self._link is None:
                raise Outage("The publisher is not open.")
            if self._replies is None or self._replies.is_closed:
                self._replies = await self._channel(self._link)
            return self._replies

    async def _publish(self, channel: PublishChannel, messages: Sequence[Outgoing], mandatory: bool) -> Receipt:
        receipts = [await self._write(channel, part, mandatory) for part in _parts(messages)]
        return Receipt(sum(each.refused for each in receipts), sum(each.returned for each in receipts))

    async def _write(self, channel: PublishChannel, messages: Sequence[Outgoing], mandatory: bool) -> Receipt:
        try:
            with translated():
                async with asyncio.timeout(self._timeout_s):
                    if self._link is not None:
                        await self._link.unblocked()
                    return await channel.publish(messages, mandatory)
        except Fault as fault:
            raise Unconfirmed(f"{len(messages)} messages are unconfirmed. {fault}") from fault


def _parts(messages: Sequence[Outgoing]) -> Iterator[Sequence[Outgoing]]:
    """`messages` in order, in runs of at most WRITE_BYTES of bodies; a larger one alone."""
    start = held = 0
    for at, message in enumerate(messages):
        if at > start and held + len(message.body) > WRITE_BYTES:
            yield messages[start:at]
            start, held = at, 0
        held += len(message.body)
    yield messages[start:]
