"""The verbs a newcomer uses, against a worker that is its own program, on the real servers."""

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from typer.testing import CliRunner, Result

from worker.cli.verbs import app
from worker.telemetry import Log

PATIENCE_S = 30.0


@dataclass(frozen=True)
class Place:
    """A migrated database and a declared topology of the test's own."""

    environment: dict[str, str]

    async def ran(self, *words: str, stdin: str | None = None, port: int = 1) -> Result:
        environment = {**self.environment, "ALLOCATION_HTTP_PORT": str(port), "COLUMNS": "200"}
        return await asyncio.to_thread(CliRunner().invoke, app, list(words), env=environment, input=stdin)

    async def said(self, *words: str, stdin: str | None = None) -> Any:
        """What a verb printed as JSON, having done well."""
        result = await self.ran(*words, "--json", stdin=stdin)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    async def provider(self, total: int) -> str:
        """A provider with so many VCPU."""
        provider = str(uuid4())
        await self.said("claim", "provider.create", f"provider={provider}", f"name=host-{provider}")
        words = (f"provider={provider}", "resource_class=VCPU", f"total={total}")
        await self.said("claim", "inventory.create", *words)
        return provider

    async def set(self, provider: str, consumer: str, amount: int, *more: str) -> Result:
        owner = ("--consumer", consumer, "--project", "p", "--user", "u")
        return await self.ran("claim", "allocation.set", *owner, "--allocate", f"{provider}:VCPU={amount}", *more)

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[tuple[Process, int]]:
        """A worker that listens; its HTTP port. Stopped when left."""
        environment = {**self.environment, "ALLOCATION_HTTP_PORT": "0"}
        words = (sys.executable, "-m", "worker", "run")
        process = await asyncio.create_subprocess_exec(*words, env=environment, stderr=PIPE)
        log = process.stderr
        assert log is not None
        async with asyncio.timeout(PATIENCE_S):
            port = int((await logged(log, Log.HTTP_LISTENING))["port"])
        reading = asyncio.create_task(log.read())
        try:
            yield process, port
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(PATIENCE_S):
                await process.wait()
            await reading


async def logged(log: asyncio.StreamReader, event: Log) -> dict[str, Any]:
    """The first log line with that event."""
    while line := await log.readline():
        fields: dict[str, Any] = json.loads(line)
        if fields["event"] == event:
            return fields
    raise AssertionError(f"The worker ended before it logged {event}.")


@pytest.fixture
async def place(database_url: str, broker_url: str, prefix: str) -> Place:
    one = Place(
        {
            "ALLOCATION_DATABASE_URL": database_url,
            "ALLOCATION_BROKER_URL": broker_url,
            "ALLOCATION_PREFIX": prefix,
        }
    )
    assert (await one.ran("topology", "declare")).exit_code == 0
    return one


async def test_a_claim_is_granted_and_shown(place: Place) -> None:
    async with place.worker():
        provider, consumer = await place.provider(8), str(uuid4())
        granted = await place.set(provider, consumer, 5)
        assert granted.exit_code == 0
        assert "allocation.granted" in granted.stdout
        held = await place.said("query", "allocation.get", f"consumers={consumer}")
    assert held["consumers"][consumer]["allocations"][provider]["resources"] == {"VCPU": 5}


async def test_a_claim_that_is_refused_has_its_numbers_and_exit_code(place: Place) -> None:
    async with place.worker():
        provider = await place.provider(4)
        refused = await place.set(provider, str(uuid4()), 5)
        as_json = await place.set(provider, str(uuid4()), 5, "--json")
    assert (refused.exit_code, as_json.exit_code) == (3, 3)
    assert "rejected: capacity_exceeded" in refused.stdout
    assert json.loads(as_json.stdout)["data"]["details"]["free"] == 4


async def test_a_claim_with_mistakes_is_refused_by_the_worker_as_well(place: Place) -> None:
    async with place.worker():
        refused = await place.ran("claim", "allocation.release", "consumer.id=x", "--no-check")
    assert refused.exit_code == 3
    assert "rejected: invalid_message" in refused.stdout


async def test_an_outcome_comes_however_the_claims_id_is_spelled(place: Place) -> None:
    claim_id = str(uuid4()).replace("-", "").upper()
    async with place.worker():
        outcome = await place.said("claim", "resource_class.create", "name=CUSTOM_ONE", f"claim_id={claim_id}")
    assert outcome["claimid"].replace("-", "").upper() == claim_id


async def test_a_file_of_several_claims_has_the_outcome_of_each(place: Place, tmp_path: Path) -> None:
    ids = [str(uuid4()), str(uuid4())]
    claims: list[dict[str, Any]] = [
        {"op": "trait.ensure", "claim_id": ids[0], "name": "CUSTOM_A"},
        {"op": "trait.delete", "claim_id": ids[1], "name": "CUSTOM_B"},
        {"op": "trait.ensure", "name": "CUSTOM_C"},
    ]
    file = tmp_path / "claims.json"
    file.write_text(json.dumps({"op": "claims.batch", "claims": claims}))
    async with place.worker():
        ran = await place.ran("claim", str(file), "--json")
        shown = await place.ran("claim", "-", stdin=json.dumps({"op": "claims.batch", "claims": claims[:1]}))
    outcomes = json.loads(ran.stdout)
    assert [outcome["type"] for outcome in outcomes] == ["trait.created", "claim.rejected", "trait.created"]
    assert [outcome["claimid"] for outcome in outcomes[:2]] == ids
    assert (ran.exit_code, shown.exit_code) == (3, 0), ran.output + shown.output
    assert "trait.created" in shown.stdout


async def test_the_same_claim_has_the_same_outcome_and_another_under_its_id_is_refused(
    place: Place, tmp_path: Path
) -> None:
    claim = {"op": "resource_class.create", "claim_id": str(uuid4()), "name": "CUSTOM_ONE"}
    file = tmp_path / "claim.json"
    file.write_text(json.dumps(claim))
    async with place.worker():
        first, again = [await place.said("claim", str(file)) for _ in range(2)]
        other = await place.ran("claim", "-", stdin=json.dumps({**claim, "name": "CUSTOM_TWO"}))
        parked = await place.said("dead", "list")
    assert first == again
    assert other.exit_code == 1
    assert "claim_id_reused" in other.stderr
    assert [letter["claim_id"] for letter in parked] == [claim["claim_id"]]


async def test_an_outcome_can_be_asked_for_later(place: Place) -> None:
    late = await place.ran("claim", "resource_class.create", "name=CUSTOM_LATE", "--timeout", "0")
    assert late.exit_code == 4
    question = late.stderr.rsplit("allocation-worker ", 1)[1].split()
    async with place.worker():
        await place.said("claim", "resource_class.ensure", "name=CUSTOM_AFTER")
        outcome = await place.said(*question)
    assert outcome["type"] == "resource_class.created"


async def test_a_query_that_finds_nothing_is_one_sentence(place: Place) -> None:
    async with place.worker():
        asked = await place.ran("query", "provider.get", f"provider={uuid4()}")
    assert asked.exit_code == 1
    assert asked.stderr.startswith("Error: provider_not_found: ")


async def test_a_query_without_a_worker_says_so(place: Place) -> None:
    asked = await place.ran("query", "resource_class.list", "--timeout", "0")
    assert asked.exit_code == 4
    assert "does a worker run" in asked.stderr


async def test_health_is_that_of_the_worker(place: Place) -> None:
    async with place.worker() as (_, port):
        assert (await place.ran("health", port=port)).exit_code == 0
        # an outcome shows that it consumes, so it is ready
        await place.said("claim", "resource_class.ensure", "name=CUSTOM_READY")
        await place.said("query", "resource_class.list")
        assert (await place.ran("health", "--ready", port=port)).exit_code == 0
    assert (await place.ran("health", port=port)).exit_code == 1


async def test_a_worker_stops_when_told_and_leaves_the_tables_sound(place: Place) -> None:
    async with place.worker() as (process, _):
        await place.set(await place.provider(8), str(uuid4()), 3)
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE_S):
            assert await process.wait() == 0
    assert (await place.ran("audit")).exit_code == 0
