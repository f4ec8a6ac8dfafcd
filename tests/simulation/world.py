"""One run, from its seed: publishers, workers and what befalls them, until every claim is settled."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

import structlog

from tests.simulation.beside import wrong_beside
from tests.simulation.broker import NaturalBroker
from tests.simulation.checker import Parked, Received, Report, check
from tests.simulation.clock import VirtualClock
from tests.simulation.kinds import Kind
from tests.simulation.load import Load
from tests.simulation.loop import run
from tests.simulation.nature import Nature
from tests.simulation.publishers import REPLIES, Publishers
from tests.simulation.store import NaturalStore
from tests.simulation.tables import tables_of
from tests.simulation.weather import Weather
from tests.simulation.worker import BULK, CLAIMS, DEAD, EVENTS, Parts, Surface, Worker
from worker.messages import Outgoing

SETTLED_WITHIN_S = 1_800.0
"""Virtual, after the last fault."""
RAGES_ON_S = (0.0, 1.0, 5.0, 20.0)
"""Virtual, after the last claim was sent, while there is one left."""
RAGES_IDLE_S = (0.0, 3.0, 3.0)
"""And then over workers that have nothing to do."""
LASTS_SO_LONG = (1.0, 3.0, 20.0)
"""At most, in times from one thing that befalls the world to the next: so it is whole for about half of the time."""
BULKY = 0.4
BATCH_SIZES = (1, 1, 1, 2, 4, 8)
FADED_LONG_S = 5.0
"""A worker that is frozen for longer than that may be given up by the broker in the meantime."""


@dataclass(frozen=True, slots=True)
class Run:
    """What became of a seed. `trace`: what happened, a line each, with what was `told`; `happened`: how often what.

    `crashed_at`: before and after which steps workers were killed. `engine`: how often the engine logged what.
    `outcomes`: of which claims came what, by op and type or code.
    """

    seed: int
    report: Report
    trace: Sequence[str]
    told: Sequence[Outgoing] = ()
    happened: Counter[Kind] = field(default_factory=Counter)
    crashed_at: Counter[str] = field(default_factory=Counter)
    engine: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)


def simulate(seed: int, parts: Parts | None = None, weather: Weather | None = None) -> Run:
    """The run of a seed, the same each time; in a weather that is given, it is a hot one."""
    world = World(seed, parts or Parts(), weather)
    engine: Counter[str] = Counter()
    with _logging_into(world.nature, engine):
        report = run(world.live())
    nature = world.nature
    told = world.broker.published
    return Run(seed, report, nature.trace, told, nature.happened, nature.crashed_at, engine, world.outcomes)


class World:
    """Everything there is."""

    def __init__(self, seed: int, parts: Parts, weather: Weather | None = None) -> None:
        self.nature = Nature(seed, weather)
        self.broker = NaturalBroker(self.nature)
        self.outcomes: Counter[str] = Counter()
        self._parts = parts
        self._random = random = self.nature.random
        self._load = Load(_seeded(random), VirtualClock().moment, hot=weather is not None)
        self._publishers = Publishers(self.nature, self.broker, CLAIMS, self._load, random)
        store = NaturalStore(self.nature, self._publishers.poison)
        self._shared = Surface(
            store=store, broker=self.broker, poison=self._publishers.poison, bulk=random.random() < BULKY,
            batch_sizes=(1,) if weather else BATCH_SIZES,
        )  # fmt: skip
        self.broker.bound |= {EVENTS, DEAD, CLAIMS, BULK}
        self.broker.reply_queues.add(REPLIES)
        self.broker.arrived.append(self._learn)
        self._workers: dict[str, Worker] = {}
        self._closing = False

    async def live(self) -> Report:
        """The whole run."""
        asyncio.get_running_loop().set_exception_handler(self._unheard)
        async with asyncio.TaskGroup() as tasks:
            for number in range(self._random.randint(2, 4)):
                tasks.create_task(self._keep_working(f"w{number}"), name=f"slot {number}")
            raging = tasks.create_task(self._rage(), name="rage")
            await self._publishers.publish()
            await self.broker.settled_within(CLAIMS, self._random.choice(RAGES_ON_S))
            await asyncio.sleep(self._random.choice(RAGES_IDLE_S))
            raging.cancel()
            self.nature.raging = False
            self.nature.database_away_until_s = self.nature.broker_away_until_s = 0.0
            if not await self.broker.settled_within(CLAIMS, SETTLED_WITHIN_S):
                self.nature.unexpected.append("claims are left in the queue")
            report = self._report()
            self._closing = True
            for worker in self._workers.values():
                worker.stop.set()
        return report

    async def _keep_working(self, name: str) -> None:
        """A worker, and after its end another one in its place."""
        life = 0
        while not self._closing:
            life += 1
            worker = Worker(f"{name}.{life}", self._shared, self._random, self._parts)
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
            every_s = nature.weather.event_every_s
            await asyncio.sleep(self._random.expovariate(1 / every_s))
            if not self._workers:
                continue
            worker = self._workers[self._random.choice(sorted(self._workers))]
            seconds = self._random.choice(LASTS_SO_LONG) * every_s * self._random.random()
            self._befall(worker, seconds)
            nature.note(f"the world: for {seconds:.3f}, {worker.name}")

    def _befall(self, worker: Worker, seconds: float) -> None:
        """One thing, for a while where it lasts."""
        nature, until_s = self.nature, self.nature.now_s + seconds
        match self._random.choice(("lose", "lose", "crash", "stop", "freeze", "database", "broker", "again")):
            case "lose":
                nature.happened[Kind.LOST_CHANNEL] += 1
                worker.lose_channel()
            case "crash":
                nature.happened[Kind.CRASH_ANY_TIME] += 1
                worker.crash()
            case "stop":
                nature.happened[Kind.STOPPED] += 1
                worker.stop.set()
            case "freeze":
                nature.happened[Kind.FROZEN] += 1
                worker.frozen_until_s = until_s
                if seconds > FADED_LONG_S or nature.tossed():
                    nature.happened[Kind.FADED_CHANNEL] += 1
                    worker.consumer.fade(seconds)
            case "database":
                nature.database_away_until_s = until_s
            case "broker":
                nature.broker_away_until_s = until_s
                for one in self._workers.values():
                    one.lose_channel()
            case _:
                self._publishers.again()

    def _report(self) -> Report:
        sent, poison = self._publishers.sent, self._publishers.poison
        events = self.broker.to(EVENTS)
        bulk = self.broker.to(BULK) if self._shared.bulk else None
        beside = wrong_beside(events, bulk, self.broker.replies, sent)
        return check(
            sent,
            [Received(one.message_id or "", one.routing_key, one.body) for one in events],
            [Parked(one.body, str((one.headers or {})["x-parked-reason"])) for one in self.broker.to(DEAD)],
            tables_of(self._shared.store.state),
            beside=[*self.nature.unexpected, *self.broker.misuse, *beside],
            poisoned=poison.keys(),
        )

    def _learn(self, messages: Sequence[Outgoing]) -> None:
        for one in messages:
            if one.exchange == EVENTS:
                event = json.loads(one.body)
                self._load.learn(event)
                if "claimid" in event:
                    said = event["data"]
                    self.outcomes[f"{said['op']} {said['code']}" if "code" in said else event["type"]] += 1

    def _unheard(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.nature.unexpected.append(f"{context.get('message')}: {context.get('exception') or context.get('task')!r}")


def _seeded(random: Random) -> Random:
    """A chance of its own, so that more or less of the one does not change the other."""
    return Random(random.random())  # noqa: S311 - see Nature


@contextmanager
def _logging_into(nature: Nature, counts: Counter[str]) -> Iterator[None]:
    """What the worker logs is part of the trace."""

    def note(_logger: object, _method: str, fields: MutableMapping[str, Any]) -> str:
        counts[str(fields["event"])] += 1
        nature.trace.append("    " + " ".join(f"{name}={value}" for name, value in fields.items()))
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[note], wrapper_class=structlog.make_filtering_bound_logger("info"))
    try:
        yield
    finally:
        structlog.configure(**before)
