"""Deliveries of one queue, handed on as they come; nothing is decided or awaited here (hazard 1)."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from aiormq.abc import AbstractChannel, DeliveredMessage
from pamqp.commands import Basic

from worker.faults import Outage
from worker.messages import Delivery
from worker.rabbit.channels import Channels
from worker.rabbit.connection import Broker, Link, Lost, when_closed
from worker.rabbit.errors import translated
from worker.rabbit.frames import acks
from worker.rabbit.plain import parts

Sink = Callable[[Delivery], None]

# For opening a channel, beginning and ending to consume: a round trip each on a live connection.
CALL_TIMEOUT_S: Final = 10.0


class Consumer:
    """One channel at a time on a connection of its own; each new channel has the next epoch."""

    def __init__(
        self,
        broker: Broker,
        queue: str,
        prefetch: int,
        channels: Channels | None = None,
    ) -> None:
        self._broker = broker
        self._queue = queue
        self._prefetch = prefetch
        self._channels = channels or Channels()
        self._link: Link | None = None
        self._channel: AbstractChannel | None = None
        self._consumer_tag: str | None = None
        self._epoch = 0

    async def open(self, sink: Sink, lost: Lost, prefetch: int | None = None) -> int:
        """Begin to consume on a new channel, closing the one before; its epoch is returned.

        `sink` is called with each delivery. `lost` is called once when the channel, its connection or the queue is
        gone, but not for what `close` or a later `open` do. `prefetch` holds for this channel alone. Raises Outage.
        """
        self._epoch += 1
        await self._leave_channel()
        if self._link is None or not self._link.is_open:
            await self._hang_up()
            self._link = await self._broker.connect(f"consumer of {self._queue}")
        reception = _Reception(self, self._epoch, sink)
        try:
            with translated():
                async with asyncio.timeout(CALL_TIMEOUT_S):
                    await self._begin(self._link, reception, prefetch or self._prefetch)
        except BaseException:
            # what such a channel still delivers is nobody's
            self._epoch += 1
            raise
        reception.tell(lost)
        return self._epoch

    def ack(self, epoch: int, tags: Sequence[int], multiple_up_to: int | None = None) -> None:
        """Settle `tags`, and all up to `multiple_up_to`, with one write that nobody waits for.

        Tags of an older epoch or of a lost channel are dropped: the broker delivers those messages again.
        """
        if epoch != self._epoch or self._link is None or self._channel is None or self._channel.is_closed:
            return
        self._link.write(acks(self._channel.number, tags, multiple_up_to))

    async def cancel(self) -> None:
        """No new deliveries once this returns; those in hand can still be settled. Raises Outage."""
        tag, self._consumer_tag = self._consumer_tag, None
        if tag is None or self._channel is None or self._channel.is_closed:
            return
        with translated():
            async with asyncio.timeout(CALL_TIMEOUT_S):
                await self._channel.basic_cancel(tag)

    async def close(self) -> None:
        """Close channel and connection: what is not settled goes back to the queue."""
        self._epoch += 1
        self._channel = self._consumer_tag = None
        await self._hang_up()

    async def _leave_channel(self) -> None:
        channel, self._channel, self._consumer_tag = self._channel, None, None
        if channel is not None and not channel.is_closed:
            with translated():
                async with asyncio.timeout(CALL_TIMEOUT_S):
                    await channel.close()

    async def _hang_up(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            await link.close()

    async def _begin(self, link: Link, reception: "_Reception", prefetch: int) -> None:
        self._channel = await self._channels.for_consuming(link, reception.deliver)
        when_closed(self._channel.closing, reception.lose)
        self._channel.on_consumer_cancel_callbacks.add(reception.cancelled)
        # per consumer: a quorum queue ends the connection on a global one (hazard 9)
        await self._channel.basic_qos(prefetch_count=prefetch)
        begun = await self._channel.basic_consume(self._queue, reception.receive)
        self._consumer_tag = begun.consumer_tag

    def is_current(self, epoch: int) -> bool:
        """Whether `epoch` is that of the channel in use."""
        return epoch == self._epoch


class _Reception:
    """What happens on one channel: deliveries become ours, the first sign of its end is told."""

    def __init__(self, consumer: Consumer, epoch: int, sink: Sink) -> None:
        self._consumer = consumer
        self._epoch = epoch
        self._sink = sink
        self._lost: Lost | None = None
        self._is_over = False
        self._cause: BaseException | None = None

    def deliver(self, tag: int, redelivered: bool, routing_key: str, properties: Basic.Properties, body: bytes) -> None:
        if not self._consumer.is_current(self._epoch):
            return
        attempts = 0
        if redelivered:
            # a publisher may send this header as well: it counts on a redelivery alone
            counted = (properties.headers or {}).get("x-delivery-count")
            attempts = counted if isinstance(counted, int) else 1
        self._sink(Delivery(body, routing_key, properties, tag, self._epoch, redelivered, attempts))

    async def receive(self, message: DeliveredMessage) -> None:
        """The public way in."""
        frame, properties, body = parts(message)
        self.deliver(frame.delivery_tag or 0, bool(frame.redelivered), frame.routing_key or "", properties, body)

    def cancelled(self, _: Basic.Cancel) -> None:
        self.lose(Outage("The broker ended the consumer: its queue is gone, or a delivery was held too long."))

    def lose(self, error: BaseException | None) -> None:
        """Take the first sign of the end."""
        if self._is_over:
            return
        self._is_over, self._cause = True, error
        if self._lost is not None:
            self.tell(self._lost)

    def tell(self, lost: Lost) -> None:
        """Tell `lost` of the end: now, if it came already."""
        self._lost = lost
        if self._is_over and self._consumer.is_current(self._epoch):
            lost(self._cause)
