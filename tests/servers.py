"""What the fixtures do on the servers: make and drop databases, delete the queues and exchanges of a test."""

from typing import Final

import aio_pika
import asyncpg
from sqlalchemy.engine import make_url

# The names of the contract, after the prefix.
EXCHANGES: Final = ("claims", "events", "events.batches", "dead")
QUEUES: Final = ("claims", "dead", "queries", "history")
TIMEOUT_S: Final = 10.0


def with_database(server_url: str, name: str) -> str:
    """The address of database `name` on that server."""
    return make_url(server_url).set(database=name).render_as_string(hide_password=False)


async def create_database(server_url: str, name: str, template: str = "template1") -> None:
    """Make a database as a copy of `template`, to which nobody may be connected."""
    await _execute(server_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')


async def drop_database(server_url: str, name: str) -> None:
    """Drop a database, ending the sessions still in it."""
    await _execute(server_url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


async def delete_topology(broker_url: str, prefix: str) -> None:
    """Delete the contract's queues and exchanges under `prefix`; what does not exist is no error to RabbitMQ."""
    connection = await aio_pika.connect(broker_url, timeout=TIMEOUT_S)
    async with connection:
        channel = await connection.channel()
        for queue in QUEUES:
            await channel.queue_delete(f"{prefix}.{queue}", timeout=TIMEOUT_S)
        for exchange in EXCHANGES:
            await channel.exchange_delete(f"{prefix}.{exchange}", timeout=TIMEOUT_S)


async def _execute(server_url: str, statement: str) -> None:
    plain = make_url(server_url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(plain, timeout=TIMEOUT_S)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
