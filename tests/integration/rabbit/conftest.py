"""A broker of our own for tests that disturb it, with the contract's objects under the test's prefix."""

from collections.abc import AsyncIterator

import pytest

from deploy.local import Rabbit
from worker.rabbit.channels import Channels
from worker.rabbit.connection import Broker, Link
from worker.rabbit.consumer import Consumer
from worker.rabbit.declare import declare
from worker.rabbit.publisher import Publisher
from worker.rabbit.topology import topology


@pytest.fixture(scope="session")
def broker_url(rabbit_server: Rabbit) -> str:
    """Never a given broker: alarms are raised here, and all connections closed."""
    return rabbit_server.url


@pytest.fixture
def broker(broker_url: str) -> Broker:
    return Broker(broker_url)


@pytest.fixture
async def link(broker: Broker) -> AsyncIterator[Link]:
    """A connection for the test's own doings."""
    opened = await broker.connect("test")
    yield opened
    await opened.close()


@pytest.fixture
async def declared(link: Link, prefix: str) -> str:
    """The prefix under which everything is declared."""
    await declare(link, topology(prefix))
    return prefix


@pytest.fixture(params=[True, False], ids=["bulk", "plain"])
def channels(request: pytest.FixtureRequest) -> Channels:
    """Both ways to the broker, which promise the same."""
    return Channels(bulk=request.param)


@pytest.fixture
async def publisher(broker: Broker, channels: Channels) -> AsyncIterator[Publisher]:
    opened = Publisher(broker, channels=channels)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
async def consumer(broker: Broker, channels: Channels, declared: str) -> AsyncIterator[Consumer]:
    """A consumer of the claims queue, not yet open, with room for three deliveries."""
    made = Consumer(broker, f"{declared}.claims", prefetch=3, channels=channels)
    yield made
    await made.close()
