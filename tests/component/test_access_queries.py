"""What the access policy lets a user ask, and what it leaves of the answers."""

import asyncio
import json
import re
from collections.abc import Mapping
from random import Random
from typing import Any

import pytest

from schemas.queries import AllocationGet, AnyQuery, ClaimGet
from tests.builders import claim_id, consumer_id, provider_id
from tests.component.rig import Heartbeats
from tests.fakes.broker import FakeBroker, FakeConsumer, FakeProperties, FakePublisher
from tests.fakes.clock import ManualClock
from tests.fakes.signals import PATIENCE_S
from worker.engine.access import Access
from worker.engine.ports import Surroundings
from worker.engine.queries import QuerySession
from worker.engine.replies import Replies
from worker.engine.seen import no_outcome
from worker.placement.permissions import Names, Rule, permissions
from worker.telemetry import Telemetry

QUERIES = "allocation.queries"
ME = "allocation.replies.me"
REPLIES = Replies(re.compile(r"amq\.|allocation\.replies\."))
ALL = frozenset({"allocation.get", "usage.project", "claim.get"})
ACCESS = Access(
    permissions(
        [
            Rule(Names(frozenset({"ann"})), ALL, Names(frozenset({"blue"}))),
            Rule(Names(frozenset({"root"})), ALL | {"provider.get"}),
        ]
    )
)
GRANTED = {"type": "allocation.granted", "data": {"changed": True, "consumers": [{"project": "blue"}]}}
MIXED = {"type": "allocation.granted", "data": {"consumers": [{"project": "blue"}, {"project": "red"}]}}
CUT = {"type": "allocation.granted", "data": {"truncated": True, "ids": {}, "counts": {"consumers": 300}}}
FULL = {"type": "claim.rejected", "data": {"code": "capacity_exceeded", "details": {"free": 3}}}
REFUSED = {"type": "claim.rejected", "data": {"code": "not_permitted", "details": {"user": "ann", "project": "red"}}}
OUTCOMES: Mapping[str, dict[str, Any]] = {
    claim_id(at): outcome for at, outcome in enumerate([GRANTED, MIXED, CUT, FULL, REFUSED], 1)
}
HOLDERS: Mapping[str, dict[str, str]] = {consumer_id(1): {"project": "blue"}, consumer_id(2): {"project": "red"}}


class Reads:
    """Knows the outcomes and holders above, and counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def answer(self, query: AnyQuery) -> Mapping[str, object]:
        self.asked.append(query.op)
        match query:
            case ClaimGet(claim_id=claim):
                if claim not in OUTCOMES:
                    raise no_outcome(claim)
                return OUTCOMES[claim]
            case AllocationGet(consumers=consumers):
                return {"consumers": {one: HOLDERS[one] for one in consumers if one in HOLDERS}}
            case _:
                return {"usages": {}}


async def asked(user: str | None, reads: Reads | None = None, **query: Any) -> dict[str, Any]:
    """The whole reply to one query of that user."""
    (told,) = await replies_to(ME, user, reads, **query)
    return told


async def replies_to(queue: str, user: str | None, reads: Reads | None = None, **query: Any) -> list[dict[str, Any]]:
    """What one query that is to be answered to that queue brings into it."""
    broker = FakeBroker()
    broker.reply_queues.add(queue)
    around = Surroundings(ManualClock(), Random(7), Telemetry(), Heartbeats())  # noqa: S311 - jitter
    consumer, publisher = FakeConsumer(broker, QUERIES, 4), FakePublisher(broker)
    session = QuerySession(consumer, reads or Reads(), publisher, around, 4, access=ACCESS, replies=REPLIES)
    stop = asyncio.Event()
    broker.put(QUERIES, json.dumps(query).encode(), "", FakeProperties(reply_to=queue, user_id=user))
    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as tasks:
        tasks.create_task(session.run(stop, False, lambda: None))
        await broker.until(lambda: broker.is_idle(QUERIES), "the query is settled")
        stop.set()
    return [json.loads(reply.body) for reply in broker.replies]


@pytest.mark.parametrize("queue", ["allocation.claims", "allocation.dead", "my.allocation.replies.x", "x\namq."])
async def test_a_query_does_not_make_the_worker_write_into_whatever_queue_it_names(queue: str) -> None:
    query: dict[str, Any] = {"op": "provider.get", "provider": provider_id(1)}
    assert await replies_to(queue, "root", **query) == []
    assert len(await replies_to(ME, "root", **query)) == 1


@pytest.mark.parametrize("user", [None, "mallory", "ann"])
async def test_a_query_that_is_not_permitted_is_refused_before_anything_is_read(user: str | None) -> None:
    reads = Reads()
    told = await asked(user, reads, op="provider.get", provider=provider_id(1))
    assert told["error"]["code"] == "not_permitted"
    assert told["error"]["details"] == {"user": user, "op": "provider.get", "project": None}
    assert reads.asked == []


async def test_the_usage_of_a_project_is_told_to_those_of_the_project() -> None:
    assert (await asked("ann", op="usage.project", project="blue"))["ok"]
    assert (await asked("root", op="usage.project", project="red"))["ok"]
    told = await asked("ann", op="usage.project", project="red")
    assert told["error"]["details"] == {"user": "ann", "op": "usage.project", "project": "red"}


async def test_consumers_of_other_projects_are_left_out_as_if_they_held_nothing() -> None:
    query: dict[str, Any] = {"op": "allocation.get", "consumers": [consumer_id(1), consumer_id(2), consumer_id(3)]}
    assert (await asked("ann", **query))["data"]["consumers"].keys() == {consumer_id(1)}
    assert (await asked("root", **query))["data"]["consumers"].keys() == {consumer_id(1), consumer_id(2)}


@pytest.mark.parametrize(("number", "may"), [(1, True), (2, False), (3, False), (4, False), (5, True)])
async def test_an_outcome_is_told_to_those_of_every_project_in_it_and_a_refusal_to_whom_it_met(
    number: int, may: bool
) -> None:
    told = await asked("ann", op="claim.get", claim_id=claim_id(number))
    assert told["ok"] is may
    assert (await asked("root", op="claim.get", claim_id=claim_id(number)))["data"] == OUTCOMES[claim_id(number)]


async def test_an_outcome_that_may_not_be_seen_looks_like_one_that_is_not_there() -> None:
    hidden = await asked("ann", op="claim.get", claim_id=claim_id(2))
    missing = await asked("ann", op="claim.get", claim_id=claim_id(9))
    assert json.loads(json.dumps(hidden).replace(claim_id(2), claim_id(9))) == missing
