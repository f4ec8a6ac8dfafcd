"""Bad queries on the real servers: each is answered with what is wrong with it, good ones go through."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final

import aiormq
import pytest
from aiormq.abc import AbstractChannel, DeliveredMessage
from pamqp.commands import Basic

from tests.e2e.nasty import NUMBERS, UNSTORABLE, number_paths, text_paths, unreadable, with_value
from tests.e2e.worker_process import WorkerProcess, worker
from tests.fuzz.said import assert_json_line, assert_plain, strictly
from tests.fuzz.seeds import NASTY_TEXTS
from tests.unit.schemas.examples import QUERIES

ANSWERED_S: Final = 60.0
GOOD: Final = json.dumps({"op": "trait.list", "prefix": "HW_CPU_X86_AVX2"}).encode()


@pytest.fixture
async def running(database_url: str, broker_url: str, prefix: str, tmp_path: Path) -> AsyncIterator[WorkerProcess]:
    """A worker that takes queries, and says when it is there."""
    role = {"ALLOCATION_ROLE": "both"}
    async with worker(database_url, broker_url, prefix, tmp_path / "worker.log", role) as process:
        yield process


@pytest.fixture
async def channel(running: WorkerProcess, broker_url: str) -> AsyncIterator[AbstractChannel]:
    """A channel that sends properties as they are given."""
    connection = await aiormq.connect(broker_url)
    yield await connection.channel()
    await connection.close()


def wrong() -> Iterator[bytes]:
    """Queries that break the contract, one field at a time."""
    for query in QUERIES:
        for path in text_paths(query):
            yield from (_asking(query, path, json.dumps(text)) for text in UNSTORABLE)
        for path in number_paths(query):
            yield from (_asking(query, path, number) for number in NUMBERS)
        yield json.dumps({**query, "\x1b[2J\u202e": 1}).encode()
    yield from (json.dumps({"op": text}).encode() for text in (*NASTY_TEXTS, "", "\ud800"))
    yield from (one.body for one in unreadable())


def hostile() -> Iterator[bytes]:
    """Queries with text that would act somewhere else."""
    for query in QUERIES:
        for path in text_paths(query):
            yield from (_asking(query, path, json.dumps(text)) for text in NASTY_TEXTS)


def _asking(query: dict[str, Any], path: tuple[Any, ...], value: str) -> bytes:
    """With a value in a place; queries have no id, but for the one that asks for a claim's."""
    raw, claim_id = with_value(query, path, value)
    return raw if "claim_id" in query else raw.replace(f', "claim_id": "{claim_id}"'.encode(), b"")


async def answers(channel: AbstractChannel, prefix: str, bodies: list[bytes]) -> list[dict[str, Any]]:
    """The answer to each, in order."""
    found: dict[str, dict[str, Any]] = {}
    arrived = asyncio.Event()

    async def hear(message: DeliveredMessage) -> None:
        found[str(message.header.properties.correlation_id)] = strictly(message.body)
        arrived.set()

    queue = (await channel.queue_declare(exclusive=True)).queue or ""
    await channel.basic_consume(queue, hear, no_ack=True)
    for number, body in enumerate(bodies):
        properties = Basic.Properties(reply_to=queue, correlation_id=str(number))
        await channel.basic_publish(body, routing_key=f"{prefix}.queries", properties=properties)
    async with asyncio.timeout(ANSWERED_S):
        while len(found) < len(bodies):
            arrived.clear()
            await arrived.wait()
    return [found[str(number)] for number in range(len(bodies))]


async def test_every_bad_query_is_told_what_is_wrong_and_good_ones_are_answered(
    running: WorkerProcess, channel: AbstractChannel, prefix: str
) -> None:
    bad = list(wrong())
    told = await answers(channel, prefix, [body for one in bad for body in (one, GOOD)])
    assert len(bad) > 200
    assert {(one["ok"], *one["data"]["names"][:1]) for one in told[1::2]} == {(True, "HW_CPU_X86_AVX2")}
    refused = {
        body: one["error"]["code"] for body, one in zip(bad, (one for one in told[::2]), strict=True) if not one["ok"]
    }
    assert [body for body in bad if refused.get(body) != "invalid_message"] == []
    for one in told[::2]:
        assert_plain(one["error"]["message"])


async def test_hostile_text_in_queries_finds_nothing_and_does_nothing(
    running: WorkerProcess, channel: AbstractChannel, prefix: str
) -> None:
    asked = list(hostile())
    told = await answers(channel, prefix, asked)
    failed = [
        (body, one)
        for body, one in zip(asked, told, strict=True)
        if not one["ok"] and one["error"]["code"] == "internal_error"
    ]
    assert failed == []
    for reply_to in (None, "\x00", "amq.gen-nobody", "\x1b[2J" * 60):
        await channel.basic_publish(
            GOOD, routing_key=f"{prefix}.queries", properties=Basic.Properties(reply_to=reply_to)
        )
    assert (await answers(channel, prefix, [GOOD]))[0]["ok"]
    lines = running.log().splitlines()
    for line in lines:
        assert_json_line(line)
    assert [line for line in lines if "query_failed" in line and "there is no reply_to" not in line] == []
    assert sum('"consuming"' in line for line in lines) == 1
    assert not any("outage_began" in line for line in lines)
