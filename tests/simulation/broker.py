"""The broker in memory, as bad as brokers can be: any order, lost acks, confirms late or never, publishes that arrive
long after they were given up."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.fakes.broker import FakeBroker, FakeConsumer, FakePublisher, Message
from tests.simulation.kinds import Kind
from tests.simulation.nature import WHOSE, NaturalSteps, Nature
from worker.faults import Fault, Outage, Unconfirmed, Unroutable
from worker.messages import Outgoing

LATER_S = 20.0


class NaturalBroker(FakeBroker):
    """Hands out one message at a time to whoever is next by chance; what comes back may go anywhere in the queue.

    `on_the_way`: messages of publishes that were given up, and which arrive all the same.
    """

    def __init__(self, nature: Nature) -> None:
        super().__init__()
        self.nature = nature
        self.arrived: list[Callable[[Sequence[Outgoing]], None]] = []
        self.on_the_way = 0
        self._changed = asyncio.Event()

    def pump(self) -> None:
        while able := [one for one in self.consumers if isinstance(one, NaturalConsumer) and one.may_have_more]:
            (able[0] if len(able) == 1 else self.nature.random.choice(able)).deliver(1)
        self.changed()

    def changed(self) -> None:
        super().changed()
        self._changed.set()

    async def settled_within(self, queue: str, seconds: float) -> bool:
        """Whether nothing is in the queue or in anybody's hand or on its way any more, after that time at most."""
        try:
            async with asyncio.timeout(seconds):
                while self.on_the_way or not self.is_idle(queue):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True

    def give_back(self, queue: str, messages: Sequence[Message]) -> None:
        self.nature.happened[Kind.REDELIVERED] += len(messages)
        if not messages or not self.nature.strikes(self.nature.weather.reordered):
            super().give_back(queue, messages)
            return
        self.nature.happened[Kind.REORDERED] += len(messages)
        for message in messages:
            self.queues[queue].insert(self.nature.random.randint(0, len(self.queues[queue])), message)

    def take(self, messages: Sequence[Outgoing]) -> int:
        """Route what was published; how many reached nothing."""
        self.published.extend(messages)
        for told in self.arrived:
            told(messages)
        returned = sum(not self.route(one) for one in messages)
        self.changed()
        return returned

    def take_later(self, messages: Sequence[Outgoing], seconds: float) -> None:
        """What nobody waits for any more."""
        self.on_the_way += 1
        asyncio.get_running_loop().call_later(seconds, self._take_late, list(messages))

    def _take_late(self, messages: Sequence[Outgoing]) -> None:
        self.on_the_way -= 1
        self.take(messages)


class NaturalConsumer(FakeConsumer):
    """Loses acks together with their channel, as a connection does that is cut while they are under way."""

    def __init__(self, broker: NaturalBroker, queue: str, prefetch: int) -> None:
        super().__init__(broker, queue, prefetch)
        self._nature = broker.nature
        self.steps = NaturalSteps(broker.nature, "consumer", broker.nature.broker_fault)

    @property
    def may_have_more(self) -> bool:
        """Whether a message waits for it and it takes one."""
        takes = self._takes and self._sink is not None and len(self.unsettled) < self._allowed
        return takes and bool(self._broker.queues.get(self.queue))

    def ack(self, epoch: int, tags: Sequence[int], multiple_up_to: int | None = None) -> None:
        worker = WHOSE.get()
        if worker.dead:
            return
        self._nature.note(f"{worker.name} consumer.ack {epoch} {list(tags)} {multiple_up_to}")
        if self._nature.strikes(self._nature.weather.lost_ack):
            self._nature.happened[Kind.LOST_ACK] += 1
            self.lose(Outage("cut while the acks were under way"))
            return
        super().ack(epoch, tags, multiple_up_to)

    def fade(self, seconds: float) -> None:
        """The broker has given the channel up; who consumes on it is told after so many seconds."""
        if self.is_open:
            epoch, lost = self._epoch, self._lost
            self._end()
            asyncio.get_running_loop().call_later(seconds, lambda: lost and self._epoch == epoch and lost(None))

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
        if death is not None:
            self.broker.take(self._some(messages))
            raise death
        if self.nature.strikes(self.nature.weather.unconfirmed):
            self._go_wrong(messages)
        if mandatory and self.nature.strikes(self.nature.weather.unroutable):
            self._return(messages)
        returned = self.broker.take(messages)
        death = await self.steps.begin("confirmed")
        if death is not None:
            raise death
        if mandatory and returned:
            raise Unroutable(f"{returned} of {len(messages)} messages reached no queue.")

    async def reply(self, messages: Sequence[Outgoing]) -> int:
        try:
            return await super().reply(messages)
        except Fault:
            self.nature.happened[Kind.REPLY_LOST] += len(messages)
            return len(messages)

    def _some(self, messages: Sequence[Outgoing]) -> Sequence[Outgoing]:
        return messages[: self.nature.random.randint(0, len(messages))]

    def _go_wrong(self, messages: Sequence[Outgoing]) -> None:
        """Nothing of it arrives, or a part, or all, at once or much later; nobody can tell."""
        random = self.nature.random
        arriving = random.choice((messages, messages, self._some(messages), ()))
        self.nature.happened[_how_many(arriving, messages)] += 1
        if arriving:
            later_s = random.choice((0.0, 0.0, random.uniform(0, LATER_S)))
            self.nature.happened[Kind.ARRIVED_LATER] += bool(later_s)
            self.broker.take_later(arriving, later_s)
        self.nature.note(f"{WHOSE.get().name} publisher.unconfirmed {len(arriving)} of {len(messages)}")
        raise Unconfirmed("timed out")

    def _return(self, messages: Sequence[Outgoing]) -> None:
        """The queue of some is not there at the moment."""
        arriving = self._some(messages[1:])
        self.broker.take(arriving)
        self.nature.note(f"{WHOSE.get().name} publisher.returned", Kind.UNROUTABLE)
        raise Unroutable(f"{len(messages) - len(arriving)} of {len(messages)} messages reached no queue.")


def _how_many(arriving: Sequence[Outgoing], messages: Sequence[Outgoing]) -> Kind:
    if not arriving:
        return Kind.NONE_ARRIVED
    return Kind.ALL_ARRIVED if len(arriving) == len(messages) else Kind.PART_ARRIVED
