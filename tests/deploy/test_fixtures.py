"""The fixtures that other tests rest on."""

from collections.abc import Callable

import aio_pika
import asyncpg
from sqlalchemy.engine import make_url

from deploy.local import Stack


async def fetch(url: str, query: str) -> str:
    """One value from a database."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(plain)
    try:
        return str(await connection.fetchval(query))
    finally:
        await connection.close()


async def test_an_empty_database_is_one_of_its_own(empty_database_url: str) -> None:
    assert await fetch(empty_database_url, "SELECT current_database()") == make_url(empty_database_url).database
    assert await fetch(empty_database_url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == "0"


async def test_the_database_server_is_as_durable_as_by_default(empty_database_url: str) -> None:
    assert await fetch(empty_database_url, "SHOW fsync") == "on"
    assert await fetch(empty_database_url, "SHOW synchronous_commit") == "on"


async def test_a_durable_queue_and_its_message_survive_a_restart_of_the_broker(
    stack: Stack, prefix: str, rabbitmqctl: Callable[..., str]
) -> None:
    connection = await aio_pika.connect(stack.urls.broker)
    channel = await connection.channel()
    queue = await channel.declare_queue(f"{prefix}.claims", durable=True, arguments={"x-queue-type": "quorum"})
    await channel.default_exchange.publish(
        aio_pika.Message(b"{}", delivery_mode=aio_pika.DeliveryMode.PERSISTENT), routing_key=queue.name
    )
    await connection.close()
    stack.rabbit.restart()
    async with await aio_pika.connect(stack.urls.broker) as again:
        kept = await (await again.channel()).get_queue(queue.name)
        # consumed, not fetched: a fetch that arrives before the queue has elected its leader is never answered
        async with kept.iterator(timeout=10) as arrivals:
            message = await anext(arrivals)
            assert message.body == b"{}"
            await message.ack()
    assert queue.name in rabbitmqctl("list_queues", "name")
