"""Where runs take place: a database and a set of queues for each, made before it and removed after it."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
from aiormq.abc import AbstractChannel

from tests.bench.workload import allocation, declarations, outgoing, provider, windows
from tests.e2e.worker_process import worker
from tests.servers import create_database, delete_topology, drop_database, with_database
from worker.postgres.migrate import upgrade
from worker.rabbit.connection import Broker, Link
from worker.rabbit.declare import declare
from worker.rabbit.publisher import Publisher
from worker.rabbit.topology import Names, topology


@dataclass(frozen=True, slots=True)
class Place:
    """One run's own database and names, and a channel to look at the queues with."""

    database_url: str
    broker_url: str
    prefix: str
    channel: AbstractChannel

    @property
    def names(self) -> Names:
        """What the queues are called."""
        return Names(self.prefix)

    @property
    def heard(self) -> str:
        """The subscriber's queue: durable and replicated, so that a confirm means that the event is kept."""
        return f"{self.prefix}.heard"

    async def publish(self, claims: Iterable[dict[str, Any]]) -> None:
        """Put claims into the queue; returns when the broker has confirmed all."""
        publisher = Publisher(Broker(self.broker_url, name="benchmark"), 60_000)
        await publisher.open()
        try:
            for window in windows(outgoing(self.names.claims, claim) for claim in claims):
                await publisher.publish_all(window, mandatory=True)
        finally:
            await publisher.close()

    async def waiting(self, queue: str) -> int:
        """Messages in a queue that are not in anybody's hands."""
        return (await self.channel.queue_declare(queue, passive=True)).message_count or 0

    async def take(self, queue: str) -> bytes:
        """The body of one message."""
        return bytes((await self.channel.basic_get(queue, no_ack=True)).body)

    async def deadlocks(self) -> int:
        """How many the database has seen."""
        connection = await asyncpg.connect(self.database_url.replace("+asyncpg", ""))
        try:
            return int(
                await connection.fetchval("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
            )
        finally:
            await connection.close()


@dataclass(frozen=True, slots=True)
class Ground:
    """The servers, a database to copy in which the providers stand, and an event as the worker publishes it."""

    database_url: str
    broker_url: str
    template: str
    folder: Path
    event: Mapping[str, Any]

    @property
    def event_file(self) -> Path:
        """Where the relay finds the event."""
        return self.folder / "event.json"

    @asynccontextmanager
    async def place(self, *, subscribed: bool = True) -> AsyncIterator[Place]:
        """A place of its own, with a subscriber's queue that takes all events where `subscribed`."""
        async with _database(self.database_url, self.template) as url, _queues(self.broker_url, url) as place:
            if subscribed:
                await place.channel.queue_declare(place.heard, durable=True, arguments={"x-queue-type": "quorum"})
                await place.channel.queue_bind(place.heard, place.names.events, "#")
            yield place
            if subscribed:
                await place.channel.queue_delete(place.heard)


@asynccontextmanager
async def ground(folder: Path) -> AsyncIterator[Ground]:
    """The servers that the environment names, prepared; nothing of ours is left on them."""
    database_url, broker_url = os.environ["ALLOCATION_DATABASE_URL"], os.environ["ALLOCATION_BROKER_URL"]
    async with _database(database_url, "template1") as url:
        await asyncio.to_thread(upgrade, url)
        name = url.rpartition("/")[2]
        bare = Ground(database_url, broker_url, name, folder, {})
        async with _queues(broker_url, url) as place:
            await place.channel.queue_declare(place.heard, durable=True, arguments={"x-queue-type": "quorum"})
            await place.channel.queue_bind(place.heard, place.names.events, "allocation.granted")
            await place.publish([*declarations(), allocation(provider(0))])
            async with worker(url, broker_url, place.prefix, folder / "prepare.log"):
                await holds(place, place.heard, 1)
            event = json.loads(await place.take(place.heard))
            await place.channel.queue_delete(place.heard)
        bare.event_file.write_text(json.dumps(event))
        yield Ground(database_url, broker_url, name, folder, event)


async def holds(place: Place, queue: str, count: int, within_s: float = 60.0) -> None:
    """Once the queue has so many messages."""
    async with asyncio.timeout(within_s):
        while await place.waiting(queue) < count:
            await asyncio.sleep(0.05)


@asynccontextmanager
async def _database(server_url: str, template: str) -> AsyncIterator[str]:
    name = f"bench_{uuid4().hex}"
    await create_database(server_url, name, template)
    try:
        yield with_database(server_url, name)
    finally:
        await drop_database(server_url, name)


@asynccontextmanager
async def _queues(broker_url: str, database_url: str) -> AsyncIterator[Place]:
    prefix = f"bench.{uuid4().hex}"
    link: Link = await Broker(broker_url, name="benchmark").connect("looking on")
    try:
        await declare(link, topology(prefix))
        yield Place(database_url, broker_url, prefix, await link.connection.channel())
    finally:
        await link.close()
        await delete_topology(broker_url, prefix)
