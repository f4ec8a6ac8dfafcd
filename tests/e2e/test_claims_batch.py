"""Many claims in one message, and events in bulk, through real servers."""

import asyncio
import json
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import aio_pika

from schemas.batch import read_events
from tests.e2e.claims import Body, declare, new_id, take
from tests.e2e.publishing import OUTCOME_S, side
from tests.e2e.worker_process import worker

SMALL = {"ALLOCATION_BATCH_SIZE_MAX": "16"}
IN_BULK = {**SMALL, "ALLOCATION_EVENTS_IN_BULK": "true"}


def together(*claims: object) -> Body:
    """One message of these."""
    return {"op": "claims.batch", "claims": list(claims)}


async def test_each_claim_of_a_message_has_its_outcome_and_a_malformed_one_harms_none(
    database_url: str, broker_url: str, prefix: str, tmp_path: Path, audited: Callable[[], Awaitable[None]]
) -> None:
    provider = new_id()
    claims = [take(provider) for _ in range(100)]
    async with (
        worker(database_url, broker_url, prefix, tmp_path / "log", SMALL) as running,
        side(broker_url, prefix) as heard,
    ):
        await heard.ask(declare(provider, 1_000))
        malformed = {"op": "allocation.set", "allocations": {}}
        await heard.send(together(*claims[:50], malformed, *claims[50:]), correlation_id="mine", message_id="one")
        await heard.all_decided([claim["claim_id"] for claim in claims])
        letter = await heard.parked()
        running.signal(signal.SIGTERM)
        assert await running.ended() == 0
        outcomes = [heard.outcomes[claim["claim_id"]] for claim in claims]
    assert {outcome["type"] for outcome in outcomes} == {"allocation.granted"}
    generations = [outcome["data"]["providers"][provider]["generation"] for outcome in outcomes]
    assert generations == sorted(generations)
    assert json.loads(letter.body) == malformed
    assert (letter.routing_key, letter.correlation_id) == ("allocation.set", "mine")
    assert letter.headers["x-parked-reason"] == "no_claim_id"
    assert str(letter.headers["x-parked-detail"]).startswith("claim 51 of 101 of a claims.batch 'one': ")
    assert await _left(broker_url, f"{prefix}.claims") == 0
    await audited()


async def test_a_worker_killed_within_a_message_leaves_the_rest_to_the_next_and_doubles_nothing(
    database_url: str, broker_url: str, prefix: str, tmp_path: Path, audited: Callable[[], Awaitable[None]]
) -> None:
    provider = new_id()
    claims = [take(provider) for _ in range(256)]
    async with (
        worker(database_url, broker_url, prefix, tmp_path / "first", {"ALLOCATION_BATCH_SIZE_MAX": "4"}) as first,
        side(broker_url, prefix) as heard,
    ):
        await heard.ask(declare(provider, 1_000))
        await heard.send(together(*claims))
        await heard.outcome(claims[0]["claim_id"])
        await first.kill()
        async with worker(database_url, broker_url, prefix, tmp_path / "second", SMALL):
            await heard.all_decided([claim["claim_id"] for claim in claims])
        granted = [heard.outcomes[claim["claim_id"]] for claim in claims]
        heard.assert_no_event_in_two_versions()
    used = [one["data"]["providers"][provider]["inventories"]["VCPU"]["used"] for one in granted]
    assert used == list(range(1, 257))
    await audited()


async def test_events_in_bulk_are_those_that_came_singly(
    database_url: str, broker_url: str, prefix: str, tmp_path: Path
) -> None:
    provider = new_id()
    claims = [take(provider) for _ in range(100)]
    async with (
        worker(database_url, broker_url, prefix, tmp_path / "log", IN_BULK),
        await aio_pika.connect(broker_url) as connection,
        side(broker_url, prefix) as heard,
    ):
        channel = await connection.channel()
        queue = await channel.declare_queue(f"{prefix}.bulk", exclusive=True)
        await queue.bind(f"{prefix}.events.batches", "#")
        await heard.send(together(declare(provider, 1_000), *claims))
        await heard.all_decided([claim["claim_id"] for claim in claims])
        bodies: list[bytes] = []
        messages = 0
        async with asyncio.timeout(OUTCOME_S), queue.iterator() as bulk:
            while sum(len(read_events(b"[%s]" % body)) for body in bodies) < len(heard.events):
                message = await anext(bulk)
                assert message.content_type == "application/cloudevents-batch+json"
                messages += 1
                bodies.append(message.body[1:-1])
        singly = [body for one in heard.bodies.values() for body in one]
    assert b",".join(bodies) == b",".join(singly)
    assert 1 < messages < len(singly) / 4


async def _left(broker_url: str, name: str) -> int:
    """How many messages are in the queue, settled by nobody."""
    async with await aio_pika.connect(broker_url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(name, passive=True)
        return int(queue.declaration_result.message_count or 0)
