"""Channels to publish on and to consume on: in bulk while aiormq allows it, else the public way."""

from collections.abc import Sequence
from typing import Final, Protocol

from aiormq.abc import AbstractChannel

from worker.messages import Outgoing
from worker.rabbit.bulk import OnDelivery, is_usable, open_bulk
from worker.rabbit.confirms import Receipt
from worker.rabbit.connection import Link
from worker.rabbit.plain import PlainChannel


class PublishChannel(Protocol):
    """Where messages are published with confirms."""

    @property
    def is_closed(self) -> bool: ...

    async def publish(self, messages: Sequence[Outgoing], mandatory: bool) -> Receipt: ...


class Channels:
    """How channels of a connection are opened."""

    def __init__(self, bulk: bool | None = None) -> None:
        self.bulk: Final = is_usable() if bulk is None else bulk

    async def for_publishing(self, link: Link) -> PublishChannel:
        if self.bulk:
            return await open_bulk(link, confirms=True)
        return PlainChannel(await link.connection.channel())

    async def for_consuming(self, link: Link, on_delivery: OnDelivery) -> AbstractChannel:
        """Deliveries reach `on_delivery` at once when in bulk; else only the callback given to basic_consume."""
        if self.bulk:
            return await open_bulk(link, confirms=False, on_delivery=on_delivery)
        return await link.connection.channel(publisher_confirms=False)
