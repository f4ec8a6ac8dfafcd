"""Where runs take place: a database and a set of queues for each, made before it and removed after it."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import asyncpg
from aiormq.abc import AbstractChannel
from sqlalchemy.engine import make_url

from schemas.cloudevents import encode
from tests.bench.workload import allocation, declarations, outgoing, provider, windows
from tests.e2e.worker_process import worker
from tests.servers import create_database, delete_topology, drop_database, with_database
from worker.postgres.migrate import upgrade
from worker.rabbit.connection import Broker, Link
from worker.rabbit.declare import declare
from worker.rabbit.publisher import Publisher
from worker.rabbit.topology import Names, topology

REFUSED: Final = "SELECT count(*) FROM inbox WHERE types = 'claim.rejected'"
DEADLOCKS: Final = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
LOOK_EVERY_S: Final = 0.02
EMPTIED_WITHIN_S: Final = 600.0
STALLED_AFTER_S: Final = 20.0


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

    async def looks(self, queue: str, within_s: float = EMPTIED_WITHIN_S) -> AsyncIterator[tuple[float, int]]:
        """(moment, messages waiting) many times a second. Raises TimeoutError when looked at for too long."""
        began = time.monotonic()
        while (now := time.monotonic()) - began < within_s:
            yield now, await self.waiting(queue)
            await asyncio.sleep(LOOK_EVERY_S)  # the broker tells nobody when a queue has grown
        raise TimeoutError(f"{queue} did not come to what was expected within {within_s} s")

    async def events(self, count: int) -> AsyncIterator[tuple[float, int]]:
        """(moment, events confirmed so far) until there are so many. Raises TimeoutError when no more come."""
        seen, grown = 0, time.monotonic()
        async for now, waiting in self.looks(self.heard):
            if waiting > seen:  # a busy broker that does not answer in time says 0
                seen, grown = waiting, now
            elif now - grown > STALLED_AFTER_S:
                raise TimeoutError(f"{seen} of {count} events came, and no more for {STALLED_AFTER_S:.0f} s")
            yield now, seen
            if seen >= count:
                return

    async def take(self, queue: str) -> bytes:
        """The body of one message."""
        return (await self.channel.basic_get(queue, no_ack=True)).body

    async def deadlocks(self) -> int:
        """How many the database has seen."""
        return int(await value_of(self.database_url, DEADLOCKS))

    async def refused(self) -> int:
        """How many claims were."""
        return int(await value_of(self.database_url, REFUSED))


@dataclass(frozen=True, slots=True)
class Ground:
    """The servers, databases to copy, and an event as the worker publishes it.

    `bare` is migrated, no more; in `template` stand the providers too.
    """

    database_url: str
    broker_url: str
    bare: str
    template: str
    folder: Path
    event: Mapping[str, Any]

    @property
    def event_file(self) -> Path:
        """Where the relay finds the event."""
        return self.folder / "event.json"

    @property
    def event_bytes(self) -> int:
        """How long an event is."""
        return len(encode(self.event))

    @property
    def claim_bytes(self) -> int:
        """How long a claim is."""
        return len(encode(allocation(provider(0))))

    @asynccontextmanager
    async def place(self, template: str | None = None, *, heard: str | None = "#") -> AsyncIterator[Place]:
        """A place of its own, a copy of that template, with a subscriber's queue for the events `heard`, if any."""
        async with (
            database(self.database_url, template or self.template) as url,
            _queues(self.broker_url, url) as place,
            _subscriber(place, heard),
        ):
            yield place


@asynccontextmanager
async def _subscriber(place: Place, heard: str | None) -> AsyncIterator[None]:
    if heard is None:
        yield
        return
    await place.channel.queue_declare(place.heard, durable=True, arguments={"x-queue-type": "quorum"})
    await place.channel.queue_bind(place.heard, place.names.events, heard)
    yield
    await place.channel.queue_delete(place.heard)


@asynccontextmanager
async def ground(folder: Path) -> AsyncIterator[Ground]:
    """The servers that the environment names, prepared; nothing of ours is left on them."""
    database_url, broker_url = os.environ["ALLOCATION_DATABASE_URL"], os.environ["ALLOCATION_BROKER_URL"]
    async with database(database_url, "template1") as bare:
        await asyncio.to_thread(upgrade, bare)
        async with database(database_url, named(bare)) as url:
            event = await _declared(url, broker_url, folder)
            await value_of(url, "VACUUM ANALYZE")
            made = Ground(database_url, broker_url, named(bare), named(url), folder, event)
            made.event_file.write_text(json.dumps(event))
            yield made


async def _declared(url: str, broker_url: str, folder: Path) -> dict[str, Any]:
    async with _queues(broker_url, url) as place, _subscriber(place, "allocation.granted"):
        await place.publish([*declarations(), allocation(provider(0))])
        async with worker(url, broker_url, place.prefix, folder / "prepare.log") as running:
            _ = [seen async for seen in place.events(1)]
            running.signal(signal.SIGTERM)
            await running.ended()
        event: dict[str, Any] = json.loads(await place.take(place.heard))
        return event


@asynccontextmanager
async def connected(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to a database."""
    plain = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(plain)
    try:
        yield connection
    finally:
        await connection.close()


async def value_of(database_url: str, statement: str) -> Any:
    """The first value that a statement returns, if it returns one."""
    async with connected(database_url) as connection:
        return await connection.fetchval(statement)


def named(database_url: str) -> str:
    """What the database is called."""
    return make_url(database_url).database or ""


@asynccontextmanager
async def database(server_url: str, template: str) -> AsyncIterator[str]:
    """The address of a copy of the template, which is dropped when left."""
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
