"""Channels to publish on and to consume on: in bulk, or a message at a time as aiormq does."""

from collections.abc import Sequence
from typing import Final, Protocol

from aiormq.abc import AbstractChannel

from worker.messages import Outgoing
from worker.rabbit.bulk import BulkChannel
from worker.rabbit.confirms import Receipt
from worker.rabbit.connection import Link
from worker.rabbit.plain import PlainChannel
from worker.rabbit.taps import DeliveryTap, OnDelivery


class PublishChannel(Protocol):
    """Where messages are published with confirms."""

    @property
    def is_closed(self) -> bool: ...

    async def publish(self, messages: Sequence[Outgoing], mandatory: bool) -> Receipt: ...


class Channels:
    """How channels of a connection are opened: in bulk, unless told otherwise."""

    def __init__(self, *, bulk: bool = True) -> None:
        self.bulk: Final = bulk

    async def for_publishing(self, link: Link) -> PublishChannel:
        channel = await link.connection.channel()
        return BulkChannel(link, channel) if self.bulk else PlainChannel(channel, link.frame_max_bytes)

    async def for_consuming(self, link: Link, on_delivery: OnDelivery) -> AbstractChannel:
        """Deliveries reach `on_delivery` at once when in bulk; else only the callback given to basic_consume."""
        channel = await link.connection.channel(publisher_confirms=False)
        if self.bulk:
            link.tap(channel, DeliveryTap(on_delivery))
        return channel
