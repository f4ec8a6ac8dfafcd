"""Nodes of the broker are lost under load: what was confirmed to a publisher is decided, once, and told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.local.cluster import SIZE, Cluster, Node, local_cluster
from tests.e2e.balancer import Balancer, balanced
from tests.e2e.claims import declare, new_id, take
from tests.e2e.publishing import Side
from tests.e2e.steady import Steady, assert_one_outcome_each, steady_load
from tests.e2e.worker_process import WorkerProcess, worker
from tests.servers import delete_topology

Audited = Callable[[], Awaitable[None]]
Count = Callable[[str], Awaitable[int]]

ROOM = 1_000_000
SOON = {
    "ALLOCATION_PROBE_BACKOFF_MAX_MS": "500",
    "ALLOCATION_HEARTBEAT_S": "1",
    "ALLOCATION_PUBLISH_TIMEOUT_MS": "3000",
}
ONLINE_S = 30.0


@pytest.fixture(scope="module")
def three_nodes() -> Iterator[Cluster]:
    """Shared by the tests of this module, each of which hands it on whole."""
    with local_cluster() as running:
        yield running


@pytest.fixture
def cluster(three_nodes: Cluster) -> Iterator[Cluster]:
    """Three nodes that run."""
    yield three_nodes
    for node in three_nodes.nodes:
        node.resume()
    three_nodes.start()


@pytest.fixture
async def balancer(cluster: Cluster) -> AsyncIterator[tuple[Balancer, str]]:
    """What leads to the first node as long as that lives, else to the second, and so on; and its address."""
    async with balanced(cluster.urls) as standing:
        yield standing


@pytest.fixture
def broker_url(balancer: tuple[Balancer, str]) -> str:
    """The cluster's one address."""
    return balancer[1]


@pytest.fixture
async def prefix(broker_url: str) -> AsyncIterator[str]:
    """Names of the test's own."""
    name = f"test-{uuid4().hex}"
    yield name
    await delete_topology(broker_url, name)


@pytest.fixture
async def running(database_url: str, broker_url: str, prefix: str, tmp_path: Path) -> AsyncIterator[WorkerProcess]:
    """A worker that consumes, and looks again soon in an outage."""
    async with worker(database_url, broker_url, prefix, tmp_path / "worker.log", SOON) as process:
        yield process


async def _all_are_decided_once(heard: Side, load: Steady, audited: Audited, count: Count) -> None:
    await heard.all_decided(load.confirmed)
    assert_one_outcome_each(heard, load.confirmed)
    assert await count("consumers") == len(load.confirmed)
    await audited()


async def _is_back(cluster: Cluster, node: Node, queue: str) -> None:
    """Once the node's copy of the queue takes part again."""
    await asyncio.to_thread(node.start)
    async with asyncio.timeout(ONLINE_S):
        while node.node not in (await asyncio.to_thread(cluster.replicas, queue)).online:  # noqa: ASYNC110 - nor is it told
            await asyncio.sleep(0.1)


async def test_every_node_keeps_a_copy_of_the_claims(cluster: Cluster, running: WorkerProcess, prefix: str) -> None:
    replicas = await asyncio.to_thread(cluster.replicas, f"{prefix}.claims")
    assert replicas.members == replicas.online == {node.node for node in cluster.nodes}
    assert len(replicas.members) == SIZE


async def test_the_node_of_worker_and_queue_is_lost_and_no_confirmed_claim_with_it(
    cluster: Cluster, running: WorkerProcess, heard: Side, broker_url: str, prefix: str, audited: Audited, count: Count
) -> None:
    provider = new_id()
    await heard.ask(declare(provider, ROOM))
    await asyncio.to_thread(cluster.settle)
    leader = (await asyncio.to_thread(cluster.replicas, f"{prefix}.claims")).leader
    assert leader == cluster.nodes[0].node
    async with steady_load(broker_url, prefix, heard, lambda: take(provider)) as load:
        await load.confirmed_more(200)
        await asyncio.to_thread(cluster.nodes[0].kill)
        await load.confirmed_more(200)
    await _all_are_decided_once(heard, load, audited, count)
    assert running.is_running


async def test_a_second_node_is_lost_as_soon_as_the_first_is_back(
    cluster: Cluster, running: WorkerProcess, heard: Side, broker_url: str, prefix: str, audited: Audited, count: Count
) -> None:
    provider = new_id()
    await heard.ask(declare(provider, ROOM))
    await asyncio.to_thread(cluster.settle)
    async with steady_load(broker_url, prefix, heard, lambda: take(provider)) as load:
        await load.confirmed_more(50)
        await asyncio.to_thread(cluster.nodes[0].kill)
        await load.confirmed_more(50)
        await _is_back(cluster, cluster.nodes[0], f"{prefix}.claims")
        await asyncio.to_thread(cluster.nodes[1].kill)
        await load.confirmed_more(50)
    await _all_are_decided_once(heard, load, audited, count)
    assert running.is_running


async def test_most_nodes_are_lost_and_claims_wait_until_one_is_back(
    cluster: Cluster, running: WorkerProcess, heard: Side, broker_url: str, prefix: str, audited: Audited, count: Count
) -> None:
    provider = new_id()
    await heard.ask(declare(provider, ROOM))
    await asyncio.to_thread(cluster.settle)
    async with steady_load(broker_url, prefix, heard, lambda: take(provider)) as load:
        await load.confirmed_more(50)
        for node in cluster.nodes[:2]:
            await asyncio.to_thread(node.kill)
        await running.logged("outage_began")
        await asyncio.to_thread(cluster.start)
        await load.confirmed_more(50)
    await _all_are_decided_once(heard, load, audited, count)
    assert running.is_running


async def test_a_node_that_freezes_is_left_for_another(
    cluster: Cluster,
    balancer: tuple[Balancer, str],
    running: WorkerProcess,
    heard: Side,
    broker_url: str,
    prefix: str,
    audited: Audited,
    count: Count,
) -> None:
    provider = new_id()
    await heard.ask(declare(provider, ROOM))
    await asyncio.to_thread(cluster.settle)
    async with steady_load(broker_url, prefix, heard, lambda: take(provider)) as load:
        await load.confirmed_more(50)
        cluster.nodes[0].pause()
        balancer[0].lead_to(cluster.urls[1:])
        await load.confirmed_more(50)
        cluster.nodes[0].resume()
    await _all_are_decided_once(heard, load, audited, count)
    assert running.is_running
