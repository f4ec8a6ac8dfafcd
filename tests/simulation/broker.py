"""The broker in memory, as bad as brokers can be: any order, lost acks, confirms late or never, publishes that arrive
long after they were given up."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.fakes.broker import FakeBroker, FakeConsumer, FakePublisher, Message
from tests.simulation.nature import WHOSE, NaturalSteps, Nature
from worker.faults import Outage, Unconfirmed, Unroutable
from worker.messages import Outgoing

LATE_S = 20.0


class NaturalBroker(FakeBroker):
    """Hands out one message at a time to whoever is next by chance; what comes back goes anywhere in the queue."""

    def __init__(self, nature: Nature) -> None:
        super().__init__()
        self.nature = nature
        self.arrived: list[Callable[[Sequence[Outgoing]], None]] = []

    def pump(self) -> None:
        waiting = -1
        while waiting != (waiting := sum(map(len, self.queues.values()))):
            for consumer in self.nature.random.sample(self.consumers, len(self.consumers)):
                consumer.deliver(1)
        self.changed()

    def give_back(self, queue: str, messages: Sequence[Message]) -> None:
        if not messages or self.nature.random.random() < 0.5:
            super().give_back(queue, messages)
            return
        for message in messages:
            self.queues[queue].insert(self.nature.random.randint(0, len(self.queues[queue])), message)

    def take(self, messages: Sequence[Outgoing]) -> int:
        """Route what was published; how many reached nothing."""
        self.published.extend(messages)
        for told in self.arrived:
            told(messages)
        return sum(not self.route(one) for one in messages)


class NaturalConsumer(FakeConsumer):
    """Loses acks together with their channel, as a connection does that is cut while they are under way."""

    def __init__(self, broker: NaturalBroker, queue: str, prefetch: int) -> None:
        super().__init__(broker, queue, prefetch)
        self._nature = broker.nature
        self.steps = NaturalSteps(broker.nature, "consumer", broker.nature.broker_fault)

    def ack(self, epoch: int, tags: Sequence[int], multiple_up_to: int | None = None) -> None:
        worker = WHOSE.get()
        if worker.dead:
            return
        self._nature.note(f"{worker.name} consumer.ack {epoch} {list(tags)} {multiple_up_to}")
        if self._nature.strikes(self._nature.weather.lost_ack):
            self.lose(Outage("cut while the acks were under way"))
            return
        super().ack(epoch, tags, multiple_up_to)

    def vanish(self) -> None:
        """The process is gone and its connection with it: nobody is told."""
        self._lost = self._sink = None
        self._broker.consumers.remove(self)
        self._end()


@dataclass
class NaturalPublisher(FakePublisher):
    """One worker's publisher. What it has handed over arrives or does not, whatever becomes of the worker."""

    broker: NaturalBroker

    def __post_init__(self) -> None:
        self.nature = self.broker.nature
        self.steps = NaturalSteps(self.nature, "publisher", self.nature.broker_fault)

    async def publish_all(self, messages: Sequence[Outgoing], mandatory: bool = False) -> None:
        if not messages:
            return
        death = await self.steps.begin("publish")
        if death is None and self.nature.strikes(self.nature.weather.unconfirmed):
            self._go_wrong(messages)
        returned = self.broker.take(messages)
        if death is not None:
            raise death
        await self.steps.begin("confirmed")
        if mandatory and returned:
            raise Unroutable(f"{returned} of {len(messages)} messages reached no queue.")

    def _go_wrong(self, messages: Sequence[Outgoing]) -> None:
        """Nothing of it arrives, or a part, or all, at once or much later; nobody can tell."""
        random = self.nature.random
        arriving = messages[: random.randint(0, len(messages))] if random.random() < 0.5 else messages
        later_s = random.choice((0.0, 0.0, random.uniform(0, LATE_S)))
        if random.random() < 0.7:
            asyncio.get_running_loop().call_later(later_s, self.broker.take, list(arriving))
        self.nature.note(f"{WHOSE.get().name} publisher.unconfirmed {len(arriving)} of {len(messages)}")
        raise Unconfirmed("timed out")
