"""`dead` against the real broker."""

import asyncio
import json
from collections.abc import AsyncIterator

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel
from typer.testing import CliRunner, Result

from schemas.parked import ParkedHeader
from worker.cli.verbs import app

CLAIM = "00000000-0000-0000-0000-00000000000a"
BODIES = {b'{"claim_id": "%s"}' % CLAIM.encode(): "poison", b"\x1b[2J no json \xff": "not_utf8"}


@pytest.fixture
async def channel(broker_url: str, prefix: str) -> AsyncIterator[AbstractChannel]:
    """A broker with the topology and two parked messages."""
    await ran(broker_url, prefix, "topology", "declare")
    async with await aio_pika.connect(broker_url) as connection:
        one = await connection.channel()
        exchange = await one.get_exchange(f"{prefix}.dead")
        for body, reason in BODIES.items():
            headers = {ParkedHeader.REASON.value: reason, ParkedHeader.ROUTING_KEY.value: "allocation.set"}
            await exchange.publish(aio_pika.Message(body, headers=dict(headers)), "allocation.set")
        yield one


async def ran(broker_url: str, prefix: str, *words: str, stdin: str | None = None) -> Result:
    environment = {"ALLOCATION_BROKER_URL": broker_url, "ALLOCATION_PREFIX": prefix, "COLUMNS": "200"}
    return await asyncio.to_thread(CliRunner().invoke, app, list(words), env=environment, input=stdin)


async def parked(broker_url: str, prefix: str) -> list[str]:
    """Reasons of what is parked."""
    listed = await ran(broker_url, prefix, "dead", "list", "--json")
    assert listed.exit_code == 0
    return [letter["reason"] for letter in json.loads(listed.stdout)]


async def test_parked_messages_are_listed_and_stay(broker_url: str, prefix: str, channel: AbstractChannel) -> None:
    listed = await ran(broker_url, prefix, "dead", "list")
    assert listed.exit_code == 0
    assert all(word in listed.stdout for word in ("poison", "not_utf8", CLAIM, "allocation.set"))
    assert await parked(broker_url, prefix) == ["poison", "not_utf8"]


async def test_one_is_shown_whole(broker_url: str, prefix: str, channel: AbstractChannel) -> None:
    listed = json.loads((await ran(broker_url, prefix, "dead", "list", "--json")).stdout)
    shown = await ran(broker_url, prefix, "dead", "show", listed[1]["letter"])
    assert shown.exit_code == 0
    assert "\\x1b[2J no json \\xff" in shown.stdout
    assert "x-parked-reason" in shown.stdout


async def test_one_that_is_not_there_is_told(broker_url: str, prefix: str, channel: AbstractChannel) -> None:
    shown = await ran(broker_url, prefix, "dead", "show", "abc")
    assert (shown.exit_code, shown.stderr) == (1, "Error: None of the first 100 parked messages is abc.\n")


async def test_the_chosen_one_goes_back_to_the_claims(broker_url: str, prefix: str, channel: AbstractChannel) -> None:
    replayed = await ran(broker_url, prefix, "dead", "replay", CLAIM)
    assert (replayed.exit_code, replayed.stdout) == (0, "1 message sent back.\n")
    claim = await (await channel.get_queue(f"{prefix}.claims")).get(no_ack=True)
    assert (claim.body, claim.routing_key) == (next(iter(BODIES)), "allocation.set")
    assert await parked(broker_url, prefix) == ["not_utf8"]


async def test_those_of_a_reason_are_dropped(broker_url: str, prefix: str, channel: AbstractChannel) -> None:
    dropped = await ran(broker_url, prefix, "dead", "drop", "--reason", "not_utf8", "--yes")
    assert (dropped.exit_code, dropped.stdout) == (0, "1 message dropped.\n")
    assert await parked(broker_url, prefix) == ["poison"]


async def test_dropping_asks_first(broker_url: str, prefix: str, channel: AbstractChannel) -> None:
    assert (await ran(broker_url, prefix, "dead", "drop", "--all", stdin="n\n")).exit_code == 1
    assert await parked(broker_url, prefix) == ["poison", "not_utf8"]
    assert (await ran(broker_url, prefix, "dead", "drop", "--all", stdin="y\n")).exit_code == 0
    assert await parked(broker_url, prefix) == []


async def test_nothing_is_sent_back_or_dropped_without_a_choice(broker_url: str, prefix: str) -> None:
    for verb in ("replay", "drop"):
        result = await ran(broker_url, prefix, "dead", verb)
        assert (result.exit_code, result.stderr) == (2, "Error: Say which: letters, claim ids, --reason or --all.\n")


async def test_choosing_nothing_that_is_there_fails(broker_url: str, prefix: str, channel: AbstractChannel) -> None:
    replayed = await ran(broker_url, prefix, "dead", "replay", "--reason", "too_large")
    assert (replayed.exit_code, replayed.stdout) == (1, "0 messages sent back.\n")


async def test_without_the_topology_it_is_one_sentence(broker_url: str, prefix: str) -> None:
    listed = await ran(broker_url, prefix, "dead", "list")
    assert listed.exit_code == 1
    assert len(listed.stderr.splitlines()) == 1
    assert f"{prefix}.dead" in listed.stderr
