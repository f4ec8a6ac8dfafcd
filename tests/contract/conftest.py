"""The stores and brokers that pass the contract suites, each over an empty state of its own."""

from collections.abc import AsyncIterator

import pytest

from tests.contract.brokers import PREFETCH, Brokerage
from tests.fakes.broker import FakeBroker, FakeConsumer, FakePublisher
from tests.fakes.store import FakeStore
from worker.postgres.database import Limits, Store, create_engine
from worker.rabbit.connection import Broker
from worker.rabbit.consumer import Consumer
from worker.rabbit.declare import declare
from worker.rabbit.publisher import Publisher
from worker.rabbit.topology import topology


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


@pytest.fixture(params=["fake_store", "real_store"])
def store(request: pytest.FixtureRequest) -> Store:
    """Every store in turn."""
    chosen: Store = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture
def fake_broker() -> Brokerage:
    """In memory."""
    broker, queue = FakeBroker(), "allocation.claims"
    broker.queues[queue].clear()

    async def delete_queue() -> None:
        broker.delete_queue(queue)

    consumer = FakeConsumer(broker, queue, PREFETCH)
    return Brokerage(queue, "allocation.events", consumer, FakePublisher(broker), delete_queue)


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


@pytest.fixture(params=["fake_broker", "real_broker"])
def brokerage(request: pytest.FixtureRequest) -> Brokerage:
    """Every broker in turn."""
    chosen: Brokerage = request.getfixturevalue(request.param)
    return chosen
