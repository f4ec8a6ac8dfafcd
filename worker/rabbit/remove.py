"""Takes down what `declare` put up, and says what is left in a queue."""

import asyncio
from typing import Final

from worker.rabbit.connection import Link
from worker.rabbit.errors import translated
from worker.rabbit.topology import Topology

REMOVE_TIMEOUT_S: Final = 30.0


async def remove(link: Link, unwanted: Topology) -> None:
    """Delete its queues, with all that is in them, and its exchanges; what is not there is no matter. Raises Outage."""
    with translated():
        async with asyncio.timeout(REMOVE_TIMEOUT_S):
            channel = await link.connection.channel()
            for queue in unwanted.queues:
                await channel.queue_delete(queue.name)
            for exchange in unwanted.exchanges:
                await channel.exchange_delete(exchange.name)
            await channel.close()


async def count_ready(link: Link, queue: str) -> int:
    """How many messages wait in the queue, those delivered and unsettled not among them. Raises Outage."""
    with translated():
        async with asyncio.timeout(REMOVE_TIMEOUT_S):
            channel = await link.connection.channel()
            found = await channel.queue_declare(queue, passive=True)
            await channel.close()
            return found.message_count or 0
