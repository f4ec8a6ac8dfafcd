"""The primary is lost under load and its synchronous standby takes over: nothing that anybody was told is undone."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.engine import make_url

from deploy.local.standby import Member, Pair, local_pair
from tests.e2e.claims import declare, new_id, take
from tests.e2e.publishing import Side
from tests.e2e.steady import assert_one_outcome_each, steady_load
from tests.e2e.worker_process import WorkerProcess, worker
from tests.servers import create_database, with_database
from worker.postgres.migrate import upgrade

Audited = Callable[[], Awaitable[None]]
Count = Callable[[str], Awaitable[int]]

ROOM = 1_000_000
SOON = {"ALLOCATION_PROBE_BACKOFF_MAX_MS": "500"}
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
# It writes ahead what the next numbers are, and they themselves write nothing that the standby would have to have.
PROBES_NEED_NOT_WAIT = "SET synchronous_commit = local; SELECT nextval('inbox_batches')"
SENT = "SELECT max(sent_lsn) FROM pg_stat_replication"


@pytest.fixture(scope="module")
def two_servers() -> Iterator[Pair]:
    """Shared by the tests of this module, each of which hands it on whole."""
    with local_pair() as pair:
        yield pair


@pytest.fixture
def pair(two_servers: Pair) -> Iterator[Pair]:
    """A primary and its synchronous standby."""
    yield two_servers
    two_servers.primary.start()
    two_servers.stand_by()


@pytest.fixture
async def database_url(pair: Pair) -> str:
    """A migrated database on both, gone with them; its address names both servers."""
    name = f"test_{uuid4().hex}"
    await create_database(pair.url, name)
    await asyncio.to_thread(pair.level)  # whoever asks the standby first would be told that there is none of that name
    url = with_database(pair.url, name)
    await asyncio.to_thread(upgrade, url)
    return url


@pytest.fixture
async def running(database_url: str, broker_url: str, prefix: str, tmp_path: Path) -> AsyncIterator[WorkerProcess]:
    """A worker that consumes, and looks again soon in an outage."""
    async with worker(database_url, broker_url, prefix, tmp_path / "worker.log", SOON) as process:
        yield process


def _on(member: Member, database_url: str, question: str) -> str:
    return member.sql(question, make_url(database_url).database or "")


async def _some_wait_for_the_standby(pair: Pair) -> None:
    async with asyncio.timeout(20):
        while await asyncio.to_thread(pair.primary.sql, WAITING) == "0":  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.05)


def _ids(claims: list[dict[str, Any]]) -> list[str]:
    return [claim["claim_id"] for claim in claims]


async def _all_are_decided_once(heard: Side, claims: list[dict[str, Any]], audited: Audited, count: Count) -> None:
    await heard.all_decided(_ids(claims))
    assert_one_outcome_each(heard, _ids(claims))
    assert await count("consumers") == len(claims)
    await audited()


async def test_a_primary_lost_under_load_is_replaced_and_the_worker_goes_on(
    pair: Pair,
    running: WorkerProcess,
    heard: Side,
    database_url: str,
    broker_url: str,
    prefix: str,
    audited: Audited,
    count: Count,
) -> None:
    provider = new_id()
    await heard.ask(declare(provider, ROOM))
    async with steady_load(broker_url, prefix, heard, lambda: take(provider)) as load:
        await load.confirmed_more(200)
        await asyncio.to_thread(pair.primary.kill)
        told = list(heard.outcomes)
        await load.confirmed_more(100)
        kept = await asyncio.to_thread(_on, pair.standby, database_url, "SELECT claim_id FROM inbox")
        assert set(told) <= set(kept.split())
        await asyncio.to_thread(pair.promote)
        await load.confirmed_more(200)
    await heard.all_decided(load.confirmed)
    assert_one_outcome_each(heard, load.confirmed)
    assert await count("consumers") == len(load.confirmed)
    await audited()
    assert running.is_running


async def test_a_commit_that_only_the_standby_answers_for_is_found_there_and_not_done_again(
    pair: Pair, running: WorkerProcess, heard: Side, database_url: str, audited: Audited, count: Count
) -> None:
    provider = new_id()
    claims = [take(provider) for _ in range(50)]
    await heard.ask(declare(provider, ROOM))
    pair.standby.pause()
    await heard.send_all(claims)
    await _some_wait_for_the_standby(pair)
    sent = await asyncio.to_thread(pair.primary.sql, SENT)
    await asyncio.to_thread(pair.primary.kill)
    pair.standby.resume()
    await asyncio.to_thread(pair.standby.await_received, sent)
    committed = int(await asyncio.to_thread(_on, pair.standby, database_url, "SELECT count(*) FROM consumers"))
    assert committed > 0
    assert not heard.outcomes.keys() & set(_ids(claims))
    await asyncio.to_thread(pair.promote)
    await _all_are_decided_once(heard, claims, audited, count)


async def test_a_commit_that_never_reached_the_standby_was_told_nobody_and_is_decided_anew(
    pair: Pair, running: WorkerProcess, heard: Side, database_url: str, audited: Audited, count: Count
) -> None:
    provider = new_id()
    claims = [take(provider) for _ in range(50)]
    await heard.ask(declare(provider, ROOM))
    await asyncio.to_thread(pair.standby.stop)
    await heard.send_all(claims)
    await _some_wait_for_the_standby(pair)
    await asyncio.to_thread(pair.primary.kill)
    assert not heard.outcomes.keys() & set(_ids(claims))
    await asyncio.to_thread(pair.standby.start)
    assert await asyncio.to_thread(_on, pair.standby, database_url, "SELECT count(*) FROM consumers") == "0"
    await asyncio.to_thread(pair.promote)
    await _all_are_decided_once(heard, claims, audited, count)


async def test_a_standby_that_is_away_is_waited_for_and_nothing_is_told_meanwhile(
    pair: Pair, running: WorkerProcess, heard: Side, audited: Audited, count: Count
) -> None:
    provider = new_id()
    claims = [take(provider) for _ in range(50)]
    await heard.ask(declare(provider, ROOM))
    await asyncio.to_thread(pair.standby.kill)
    await heard.send_all(claims)
    await _some_wait_for_the_standby(pair)
    assert not heard.outcomes.keys() & set(_ids(claims))
    await asyncio.to_thread(pair.standby.start)
    await _all_are_decided_once(heard, claims, audited, count)


async def test_what_a_restarted_primary_alone_knows_is_told_nobody(
    pair: Pair, running: WorkerProcess, heard: Side, database_url: str, audited: Audited, count: Count
) -> None:
    provider = new_id()
    claims = [take(provider) for _ in range(50)]
    await heard.ask(declare(provider, ROOM))
    await asyncio.to_thread(pair.standby.kill)
    await heard.send_all(claims)
    await _some_wait_for_the_standby(pair)
    running.signal(signal.SIGSTOP)
    await asyncio.to_thread(pair.primary.kill)
    await asyncio.to_thread(pair.primary.start)
    committed = await asyncio.to_thread(_on, pair.primary, database_url, "SELECT count(*) FROM consumers")
    assert int(committed) > 0
    await asyncio.to_thread(_on, pair.primary, database_url, PROBES_NEED_NOT_WAIT)
    running.signal(signal.SIGCONT)
    await _some_wait_for_the_standby(pair)
    assert not heard.outcomes.keys() & set(_ids(claims))
    await asyncio.to_thread(pair.primary.kill)
    await asyncio.to_thread(pair.standby.start)
    await asyncio.to_thread(pair.promote)
    await _all_are_decided_once(heard, claims, audited, count)
