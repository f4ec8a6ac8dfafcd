"""One worker: the real engine put together on the simulated world, killed and stopped like a process."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tests.fakes.store import FakeStore
from tests.simulation.broker import NaturalBroker, NaturalConsumer, NaturalPublisher
from tests.simulation.clock import VirtualClock
from tests.simulation.kinds import Kind
from tests.simulation.nature import WHOSE
from worker.engine.apply import Route
from worker.engine.failures import Failures
from worker.engine.intake import Incoming
from worker.engine.loop import Engine
from worker.engine.parking import Parking
from worker.engine.ports import Store, Surroundings
from worker.engine.publish import Announcer
from worker.engine.render import Renderer
from worker.engine.replies import Replies
from worker.engine.session import Limits, Session
from worker.messages import Record
from worker.telemetry import Telemetry

CLAIMS, EVENTS, DEAD = "allocation.claims", "allocation.events", "allocation.dead"
BULK = "allocation.events.bulk"
TELEMETRY = Telemetry()
"""One for all: nothing that a worker does depends on what it has counted, and making one takes long."""


class NoPulse:
    """Nobody watches the loops."""

    def beat(self, loop: str) -> None:
        """Nobody is told."""

    def dismiss(self, loop: str) -> None:
        """Nobody is told."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a worker is put together from; a mutant has one of them replaced."""

    store: Callable[[FakeStore], Store] = lambda store: store
    consumer: Callable[[NaturalBroker, str, int], NaturalConsumer] = NaturalConsumer
    announcer: Callable[..., Announcer] = Announcer
    route: Callable[..., Route] = Route
    failures: Callable[..., Failures] = Failures


@dataclass(frozen=True, kw_only=True)
class Surface:
    """What the workers of a run share: the world's two servers, and what is set the same for all.

    `poison`: by claim id, which part of the world breaks on it. `batch_sizes`: of which each worker has one.
    """

    store: FakeStore
    broker: NaturalBroker
    poison: Mapping[str, Kind]
    bulk: bool
    batch_sizes: Sequence[int]


@dataclass(frozen=True, slots=True)
class BreakableRenderer(Renderer):
    """Cannot render the outcomes of some claims: a bug of the engine's own."""

    poison: Mapping[str, Kind]

    def record(self, incoming: Incoming, outcome: Any, now: datetime) -> Record:
        if self.poison.get(incoming.claim) is Kind.POISONED_ENGINE:
            raise LookupError(incoming.claim)
        return Renderer.record(self, incoming, outcome, now)


class Worker:
    """Runs from the moment it is made; `task` ends when it was stopped, killed, or met an error of its own."""

    def __init__(self, name: str, shared: Surface, random: Random, parts: Parts) -> None:
        self.name = name
        self.dead = False
        self.frozen_until_s = 0.0
        self.stop = asyncio.Event()
        self._batch_size_max = random.choice(shared.batch_sizes)
        self.consumer = parts.consumer(shared.broker, CLAIMS, 3 * self._batch_size_max)
        self._publisher = NaturalPublisher(shared.broker)
        engine = self._engine(shared, Random(random.random()), parts)  # noqa: S311 - jitter
        context = copy_context()
        context.run(WHOSE.set, self)
        self.task = asyncio.get_running_loop().create_task(engine.run(self.stop), name=name, context=context)

    def crash(self) -> None:
        """SIGKILL: its connections end, nothing that it does from now on has an effect."""
        if not self.dead:
            self.dead = True
            self.task.cancel()
            self.consumer.vanish()

    def lose_channel(self) -> None:
        """The channel on which it consumes is gone."""
        self.consumer.lose()

    def _engine(self, shared: Surface, random: Random, parts: Parts) -> Engine:
        store = parts.store(shared.store)
        around = Surroundings(VirtualClock(), random, TELEMETRY, NoPulse())
        renderer = BreakableRenderer("/simulation", EVENTS, shared.poison)
        replies = Replies(re.compile(r"^allocation\.replies\."))
        announcer = parts.announcer(
            self._publisher, renderer, Parking(DEAD, CLAIMS, CLAIMS), replies, around,
            bulk_exchange=BULK if shared.bulk else None,
        )  # fmt: skip
        limits = Limits(
            batch_size_max=self._batch_size_max, carries_max=8, conflict_tries_max=5, parked_in_a_row_max=20,
            inbox_keep=timedelta(days=30), sweep_after=timedelta(seconds=2),
        )  # fmt: skip
        route = parts.route(store, renderer, TELEMETRY, limits.carries_max, around.clock.monotonic)
        failures = parts.failures(route, store, around, limits.conflict_tries_max)

        def session() -> Session:
            return Session(
                consumer=self.consumer, store=store, failures=failures, announcer=announcer, around=around,
                limits=limits,
            )  # fmt: skip

        async def prepare() -> None:
            await self._publisher.steps.begin("prepare")

        return Engine(
            session=session, prepare=prepare, store=store, publisher=self._publisher, around=around,
            backoff_s=(0.1, 5.0), role="claims",
        )  # fmt: skip
