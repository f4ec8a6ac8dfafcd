"""A publisher and subscriber that knows the contract alone: exchanges, JSON, properties; nothing of the worker."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from aio_pika.exceptions import AMQPError

OUTCOME_S = 60.0
TAKE_S = 10.0
NONE_THERE_S = 0.02


class Side:
    """What one publisher sent and what one subscriber got: every event's bodies, in order of arrival."""

    def __init__(self, channel: AbstractChannel, claims: aio_pika.abc.AbstractExchange, dead: str) -> None:
        self._channel = channel
        self._claims = claims
        self._dead = dead
        self._arrived = asyncio.Event()
        self.bodies: dict[str, list[bytes]] = defaultdict(list)
        self.outcomes: dict[str, dict[str, Any]] = {}
        self.events: list[dict[str, Any]] = []

    async def hear(self, message: AbstractIncomingMessage) -> None:
        """Take one event."""
        event = json.loads(message.body)
        assert message.message_id == event["id"]
        assert message.routing_key == event["type"]
        self.bodies[event["id"]].append(message.body)
        self.events.append(event)
        if "claimid" in event:
            self.outcomes[event["claimid"]] = event
        self._arrived.set()

    async def send(self, claim: Mapping[str, Any], **properties: Any) -> None:
        """Publish a claim as the contract says: routing key = op, persistent, JSON."""
        await self.send_raw(json.dumps(claim).encode(), claim["op"], **properties)

    async def send_raw(self, body: bytes, routing_key: str, **properties: Any) -> None:
        """Publish whatever bytes."""
        message = aio_pika.Message(
            body,
            content_type="application/json",
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            **properties,
        )
        await self._claims.publish(message, routing_key)

    async def send_all(self, claims: Sequence[Mapping[str, Any]]) -> None:
        """Publish many, confirmed, a hundred at a time."""
        for start in range(0, len(claims), 100):
            await asyncio.gather(*(self.send(claim) for claim in claims[start : start + 100]))

    async def outcome(self, claim_id: str) -> dict[str, Any]:
        """The outcome event of a claim."""
        await self.all_decided([claim_id])
        return self.outcomes[claim_id]

    async def ask(self, claim: Mapping[str, Any], **properties: Any) -> dict[str, Any]:
        """Publish a claim and wait for its outcome."""
        await self.send(claim, **properties)
        return await self.outcome(claim["claim_id"])

    async def all_decided(self, claim_ids: Sequence[str], within_s: float = OUTCOME_S) -> None:
        """Once each of these has an outcome."""
        async with asyncio.timeout(within_s):
            while not self.outcomes.keys() >= set(claim_ids):
                self._arrived.clear()
                await self._arrived.wait()

    async def parked(self) -> AbstractIncomingMessage:
        """The next dead letter."""
        queue = await self._channel.get_queue(self._dead, ensure=False)
        async with asyncio.timeout(OUTCOME_S), queue.iterator() as messages:
            message = await anext(messages)
            await message.ack()
            return message

    def assert_no_event_in_two_versions(self) -> None:
        """However often an event came, it was the same to the letter."""
        assert {len(set(bodies)) for bodies in self.bodies.values()} <= {1}


@asynccontextmanager
async def side(broker_url: str, prefix: str) -> AsyncIterator[Side]:
    """A publisher with a subscriber's queue of its own, which lives through a restart of the broker."""
    connection = await aio_pika.connect_robust(broker_url, reconnect_interval=0.2, timeout=10)
    async with connection:
        channel = await connection.channel()
        claims = await channel.get_exchange(f"{prefix}.claims", ensure=False)
        heard = Side(channel, claims, f"{prefix}.dead")
        queue = await channel.declare_queue(
            f"{prefix}.heard", durable=True, arguments={"x-queue-type": "quorum", "x-expires": 600_000}
        )
        await queue.bind(f"{prefix}.events", "#")
        enough = asyncio.Event()
        following = asyncio.create_task(_follow(broker_url, queue.name, heard, enough))
        try:
            yield heard
        finally:
            enough.set()
            await following
        await queue.delete(if_unused=False, if_empty=False)


async def _follow(broker_url: str, queue_name: str, heard: Side, enough: asyncio.Event) -> None:
    """Take event by event, whatever becomes of the broker: a consumer is not told again of a queue it was taken off."""
    while not enough.is_set():
        try:
            async with await aio_pika.connect(broker_url, timeout=TAKE_S) as connection:
                channel = await connection.channel()
                queue = await channel.get_queue(queue_name, ensure=False)
                while not enough.is_set():
                    message = await queue.get(fail=False, timeout=TAKE_S)
                    if message is None:
                        await asyncio.sleep(NONE_THERE_S)
                        continue
                    await heard.hear(message)
                    await message.ack()
        except (AMQPError, OSError, TimeoutError, RuntimeError):
            await asyncio.sleep(NONE_THERE_S)
