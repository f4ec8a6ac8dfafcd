"""A verb's own connection to the broker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from worker.rabbit.connection import Broker, Link
from worker.settings import BrokerSettings


def broker_of(settings: BrokerSettings, verb: str) -> Broker:
    """The broker, with connections that show the verb's name in the broker's lists."""
    return Broker(settings.broker_url.get_secret_value(), settings.heartbeat_s, f"allocation-worker {verb}")


@asynccontextmanager
async def linked(broker: Broker) -> AsyncIterator[Link]:
    """A connection that is closed when left. Raises Outage."""
    link = await broker.connect("verb")
    try:
        yield link
    finally:
        await link.close()
