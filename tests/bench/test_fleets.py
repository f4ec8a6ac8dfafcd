"""The fleets of the benchmarks are what the worker could have left."""

import pytest

from tests.bench.fleets import FOREIGN_KEYS, Fleet, fill, flat, occupied, trees
from tests.bench.ground import connected, value_of
from worker.postgres.audit import audit
from worker.postgres.database import Limits, create_engine

FULL = "SELECT sum(used)::float / sum(total) FROM inventories"


async def filled(database_url: str, fleet: Fleet) -> None:
    """Put it there."""
    async with connected(database_url) as connection:
        await fill(connection, fleet)


@pytest.mark.parametrize("fleet", [flat(45), trees(40), occupied(30, 250)], ids=["flat", "trees", "occupied"])
async def test_the_audit_finds_nothing_wrong_with_a_fleet(database_url: str, fleet: Fleet) -> None:
    await filled(database_url, fleet)
    engine = create_engine(database_url, Limits())
    assert await audit(engine) == []
    await engine.dispose()
    assert await value_of(database_url, "SELECT count(*) FROM providers") == fleet.providers
    assert await value_of(database_url, "SELECT nextval(pg_get_serial_sequence('consumers', 'id'))") > fleet.consumers


@pytest.mark.parametrize("fleet", [flat(1_000), trees(1_000)], ids=["flat", "trees"])
async def test_fleets_for_placing_are_70_percent_full(database_url: str, fleet: Fleet) -> None:
    await filled(database_url, fleet)
    assert await value_of(database_url, FULL) == pytest.approx(0.7, abs=0.01)


async def test_a_tree_is_a_host_with_4_nodes_and_two_devices_on_each(database_url: str) -> None:
    await filled(database_url, trees(13))
    parents = "SELECT array_agg(coalesce(parent, 0) ORDER BY id) FROM providers"
    assert await value_of(database_url, parents) == [0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


async def test_occupied_fleets_have_the_allocations_that_were_asked_for(database_url: str) -> None:
    await filled(database_url, occupied(20, 600))
    assert await value_of(database_url, "SELECT count(*) FROM allocations") == 600
    assert await value_of(database_url, "SELECT min(generation) || ' ' || max(generation) FROM providers") == "10 10"


async def test_a_filled_database_has_all_its_foreign_keys_again(database_url: str) -> None:
    async with connected(database_url) as connection:
        before = await connection.fetch(FOREIGN_KEYS)
        await fill(connection, flat(5))
        assert before
        assert sorted(await connection.fetch(FOREIGN_KEYS)) == sorted(before)
