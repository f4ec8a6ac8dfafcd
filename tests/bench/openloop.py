"""A publisher and subscriber that claims at a steady rate whether or not answers come. A program of its own.

Arguments: claims a second, seconds. It prints the latencies in milliseconds as a JSON list: from when a claim was due
to be published until its event arrived, so that a publisher held up counts as waiting too.
"""

import asyncio
import json
import sys
import time
from typing import Final

from tests.bench.workload import outgoing, spread
from worker.cli.loop import run_in_loop
from worker.messages import Delivery
from worker.rabbit.connection import Broker
from worker.rabbit.consumer import Consumer
from worker.rabbit.publisher import Publisher
from worker.rabbit.topology import Names
from worker.settings import BrokerSettings, load

TICK_S: Final = 0.001
PREFETCH: Final = 10_000
LAST_WITHIN_S: Final = 30.0
# Claims before these are not counted: connections, plans and caches are warmed up by them.
WARMING_UP_S: Final = 1.0


class OpenLoop:
    """Publishes on schedule; the answers' moments are noted as they come."""

    def __init__(self, settings: BrokerSettings, rate: float, seconds: float) -> None:
        names = Names(settings.prefix)
        broker = Broker(settings.broker_url.get_secret_value(), settings.heartbeat_s, "open loop")
        self._publisher = Publisher(broker, settings.publish_timeout_ms)
        self._consumer = Consumer(broker, f"{settings.prefix}.heard", PREFETCH)
        self._rate = rate
        claims = spread(int(rate * (seconds + WARMING_UP_S)))
        self._claims = [outgoing(names.claims, claim) for claim in claims]
        self._due: dict[str, float] = {}
        self._arrived: dict[str, float] = {}
        self._complete = asyncio.Event()

    async def run(self) -> list[float]:
        """The latencies in ms, in the order in which claims were due."""
        await self._publisher.open()
        await self._consumer.open(self._hear, lambda _: self._complete.set())
        await self._publish()
        async with asyncio.timeout(LAST_WITHIN_S):
            await self._complete.wait()
        await self._consumer.close()
        await self._publisher.close()
        counted = list(self._due)[int(self._rate * WARMING_UP_S) :]
        return [(self._arrived[claim] - self._due[claim]) * 1_000 for claim in counted]

    def _hear(self, delivery: Delivery) -> None:
        self._arrived[str(delivery.properties.correlation_id)] = time.monotonic()
        self._consumer.ack(delivery.epoch, (delivery.tag,))
        if len(self._arrived) == len(self._claims):
            self._complete.set()

    async def _publish(self) -> None:
        began, sent = time.monotonic(), 0
        async with asyncio.TaskGroup() as publishing:
            while sent < len(self._claims):
                due = min(int((time.monotonic() - began) * self._rate) + 1, len(self._claims))
                if due > sent:
                    for number in range(sent, due):
                        self._due[str(self._claims[number].correlation_id)] = began + number / self._rate
                    publishing.create_task(self._publisher.publish_all(self._claims[sent:due], mandatory=True))
                    sent = due
                await asyncio.sleep(TICK_S)


if __name__ == "__main__":
    asked_rate, asked_seconds = map(float, sys.argv[1:])
    found = run_in_loop(OpenLoop(load(BrokerSettings), asked_rate, asked_seconds).run())
    sys.stdout.write(json.dumps([round(one, 3) for one in found]))
