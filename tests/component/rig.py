"""A whole engine on fakes."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from random import Random
from typing import Any, Protocol

from prometheus_client.parser import text_string_to_metric_families

from schemas.events import AnyEvent, read_exact_event
from tests.builders import VCPU, claim_id, provider_id
from tests.component.bodies import Body, encoded
from tests.fakes.broker import FakeBroker, FakeConsumer, FakeProperties, FakePublisher
from tests.fakes.clock import ManualClock
from tests.fakes.signals import PATIENCE_S
from tests.fakes.store import FakeStore
from worker.engine.access import Access
from worker.engine.apply import Route
from worker.engine.failures import Failures
from worker.engine.loop import Engine
from worker.engine.parking import Parking
from worker.engine.ports import Surroundings
from worker.engine.publish import Announcer
from worker.engine.render import Renderer
from worker.engine.replies import Replies
from worker.engine.session import Limits, Session
from worker.messages import Outgoing
from worker.placement.snapshot import ConsumerRow, ProviderRow
from worker.telemetry import Telemetry

CLAIMS, EVENTS, DEAD = "allocation.claims", "allocation.events", "allocation.dead"
IN_BULK = "allocation.events.batches"
REPLY_TO = "allocation.replies.me"
BACKOFF_MIN_S, BACKOFF_MAX_S = 0.1, 5.0


class Heartbeats:
    """A pulse whose beats are kept."""

    def __init__(self) -> None:
        self.beats: list[str] = []

    def beat(self, loop: str) -> None:
        self.beats.append(loop)

    def dismiss(self, loop: str) -> None:
        """Nothing to do."""


class Shared(Protocol):
    """What two engines may have in common."""

    clock: ManualClock
    store: FakeStore
    broker: FakeBroker


class Rig:
    """An engine with a consumer and a publisher of its own; store, broker and clock may be shared with another."""

    def __init__(
        self,
        other: "Shared | None" = None,
        *,
        batch_size_max: int = 16,
        carries_max: int = 8,
        parked_max: int = 20,
        slow_s: float = 0.0,
        bulk_exchange: str | None = None,
        access: Access | None = None,
    ) -> None:
        self._bulk_exchange = bulk_exchange
        self._access = access
        self.clock: ManualClock = other.clock if other else ManualClock()
        self.store: FakeStore = other.store if other else FakeStore(self.clock)
        self.broker: FakeBroker = other.broker if other else FakeBroker()
        self.broker.bound |= {EVENTS, DEAD, CLAIMS}
        self.broker.reply_queues.add(REPLY_TO)
        self.consumer = FakeConsumer(self.broker, CLAIMS, 3 * batch_size_max)
        self.publisher = FakePublisher(self.broker)
        self.telemetry = Telemetry()
        self._slow_s = slow_s
        self.stop = asyncio.Event()
        self._limits = Limits(
            batch_size_max=batch_size_max, carries_max=carries_max, conflict_tries_max=5,
            parked_in_a_row_max=parked_max, inbox_keep=timedelta(days=30), sweep_after=timedelta(minutes=5),
        )  # fmt: skip
        self.pulse = Heartbeats()
        self.around = Surroundings(self.clock, Random(7), self.telemetry, self.pulse)  # noqa: S311 - jitter
        self.engine = self._engine(self.around)
        self._task: asyncio.Task[None] | None = None

    def _engine(self, around: Surroundings) -> Engine:
        renderer = Renderer("/test", EVENTS)
        replies = Replies(re.compile(r"^(amq\.|allocation\.replies\.)"), self._access)
        parking = Parking(DEAD, CLAIMS, CLAIMS, self._access)
        announcer = Announcer(self.publisher, renderer, parking, replies, around, bulk_exchange=self._bulk_exchange)
        carries_max = self._limits.carries_max
        route = Route(self.store, renderer, self.telemetry, carries_max, self._later, access=self._access)
        self.route = route
        failures = Failures(route, self.store, around, self._limits.conflict_tries_max)

        def session() -> Session:
            return Session(
                consumer=self.consumer, store=self.store, failures=failures, announcer=announcer, around=around,
                limits=self._limits,
            )  # fmt: skip

        async def prepare() -> None:
            await self.publisher.steps.begin("prepare")

        return Engine(
            session=session, prepare=prepare, store=self.store, publisher=self.publisher, around=around,
            backoff_s=(BACKOFF_MIN_S, BACKOFF_MAX_S), role="claims",
        )  # fmt: skip

    def _later(self) -> float:
        """Each look at the time takes `slow_s`."""
        self.clock.advance(self._slow_s)
        return self.clock.monotonic()

    def seed(self, *rows: ProviderRow | ConsumerRow) -> None:
        """Rows that are there before anything happens; their numbers are below 1000."""
        self.store.seed(rows)

    def send(self, *bodies: Body, **properties: Any) -> None:
        """Claims, each under its op."""
        for body in bodies:
            self.send_bytes(encoded(body), str(body["op"]), **properties)

    def send_bytes(self, body: bytes, routing_key: str = "allocation.set", **properties: Any) -> None:
        """Any message."""
        self.broker.put(CLAIMS, body, routing_key, FakeProperties(**properties))

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """The engine runs; at the end it is told to stop, and has stopped."""
        self._task = asyncio.create_task(self.engine.run(self.stop))
        self._task.add_done_callback(lambda _: self.broker.changed())
        yield
        self.stop.set()
        async with asyncio.timeout(PATIENCE_S):
            await self._task
        assert self.broker.misuse == []
        assert self.metric("allocation_in_flight") == 0

    async def settled(self) -> None:
        """Every message that was sent is settled."""
        await self.broker.until(lambda: self._crashed or self.broker.is_idle(CLAIMS), "all claims are settled")

    async def is_waiting_out(self) -> None:
        """The session is over and the next probe is a backoff away."""
        await self.clock.until(lambda: self._crashed or self.clock.waits_for(self.stop), "the engine waits to probe")

    async def resume(self) -> None:
        """The next probe is made."""
        await self.is_waiting_out()
        self.clock.advance(BACKOFF_MAX_S)

    async def run(self, *bodies: Body, **properties: Any) -> None:
        """All of it sent, decided and settled by an engine that then stops."""
        self.send(*bodies, **properties)
        async with self.working():
            await self.settled()

    def raise_if_crashed(self) -> None:
        """What ended the engine, if it ended."""
        if self._task is not None and self._task.done():
            self._task.result()

    @property
    def _crashed(self) -> bool:
        return self._task is not None and self._task.done()

    @property
    def events(self) -> list[AnyEvent]:
        """All events published, each held to its schema."""
        return [read_exact_event(one.body) for one in self.broker.to(EVENTS)]

    @property
    def dead(self) -> list[Outgoing]:
        """All parked messages."""
        return self.broker.to(DEAD)

    def bodies_of(self, number: int) -> list[bytes]:
        """The outcome events of a claim, as often as they were published."""
        return [one.body for one in self.broker.to(EVENTS) if json.loads(one.body).get("claimid") == claim_id(number)]

    def told(self, number: int) -> dict[str, Any]:
        """The outcome of a claim, the same however often it was published."""
        (body,) = set(self.bodies_of(number))
        shown: dict[str, Any] = json.loads(body)
        return shown

    def code(self, number: int) -> str:
        """Why a claim was refused, or the type of its outcome."""
        outcome = self.told(number)
        return str(outcome["data"].get("code", outcome["type"]))

    def codes(self, numbers: Iterable[int]) -> list[str]:
        """`code` of each."""
        return [self.code(number) for number in numbers]

    def order(self) -> list[int]:
        """The numbers of the claims, in the order in which their outcomes were first published."""
        told = [json.loads(one.body).get("claimid") for one in self.broker.to(EVENTS)]
        return [int(one[-12:], 16) for one in dict.fromkeys(told) if one]

    def used(self, number: int) -> int:
        """The counter of a provider's VCPU."""
        row = self.store.state.provider(provider_id(number))
        assert row is not None
        return row.inventories[VCPU].used

    def metric(self, name: str, **labels: str) -> float:
        """A sample of the exposition; 0 where there is none yet."""
        families = text_string_to_metric_families(self.telemetry.exposition().decode())
        samples = (sample for family in families for sample in family.samples)
        return next((one.value for one in samples if one.name == name and one.labels == labels), 0.0)
