"""The relay floor: what the worker does without a database. A program of its own, like the worker.

It consumes with the worker's own consumer and prefetch, decodes and validates each claim, encodes an event like the
worker's, publishes with the worker's own publisher, and acknowledges what is confirmed, one batch being published
while the next one is read. With --plain it consumes the library's own way, a task a delivery.
"""

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

from schemas.batch import BATCH_OP
from schemas.cloudevents import encode
from schemas.decode import claim_id_of, parse, validate
from worker.cli.loop import run_in_loop
from worker.engine.batcher import Batcher
from worker.engine.intake import unpacked
from worker.engine.session import BATCHES_IN_HAND_MAX
from worker.engine.settle import Settler
from worker.messages import Delivery, Outgoing
from worker.rabbit.channels import Channels
from worker.rabbit.connection import Broker
from worker.rabbit.consumer import Consumer
from worker.rabbit.publisher import Publisher
from worker.rabbit.topology import Names
from worker.settings import Settings, load

Batch = tuple[list[Delivery], list[Outgoing]]


class Relay:
    """Claims in, events out. `event` is an outcome of the worker, of which each event is a copy under its own ids."""

    def __init__(self, settings: Settings, event: dict[str, Any], channels: Channels) -> None:
        names = Names(settings.prefix)
        broker = Broker(settings.broker_url.get_secret_value(), settings.heartbeat_s, "relay")
        self._exchange = names.events
        self._event = event
        self._consumer = Consumer(broker, names.claims, settings.prefetch, channels)
        self._publisher = Publisher(broker, settings.publish_timeout_ms)
        self._size_max = settings.batch_size_max
        self._batcher: Batcher[Delivery] = Batcher(settings.batch_size_max)
        self._handed_on: asyncio.Queue[Batch | None] = asyncio.Queue(BATCHES_IN_HAND_MAX)

    async def run(self) -> None:
        """Until SIGTERM."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._batcher.close)
        await self._publisher.open()
        epoch = await self._consumer.open(self._batcher.offer, lambda _: self._batcher.close())
        sys.stdout.write('"consuming"\n')
        sys.stdout.flush()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._read(), name="read")
            tasks.create_task(self._announce(Settler(epoch)), name="announce")
        await self._consumer.close()
        await self._publisher.close()

    async def _read(self) -> None:
        while (deliveries := await self._batcher.next_batch()) is not None:
            claims = deliveries
            if deliveries[0].routing_key == BATCH_OP:
                claims = [claim for delivery in deliveries for claim in unpacked(delivery)]
            for first in range(0, len(claims), self._size_max):
                batch = claims[first : first + self._size_max]
                await self._handed_on.put((batch, [self._answer(claim) for claim in batch]))
        await self._handed_on.put(None)

    def _answer(self, delivery: Delivery) -> Outgoing:
        parsed = parse(delivery.body)
        claim_id = claim_id_of(parsed)
        model = validate(parsed, delivery.routing_key)
        if isinstance(model, tuple):
            raise TypeError(f"not a claim: {model}")
        event = {**self._event, "id": claim_id, "claimid": claim_id, "subject": parsed["consumer"]["id"]}
        return Outgoing(self._exchange, event["type"], encode(event), claim_id, claim_id)

    async def _announce(self, settler: Settler) -> None:
        while (batch := await self._handed_on.get()) is not None:
            deliveries, events = batch
            await self._publisher.publish_all(events)
            acks = settler.settle(deliveries)
            self._consumer.ack(settler.epoch, acks.singly, acks.up_to)


if __name__ == "__main__":
    file, *flags = sys.argv[1:]
    run_in_loop(Relay(load(Settings), json.loads(Path(file).read_bytes()), Channels(bulk=not flags)).run())
