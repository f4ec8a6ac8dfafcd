"""Messages to send, and ends to receive them at that can be waited for."""

from uuid import uuid4

from pamqp.commands import Basic

from tests.sinks import WAIT_S
from worker.messages import Outgoing
from worker.rabbit.connection import Link

# What RabbitMQ 4 gives a queue that was not told.
NEWER_BROKERS_OWN_LIMIT = 20


def claim(prefix: str, body: bytes = b"{}", key: str = "allocation.set") -> Outgoing:
    return Outgoing(f"{prefix}.claims", key, body, message_id=str(uuid4()), content_type="application/json")


async def take(link: Link, queue: str) -> tuple[Basic.GetOk, Basic.Properties, bytes]:
    """The first message of `queue`, which is settled by that; fails when there is none."""
    channel = await link.connection.channel()
    message = await channel.basic_get(queue, no_ack=True, timeout=WAIT_S)
    await channel.close()
    assert isinstance(message.delivery, Basic.GetOk), f"{queue} is empty"
    return message.delivery, message.header.properties, message.body
