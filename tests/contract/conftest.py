"""The stores and brokers that pass the contract suites, each over an empty state of its own."""

from collections.abc import AsyncIterator

import pytest

from tests.contract.brokers import PREFETCH, Brokerage
from tests.fakes.broker import FakeBroker, FakeConsumer, FakePublisher
from tests.fakes.store import FakeStore
from tests.simulation.broker import NaturalBroker, NaturalConsumer, NaturalPublisher
from tests.simulation.nature import Nature
from tests.simulation.store import NaturalStore
from tests.simulation.weather import Weather
from worker.postgres.database import Limits, Store, create_engine
from worker.rabbit.connection import Broker
from worker.rabbit.consumer import Consumer
from worker.rabbit.declare import declare
from worker.rabbit.publisher import Publisher
from worker.rabbit.topology import topology

QUEUE = "allocation.claims"
"""In memory; a real broker has one for each test."""


@pytest.fixture
async def real_store(database_url: str) -> AsyncIterator[Store]:
    """PostgreSQL."""
    store = Store(create_engine(database_url, Limits(lock_timeout_ms=2_000)))
    yield store
    await store.close()


@pytest.fixture
def fake_store() -> FakeStore:
    """In memory."""
    return FakeStore()


@pytest.fixture
def simulated_store() -> FakeStore:
    """The one of the simulation, in fair weather."""
    return NaturalStore(Nature(0, Weather.calm()), {})


@pytest.fixture(params=["fake_store", "simulated_store", "real_store"])
def store(request: pytest.FixtureRequest) -> Store:
    """Every store in turn."""
    chosen: Store = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture
def fake_broker() -> Brokerage:
    """In memory."""
    broker = FakeBroker()
    return _in_memory(broker, FakeConsumer(broker, QUEUE, PREFETCH), FakePublisher(broker))


@pytest.fixture
def simulated_broker() -> Brokerage:
    """The one of the simulation, in fair weather."""
    broker = NaturalBroker(Nature(0, Weather.calm()))
    return _in_memory(broker, NaturalConsumer(broker, QUEUE, PREFETCH), NaturalPublisher(broker))


def _in_memory(broker: FakeBroker, consumer: FakeConsumer, publisher: FakePublisher) -> Brokerage:
    broker.queues[QUEUE].clear()

    async def delete_queue() -> None:
        broker.delete_queue(QUEUE)

    return Brokerage(QUEUE, "allocation.events", consumer, publisher, delete_queue)


@pytest.fixture
async def real_broker(broker_url: str, prefix: str) -> AsyncIterator[Brokerage]:
    """RabbitMQ."""
    broker, queue = Broker(broker_url), f"{prefix}.claims"
    link = await broker.connect("test")
    await declare(link, topology(prefix))

    async def delete_queue() -> None:
        channel = await link.connection.channel()
        await channel.queue_delete(queue)

    consumer, publisher = Consumer(broker, queue, PREFETCH), Publisher(broker)
    await publisher.open()
    yield Brokerage(queue, f"{prefix}.events", consumer, publisher, delete_queue)
    await consumer.close()
    await publisher.close()
    await link.close()


@pytest.fixture(params=["fake_broker", "simulated_broker", "real_broker"])
def brokerage(request: pytest.FixtureRequest) -> Brokerage:
    """Every broker in turn."""
    chosen: Brokerage = request.getfixturevalue(request.param)
    return chosen
