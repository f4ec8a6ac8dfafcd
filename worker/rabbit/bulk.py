"""An aiormq channel whose deliveries, returns and confirms are taken before they cost a task and a future each.

This file rests on aiormq's internals: that the connection puts each frame into `channel.frames`, from which the
channel's reader takes them, and that a channel is opened by being entered in `connection.channels`. `is_usable` looks
whether that still holds; where not, channels.py takes the public way.
"""

import asyncio
import inspect
from collections.abc import Callable, Sequence
from typing import Final

from aiormq.channel import Channel
from aiormq.connection import Connection
from aiormq.exceptions import ChannelInvalidStateError
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from worker.messages import Outgoing
from worker.rabbit.confirms import Confirms, Receipt, return_keys
from worker.rabbit.connection import Link, when_closed
from worker.rabbit.frames import publishes
from worker.rabbit.properties import properties_of

OnDelivery = Callable[[Basic.Deliver, Basic.Properties, bytes], None]
OnReturn = Callable[[Basic.Return, Basic.Properties], None]
OnConfirm = Callable[[int, bool, bool], None]

# Frames that the channel's own reader has still to take (replies to calls): never more than a few.
FRAMES_MAX: Final = 64


class Tap(asyncio.Queue[tuple[int, object]]):
    """The queue between connection and channel; what is taken here never reaches the channel's reader."""

    def __init__(self, on_delivery: OnDelivery, on_return: OnReturn, on_confirm: OnConfirm) -> None:
        super().__init__(FRAMES_MAX)
        self._on_delivery = on_delivery
        self._on_return = on_return
        self._on_confirm = on_confirm
        self._method: Basic.Deliver | Basic.Return | None = None
        self._properties = Basic.Properties()
        self._missing = 0
        self._parts: list[bytes] = []

    async def put(self, item: tuple[int, object]) -> None:
        """Take (weight, frame) here, or leave it for the reader."""
        if not self._take(item[1]):
            await super().put(item)

    def _take(self, frame: object) -> bool:
        if isinstance(frame, ContentBody | ContentHeader):
            if self._method is None:
                return False
            self._gather(frame)
        elif isinstance(frame, Basic.Deliver | Basic.Return):
            self._method = frame
        elif isinstance(frame, Basic.Ack | Basic.Nack):
            self._on_confirm(frame.delivery_tag or 0, frame.multiple, isinstance(frame, Basic.Ack))
        else:
            return False
        return True

    def _gather(self, frame: ContentBody | ContentHeader) -> None:
        if isinstance(frame, ContentHeader):
            self._properties, self._missing, self._parts = frame.properties, frame.body_size, []
        else:
            self._parts.append(frame.value)
            self._missing -= len(frame.value)
        if self._missing > 0:
            return
        method, self._method = self._method, None
        if isinstance(method, Basic.Deliver):
            self._on_delivery(method, self._properties, b"".join(self._parts))
        elif method is not None:
            self._on_return(method, self._properties)


class BulkChannel(Channel):
    """A channel of `link` that publishes a batch with one write and one future, and hands deliveries on at once."""

    def __init__(self, link: Link, *, confirms: bool, on_delivery: OnDelivery | None = None) -> None:
        number = max(link.connection.channels, default=0) + 1
        super().__init__(link.connection, number, publisher_confirms=confirms)
        self._link = link
        self._on_delivery = on_delivery
        self._confirms = Confirms()
        # the reader, made just now, has not begun to wait on the queue that this replaces
        self.frames = Tap(self._deliver, self._return, self._confirms.confirm)
        when_closed(self.closing, self._fail)

    async def publish(self, messages: Sequence[Outgoing], mandatory: bool) -> Receipt:
        """Write all messages at once and wait until each is answered. Raises what closed the channel."""
        if self.is_closed:
            raise ChannelInvalidStateError("the channel is closed")
        properties = [properties_of(message) for message in messages]
        payload = publishes(self.number, messages, properties, mandatory, self._link.frame_max_bytes)
        keys = return_keys(messages, [each.message_id for each in properties]) if mandatory else frozenset()
        batch = self._confirms.expect(len(messages), keys)
        try:
            self._link.write(payload)
            return await batch.answered
        finally:
            self._confirms.forget(batch)

    def _deliver(self, frame: Basic.Deliver, properties: Basic.Properties, body: bytes) -> None:
        if self._on_delivery is not None:
            self._on_delivery(frame, properties, body)

    def _return(self, frame: Basic.Return, properties: Basic.Properties) -> None:
        self._confirms.returned((frame.exchange, frame.routing_key, properties.message_id))

    def _fail(self, error: BaseException | None) -> None:
        self._confirms.fail(error or ChannelInvalidStateError("the channel was closed"))


async def open_bulk(link: Link, *, confirms: bool, on_delivery: OnDelivery | None = None) -> BulkChannel:
    """A new channel, as `Connection.channel` makes them."""
    channel = BulkChannel(link, confirms=confirms, on_delivery=on_delivery)
    link.connection.channels[channel.number] = channel
    await channel.open()
    return channel


def is_usable() -> bool:
    """Whether aiormq still is what this file rests on, as far as its source is there to be read."""
    made = set(inspect.signature(Channel.__init__).parameters)
    try:
        return (
            {"connector", "number", "publisher_confirms"} <= made
            and "ch.frames.put((weight, frame))" in inspect.getsource(Connection)
            and "weight, frame = await self.frames.get()" in inspect.getsource(Channel)
            and "self.channels[channel_number] = channel" in inspect.getsource(Connection.channel)
        )
    except OSError:
        return False
