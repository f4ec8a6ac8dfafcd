"""Placing, searching and reshaping from the command line, against a worker on the real servers."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from uuid import uuid4

import pytest
from typer.testing import CliRunner, Result

from tests.e2e.worker_process import worker
from worker.cli.verbs import app

Ran = Callable[..., Awaitable[Result]]
OWNER = ("--project", "p", "--user", "u")


@pytest.fixture
async def ran(database_url: str, broker_url: str, prefix: str, tmp_path: Path) -> AsyncIterator[Ran]:
    """Runs a verb beside a worker."""
    environment = {"ALLOCATION_BROKER_URL": broker_url, "ALLOCATION_PREFIX": prefix, "COLUMNS": "250"}

    async def run(*words: object) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, app, list(map(str, words)), env=environment)

    async with worker(database_url, broker_url, prefix, tmp_path / "worker.log", {"ALLOCATION_ROLE": "both"}):
        yield run


async def declared(ran: Ran, vcpu: int) -> str:
    """A provider with so much of it."""
    provider = str(uuid4())
    fields = (f"provider={provider}", f"name={provider}", "traits=[]", "aggregates=[]")
    inventories = json.dumps({"VCPU": {"total": vcpu}} if vcpu else {})
    result = await ran("claim", "provider.declare", *fields, f"inventories={inventories}")
    assert result.exit_code == 0, result.output
    return provider


async def test_what_is_asked_for_in_flags_is_placed_and_listed_before(ran: Ran) -> None:
    provider = await declared(ran, 8)
    asked = ("--resources", "VCPU=4", "--resources", "_one:VCPU=2", "--strategy", "pack")
    listed = await ran("query", "candidates.list", *asked, "request.limit=3")
    granted = await ran("claim", "allocation.place", "--consumer", uuid4(), *OWNER, *asked)
    assert (listed.exit_code, granted.exit_code) == (0, 0), listed.output + granted.output
    assert f"│ {provider} │ (unnamed), _one │ VCPU: 6 │" in " ".join(listed.stdout.split())
    assert f"{provider}: (VCPU: 6)" in granted.stdout


async def test_no_place_is_explained_by_the_refusal_and_by_the_query(ran: Ran) -> None:
    provider = await declared(ran, 8)
    asked = ("--resources", "VCPU=9")
    refused = await ran("claim", "allocation.place", "--consumer", uuid4(), *OWNER, *asked)
    explained = await ran("query", "candidates.explain", *asked)
    assert (refused.exit_code, explained.exit_code) == (3, 0), refused.output + explained.output
    assert "rejected: no_candidates" in refused.stdout
    for told in (refused.stdout, explained.stdout):
        rows = [" ".join(line.split()) for line in told.splitlines()]
        assert "│ capacity │ VCPU │ 0 │" in rows
        assert f"│ (unnamed) │ {provider} │ VCPU │ 9 │ 8 │ 0 │ 8 │ 1 │" in rows


async def test_a_draining_provider_is_passed_by(ran: Ran) -> None:
    provider = await declared(ran, 8)
    drained = await ran("claim", "provider.set_state", f"provider={provider}", "state=draining")
    explained = await ran("query", "candidates.explain", "--resources", "VCPU=1")
    assert (drained.exit_code, explained.exit_code) == (0, 0), drained.output + explained.output
    assert "provider.state_changed" in drained.stdout
    assert "│ enabled │ │ 0 │" in " ".join(explained.stdout.split())


async def test_a_reshape_in_a_file_moves_an_inventory(ran: Ran, tmp_path: Path) -> None:
    source, target, consumer = await declared(ran, 8), await declared(ran, 0), str(uuid4())
    held = ("--consumer", consumer, *OWNER, "--allocate", f"{source}:VCPU=5")
    assert (await ran("claim", "allocation.set", *held)).exit_code == 0
    reshape = {
        "op": "provider.reshape",
        "inventories": {
            source: {"generation": 1, "inventories": {}},
            target: {"generation": 0, "inventories": {"VCPU": {"total": 8}}},
        },
        "allocations": [
            {"consumer": {"id": consumer, "project": "p", "user": "u"}, "allocations": {target: {"VCPU": 5}}}
        ],
    }
    file = tmp_path / "reshape.json"
    file.write_text(json.dumps(reshape))
    reshaped = await ran("claim", file)
    assert reshaped.exit_code == 0, reshaped.output
    assert "provider.reshaped" in reshaped.stdout
    usage = await ran("query", "usage.provider", f"providers={source},{target}", "--json")
    found = {provider: one["usages"] for provider, one in json.loads(usage.stdout)["providers"].items()}
    assert found == {source: {}, target: {"VCPU": 5}}
