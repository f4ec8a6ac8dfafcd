"""`topology` against the real broker."""

import asyncio
import json

import aio_pika
import pytest
from typer.testing import CliRunner, Result

from worker.cli.verbs import app


async def ran(broker_url: str, prefix: str, verb: str) -> Result:
    environment = {"ALLOCATION_BROKER_URL": broker_url, "ALLOCATION_PREFIX": prefix}
    return await asyncio.to_thread(CliRunner().invoke, app, ["topology", verb], env=environment)


async def test_what_is_declared_passes_the_check_however_often(broker_url: str, prefix: str) -> None:
    for _ in range(2):
        declared = await ran(broker_url, prefix, "declare")
        assert (declared.exit_code, declared.stdout) == (0, f"Exchanges and queues of {prefix} are declared.\n")
    assert "rabbitmqctl set_policy" in declared.stderr
    checked = await ran(broker_url, prefix, "check")
    assert (checked.exit_code, checked.stderr) == (0, "")


async def test_what_is_missing_is_told(broker_url: str, prefix: str) -> None:
    checked = await ran(broker_url, prefix, "check")
    assert checked.exit_code == 1
    assert f"Error: Exchange {prefix}.claims is missing." in checked.stderr.splitlines()


async def test_what_differs_is_told_and_left_as_it_is(broker_url: str, prefix: str) -> None:
    async with await aio_pika.connect(broker_url) as connection:
        channel = await connection.channel()
        await channel.declare_queue(f"{prefix}.claims", durable=True)
        checked = await ran(broker_url, prefix, "check")
        assert checked.exit_code == 1
        assert any(line.startswith(f"Error: Queue {prefix}.claims has") for line in checked.stderr.splitlines())
        assert (await channel.declare_queue(f"{prefix}.claims", passive=True)).name == f"{prefix}.claims"


@pytest.mark.parametrize("verb", ["show", "definitions"])
async def test_showing_asks_no_broker(verb: str) -> None:
    result = await ran("", "east", verb)
    assert result.exit_code == 0
    assert "east.claims" in result.stdout


async def test_definitions_are_json_for_the_broker() -> None:
    rendered = json.loads((await ran("", "east", "definitions")).stdout)
    assert {queue["name"] for queue in rendered["queues"]} >= {"east.claims", "east.dead", "east.queries"}
