"""Read requests through a session on fakes: answered, refused, settled."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import pytest

from schemas.queries import AnyQuery, ProviderGet
from tests.builders import provider_id
from tests.component.rig import Heartbeats
from tests.fakes.broker import FakeBroker, FakeConsumer, FakeProperties, FakePublisher
from tests.fakes.clock import ManualClock
from tests.fakes.signals import PATIENCE_S, Gate
from worker.engine.ports import Surroundings
from worker.engine.queries import QuerySession
from worker.faults import Conflict, Fault, Outage, ReadRefused
from worker.telemetry import Telemetry

QUERIES = "allocation.queries"
ASKS = {"op": "provider.get", "provider": provider_id(1)}
Body = dict[str, Any]


class Reads:
    """Knows one provider; `gate` holds the first answer, `fault` spoils all."""

    def __init__(self) -> None:
        self.gate: Gate | None = None
        self.fault: Exception | None = None
        self.found: Mapping[str, object] | None = None

    async def answer(self, query: AnyQuery) -> Mapping[str, object]:
        gate, self.gate = self.gate, None
        if gate is not None:
            await gate.passed()
        if self.fault is not None:
            raise self.fault
        if not isinstance(query, ProviderGet) or query.provider != provider_id(1):
            raise ReadRefused("provider_not_found", "There is no such provider.", {"providers": [provider_id(2)]})
        return self.found or {"provider": query.provider}


class Desk:
    """A session of queries on fakes."""

    def __init__(self) -> None:
        self.broker = FakeBroker()
        self.broker.reply_queues.add("me")
        self.consumer = FakeConsumer(self.broker, QUERIES, 4)
        self.publisher = FakePublisher(self.broker)
        self.reads = Reads()
        self.telemetry = Telemetry()
        self.stop = asyncio.Event()
        around = Surroundings(ManualClock(), Random(7), self.telemetry, Heartbeats())  # noqa: S311 - jitter
        self.session = QuerySession(self.consumer, self.reads, self.publisher, around, 4)
        self.fault: Fault | None = None

    def ask(self, body: Body | bytes, reply_to: str | None = "me", correlation_id: str | None = "c") -> None:
        """A query into the queue."""
        whole = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.broker.put(QUERIES, whole, "", FakeProperties(reply_to=reply_to, correlation_id=correlation_id))

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """The session runs until it is told to stop, or ends by itself; `fault` is why."""
        task = asyncio.create_task(self.session.run(self.stop, False, lambda: None))
        yield
        self.stop.set()
        async with asyncio.timeout(PATIENCE_S):
            self.fault = await task
        assert self.broker.misuse == []

    async def settled(self) -> None:
        """Every query is answered and settled."""
        await self.broker.until(lambda: self.broker.is_idle(QUERIES), "all queries are settled")

    @property
    def replies(self) -> list[Body]:
        return [json.loads(one.body) for one in self.broker.replies]


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_a_query_is_answered_to_whom_asked_and_settled(desk: Desk) -> None:
    desk.ask(ASKS)
    async with desk.open():
        await desk.settled()
    assert desk.replies == [{"ok": True, "data": {"provider": provider_id(1)}}]
    (reply,) = desk.broker.replies
    assert (reply.exchange, reply.routing_key, reply.correlation_id) == ("", "me", "c")
    assert desk.fault is None


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"nonsense", "invalid_message"),
        ({"op": "provider.get"}, "invalid_message"),
        ({"op": "nonsense"}, "invalid_message"),
        ({"op": "provider.get", "provider": provider_id(2)}, "provider_not_found"),
    ],
)
async def test_a_query_that_has_no_answer_is_refused_with_its_code(desk: Desk, body: Body | bytes, code: str) -> None:
    desk.ask(body)
    async with desk.open():
        await desk.settled()
    (reply,) = desk.replies
    assert reply["ok"] is False
    assert reply["error"]["code"] == code
    assert reply["error"]["details"]


async def test_a_query_that_wants_no_reply_is_settled_without(desk: Desk) -> None:
    desk.ask(ASKS, reply_to=None)
    desk.ask(ASKS)
    async with desk.open():
        await desk.settled()
    assert len(desk.replies) == 1


async def test_a_reply_that_reaches_nobody_is_counted_and_its_query_settled(desk: Desk) -> None:
    desk.ask(ASKS, reply_to="nobody")
    async with desk.open():
        await desk.settled()
    assert b"allocation_replies_failed_total 1.0" in desk.telemetry.exposition()


@pytest.mark.parametrize("fault", [ZeroDivisionError("a bug"), Conflict("statement timeout, 57014")])
async def test_a_query_that_the_worker_fails_at_is_answered_so_and_harms_no_other(desk: Desk, fault: Exception) -> None:
    desk.reads.fault = fault
    desk.ask(ASKS)
    async with desk.open():
        await desk.settled()
        desk.reads.fault = None
        desk.ask(ASKS)
        await desk.settled()
    failed, answered = desk.replies
    assert failed["error"]["code"] == "internal_error"
    assert answered["ok"] is True


async def test_an_answer_that_cannot_be_encoded_harms_that_query_alone(desk: Desk) -> None:
    desk.reads.found = {"provider": object()}
    desk.ask(ASKS)
    async with desk.open():
        await desk.settled()
    (reply,) = desk.replies
    assert reply["error"]["code"] == "internal_error"
    assert desk.fault is None


async def test_a_slow_query_holds_up_no_other(desk: Desk) -> None:
    gate = desk.reads.gate = Gate()
    desk.ask(ASKS, correlation_id="slow")
    desk.ask(ASKS, correlation_id="quick")
    async with desk.open():
        await gate.reached()
        await desk.broker.until(lambda: len(desk.broker.replies) == 1, "the quick one is answered")
        gate.open()
        await desk.settled()
    assert [one.correlation_id for one in desk.broker.replies] == ["quick", "slow"]


async def test_in_an_outage_the_session_ends_and_the_query_comes_again(desk: Desk) -> None:
    desk.reads.fault = Outage("08006")
    desk.ask(ASKS)
    async with desk.open():
        await desk.broker.until(lambda: "close" in desk.consumer.steps.taken, "the session is over")
    assert isinstance(desk.fault, Outage)
    assert "08006" in str(desk.fault)
    assert desk.consumer.acked == []
    assert desk.broker.queues[QUERIES][0].attempts == 1


async def test_a_lost_channel_ends_the_session(desk: Desk) -> None:
    async with desk.open():
        await desk.broker.until(lambda: desk.consumer.is_open, "consuming")
        desk.consumer.lose()
        await desk.broker.until(lambda: "close" in desk.consumer.steps.taken, "the session is over")
    assert isinstance(desk.fault, Outage)


async def test_when_stopped_the_query_in_hand_is_answered(desk: Desk) -> None:
    gate = desk.reads.gate = Gate()
    desk.ask(ASKS)
    async with desk.open():
        await gate.reached()
        desk.stop.set()
        gate.open()
    assert len(desk.replies) == 1
    assert desk.broker.is_idle(QUERIES)
