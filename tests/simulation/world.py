"""One run, from its seed: publishers, workers and what befalls them, until every claim is settled."""

import asyncio
import json
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any

import structlog

from tests.fakes.broker import FakeProperties, Message
from tests.simulation.broker import NaturalBroker
from tests.simulation.checker import Parked, Published, Received, Report, check
from tests.simulation.load import Body, Load, encoded
from tests.simulation.loop import run
from tests.simulation.nature import Nature
from tests.simulation.store import natural_store
from tests.simulation.tables import tables_of
from tests.simulation.weather import Weather
from tests.simulation.worker import CLAIMS, DEAD, EVENTS, Parts, Worker
from worker.messages import Outgoing

SETTLED_WITHIN_S = 1_800.0
"""Virtual, after the last fault."""
IDLE_LOOK_S = 0.01
UNREADABLE = (b"nonsense", b'{"op": "allocation.set"}', b'{"claim_id": 1}')


@dataclass(frozen=True, slots=True)
class Run:
    """What became of a seed."""

    seed: int
    report: Report
    trace: Sequence[str]


def simulate(seed: int, parts: Parts | None = None, weather: Weather | None = None) -> Run:
    """The run of a seed, the same each time; in a weather that is given, it is a hot one."""
    world = World(seed, parts or Parts(), weather)
    with _logging_into(world.nature):
        report = run(world.live())
    return Run(seed, report, world.nature.trace)


class World:
    """Everything there is."""

    def __init__(self, seed: int, parts: Parts, weather: Weather | None = None) -> None:
        self.nature = Nature(seed, weather)
        self._parts = parts
        self._random = self.nature.random
        self._load = Load(Random(self._random.random()), hot=weather is not None)  # noqa: S311 - see Nature
        self._store = natural_store(self.nature)
        self._broker = NaturalBroker(self.nature)
        self._broker.bound |= {EVENTS, DEAD, CLAIMS}
        self._broker.arrived.append(self._learn)
        self._published: list[Published] = []
        self._workers: dict[str, Worker] = {}
        self._closing = False

    async def live(self) -> Report:
        """The whole run."""
        asyncio.get_running_loop().set_exception_handler(self._unheard)
        async with asyncio.TaskGroup() as tasks:
            for number in range(self._random.randint(1, 4)):
                tasks.create_task(self._keep_working(f"w{number}"), name=f"slot {number}")
            raging = tasks.create_task(self._rage(), name="rage")
            await self._publish()
            raging.cancel()
            self.nature.raging = False
            self.nature.database_away_until_s = self.nature.broker_away_until_s = 0.0
            await self._settled()
            report = self._report()
            self._closing = True
            for worker in self._workers.values():
                worker.stop.set()
        return report

    async def _publish(self) -> None:
        """The load, in bursts; now and then a message twice, and one that nobody can read."""
        claims = [*self._load.fleet(), *([None] * self._random.randint(10, 120 if self._load.hot else 60))]
        burst_s = self._random.choice((0.001, 0.01, 0.1))
        for known in claims:
            body = known or self._load.claim()
            for message in self._copies(body):
                self._send(message, str(body["op"]))
            if self._random.random() < 0.03:
                self._send(self._random.choice(UNREADABLE), "allocation.set")
            if self._random.random() < 0.3:
                await asyncio.sleep(self._random.expovariate(1 / burst_s))

    def _copies(self, body: Body) -> list[bytes]:
        chance = self._random.random()
        if chance < 0.05:
            return [encoded(body), encoded(dict(reversed(body.items())))]
        if chance < 0.07:
            return [encoded(body), encoded({**body, "deadline": "2027-01-01T00:00:00Z"})]
        return [encoded(body)] * (1 + (chance < 0.15))

    def _send(self, body: bytes, key: str) -> None:
        self._published.append(Published(body))
        queue = self._broker.queues[CLAIMS]
        if self._random.random() < 0.1:
            queue.insert(self._random.randint(0, len(queue)), Message(body, key, FakeProperties()))
            self._broker.pump()
        else:
            self._broker.put(CLAIMS, body, key, FakeProperties())

    async def _keep_working(self, name: str) -> None:
        """A worker, and after its end another one in its place."""
        life = 0
        while not self._closing:
            life += 1
            worker = Worker(f"{name}.{life}", self._store, self._broker, self._random, self._parts)
            self._workers[name] = worker
            await asyncio.wait([worker.task])
            if not worker.dead:
                worker.crash()
                if worker.task.cancelled() or worker.task.exception():
                    self.nature.unexpected.append(f"{worker.name} ended: {worker.task!r}")
            await asyncio.sleep(self._random.expovariate(10))

    async def _rage(self) -> None:
        """What befalls workers, database and broker from outside."""
        nature = self.nature
        while True:
            await asyncio.sleep(self._random.expovariate(1 / nature.weather.event_every_s))
            if not self._workers:
                continue
            worker = self._workers[self._random.choice(sorted(self._workers))]
            until_s = nature.now_s + self._random.choice((0.05, 0.5, 10.0, 90.0)) * self._random.random()
            match self._random.choice(("lose", "lose", "crash", "stop", "stall", "database", "broker", "again")):
                case "lose":
                    worker.lose_channel()
                case "crash":
                    worker.crash()
                case "stop":
                    worker.stop.set()
                case "stall":
                    worker.stalled_until_s = until_s
                case "database":
                    nature.database_away_until_s = until_s
                case "broker":
                    nature.broker_away_until_s = until_s
                    for one in self._workers.values():
                        one.lose_channel()
                case _:
                    self._hand_out_again()
            nature.note(f"the world: until {until_s:.3f}, {worker.name}")

    def _hand_out_again(self) -> None:
        """A message that its publisher sent again, not knowing whether it had arrived."""
        if self._published:
            body = self._random.choice(self._published).body
            self._broker.put(CLAIMS, body, _key_of(body), FakeProperties())

    async def _settled(self) -> None:
        """Until nothing is left in the queue."""
        until_s = self.nature.now_s + SETTLED_WITHIN_S
        while not self._broker.is_idle(CLAIMS):
            if self.nature.now_s > until_s:
                self.nature.unexpected.append("claims are left in the queue")
                return
            await asyncio.sleep(IDLE_LOOK_S)

    def _report(self) -> Report:
        sent = self._broker.published
        return check(
            self._published,
            [Received(one.message_id or "", one.routing_key, one.body) for one in sent if one.exchange == EVENTS],
            [Parked(one.body, str((one.headers or {})["x-parked-reason"])) for one in sent if one.exchange == DEAD],
            tables_of(self._store.state),
            beside=[*self.nature.unexpected, *self._broker.misuse],
        )

    def _learn(self, messages: Sequence[Outgoing]) -> None:
        for one in messages:
            if one.exchange == EVENTS:
                self._load.learn(json.loads(one.body))

    def _unheard(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.nature.unexpected.append(f"{context.get('message')}: {context.get('exception') or context.get('task')!r}")


def _key_of(body: bytes) -> str:
    try:
        return str(json.loads(body)["op"])
    except (ValueError, KeyError):
        return "allocation.set"


@contextmanager
def _logging_into(nature: Nature) -> Iterator[None]:
    """What the worker logs is part of the trace."""

    def note(_logger: object, _method: str, fields: MutableMapping[str, Any]) -> str:
        nature.trace.append("    " + " ".join(f"{name}={value}" for name, value in fields.items()))
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[note], wrapper_class=structlog.make_filtering_bound_logger("info"))
    try:
        yield
    finally:
        structlog.configure(**before)
