"""Nothing lost and nothing doubled, whatever is killed and whatever goes away, on the real servers."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
from sqlalchemy.engine import make_url

from deploy.local import Stack
from tests.e2e.claims import declare, new_id, take
from tests.e2e.proxy import proxy_to
from tests.e2e.publishing import Side, side
from tests.e2e.worker_process import WorkerProcess, worker

Audited = Callable[[], Awaitable[None]]
Count = Callable[[str], Awaitable[int]]

CLAIMS = 300
ALARM, NO_ALARM = "0.000001", "0.4"


async def _until(count: Count, table: str, rows: int) -> None:
    async with asyncio.timeout(30):
        while await count(table) < rows:  # noqa: ASYNC110 - the database tells nobody of a commit
            await asyncio.sleep(0.05)


async def _granted_once_each(heard: Side, claims: list[dict[str, object]], audited: Audited, count: Count) -> None:
    ids = [str(claim["claim_id"]) for claim in claims]
    await heard.all_decided(ids)
    assert {heard.outcomes[one]["type"] for one in ids} == {"allocation.granted"}
    heard.assert_no_event_in_two_versions()
    assert await count("consumers") == len(claims)
    await audited()


async def test_a_worker_killed_between_commit_and_publish_loses_nothing(
    stack: Stack, database_url: str, broker_url: str, prefix: str, tmp_path: Path, audited: Audited, count: Count
) -> None:
    provider = new_id()
    claims = [take(provider) for _ in range(CLAIMS)]
    async with (
        worker(database_url, broker_url, prefix, tmp_path / "first.log") as first,
        side(broker_url, prefix) as heard,
    ):
        await heard.ask(declare(provider, CLAIMS))
        first.signal(signal.SIGSTOP)
        await heard.send_all(claims)
        stack.rabbit.ctl("set_vm_memory_high_watermark", ALARM)
        try:
            first.signal(signal.SIGCONT)
            await _until(count, "consumers", 1)
            await first.kill()
            assert not heard.outcomes.keys() & {claim["claim_id"] for claim in claims}
            committed = await count("consumers")
        finally:
            stack.rabbit.ctl("set_vm_memory_high_watermark", NO_ALARM)
        assert committed > 0
        async with worker(database_url, broker_url, prefix, tmp_path / "second.log"):
            await _granted_once_each(heard, claims, audited, count)


async def test_a_worker_killed_between_publish_and_ack_doubles_nothing(
    database_url: str, broker_url: str, prefix: str, tmp_path: Path, audited: Audited, count: Count
) -> None:
    provider = new_id()
    claims = [take(provider) for _ in range(CLAIMS)]
    async with (
        proxy_to(broker_url) as (proxy, proxied_url),
        worker(database_url, proxied_url, prefix, tmp_path / "first.log") as first,
        side(broker_url, prefix) as heard,
    ):
        await heard.ask(declare(provider, CLAIMS))
        proxy.mute("consumer of")
        await heard.send_all(claims)
        await heard.all_decided([claim["claim_id"] for claim in claims])
        await asyncio.wait_for(proxy.swallowed.wait(), 10)
        await first.kill()
        before = sum(len(bodies) for bodies in heard.bodies.values())
        async with worker(database_url, broker_url, prefix, tmp_path / "second.log"):
            last = await heard.ask(declare(new_id(), 1))
            assert last["type"] == "provider.created"
            await _granted_once_each(heard, claims, audited, count)
            assert sum(len(bodies) for bodies in heard.bodies.values()) > before + 1


async def test_a_broker_that_restarts_under_load_is_waited_out(
    stack: Stack, running: WorkerProcess, heard: Side, audited: Audited, count: Count
) -> None:
    provider = new_id()
    claims = [take(provider) for _ in range(2 * CLAIMS)]
    await heard.ask(declare(provider, 2 * CLAIMS))
    await heard.send_all(claims[:CLAIMS])
    await asyncio.to_thread(stack.rabbit.restart)
    await _send_when_back(heard, claims[CLAIMS:])
    await _granted_once_each(heard, claims, audited, count)
    assert running.is_running


async def _send_when_back(heard: Side, claims: list[dict[str, object]]) -> None:
    """A publisher of its own may lose confirms in a restart: it sends again, which is what claim ids are for."""
    async with asyncio.timeout(60):
        while True:
            try:
                async with asyncio.timeout(10):
                    await heard.send_all(claims)
            except Exception:  # noqa: BLE001 - whatever the client library says of a lost connection
                await asyncio.sleep(0.2)  # its own reconnect gives no signal
            else:
                return


async def test_a_database_that_restarts_under_load_is_waited_out(
    stack: Stack, running: WorkerProcess, heard: Side, audited: Audited, count: Count
) -> None:
    provider = new_id()
    claims = [take(provider) for _ in range(2 * CLAIMS)]
    await heard.ask(declare(provider, 2 * CLAIMS))
    await heard.send_all(claims[:CLAIMS])
    await asyncio.to_thread(stack.postgres.restart)
    await heard.send_all(claims[CLAIMS:])
    await _granted_once_each(heard, claims, audited, count)
    assert running.is_running


async def test_a_database_killed_under_load_is_waited_out(
    stack: Stack, running: WorkerProcess, heard: Side, audited: Audited, count: Count
) -> None:
    provider = new_id()
    claims = [take(provider) for _ in range(CLAIMS)]
    await heard.ask(declare(provider, CLAIMS))
    await heard.send_all(claims)
    await asyncio.to_thread(stack.postgres.kill)
    await asyncio.to_thread(stack.postgres.start)
    await _granted_once_each(heard, claims, audited, count)
    assert running.is_running


async def test_two_workers_on_one_hot_provider_never_over_allocate(
    database_url: str, broker_url: str, prefix: str, tmp_path: Path, audited: Audited
) -> None:
    provider, room = new_id(), 500
    claims = [take(provider) for _ in range(2 * room)]
    quick = {"ALLOCATION_BATCH_SIZE_MAX": "32"}
    async with (
        worker(database_url, broker_url, prefix, tmp_path / "first.log", quick),
        worker(database_url, broker_url, prefix, tmp_path / "second.log", quick),
        side(broker_url, prefix) as heard,
    ):
        await heard.ask(declare(provider, room))
        await heard.send_all(claims)
        ids = [claim["claim_id"] for claim in claims]
        await heard.all_decided(ids)
        types = [heard.outcomes[one]["type"] for one in ids]
        assert types.count("allocation.granted") == room
        assert {heard.outcomes[one]["data"].get("code") for one in ids} == {None, "capacity_exceeded"}
        levels = sorted(
            (event["data"]["providers"][provider]["generation"], event["data"]["providers"][provider])
            for event in heard.events
            if event["type"] == "allocation.granted"
        )
        assert [generation for generation, _ in levels] == list(range(1, room + 1))
        assert all(
            shown["inventories"]["VCPU"] == {"capacity": room, "used": generation} for generation, shown in levels
        )
        await audited()


async def test_sigterm_finishes_what_is_in_hand_and_leaves_the_rest_to_the_queue(
    running: WorkerProcess,
    heard: Side,
    database_url: str,
    broker_url: str,
    prefix: str,
    tmp_path: Path,
    audited: Audited,
    count: Count,
) -> None:
    provider = new_id()
    claims = [take(provider) for _ in range(4 * CLAIMS)]
    await heard.ask(declare(provider, 4 * CLAIMS))
    await heard.send_all(claims)
    running.signal(signal.SIGTERM)
    assert await running.ended() == 0
    decided = heard.outcomes.keys() & {claim["claim_id"] for claim in claims}
    async with worker(database_url, broker_url, prefix, tmp_path / "second.log"):
        await _granted_once_each(heard, claims, audited, count)
    assert all(len(set(heard.bodies[heard.outcomes[one]["id"]])) == 1 for one in decided)


async def test_a_fault_that_no_probe_sees_is_waited_out(
    running: WorkerProcess, heard: Side, database_url: str, audited: Audited, count: Count
) -> None:
    provider = new_id()
    claims = [take(provider) for _ in range(50)]
    await heard.ask(declare(provider, 50))
    database = await asyncpg.connect(make_url(database_url).set(drivername="postgresql").render_as_string(False))
    try:
        await database.execute("ALTER TABLE allocations RENAME TO away")
        await heard.send_all(claims)
        await running.logged("outage_began", 3)
        await database.execute("ALTER TABLE away RENAME TO allocations")
    finally:
        await database.close()
    await _granted_once_each(heard, claims, audited, count)
    assert running.is_running
