"""Old changes are deleted, and whoever might have needed one of them sees it."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from tests.contract.batches import P1, P2, advance, make_providers, read_providers, write
from tests.contract.test_store_feed import ids, load, refresh
from tests.integration.postgres.conftest import Sql
from worker.placement.ids import ProviderId
from worker.placement.plan import Writes
from worker.postgres import changes
from worker.postgres.database import Store

COUNT = "SELECT count(*) FROM changes"

AT_ONCE = timedelta(0)


async def trim(engine: AsyncEngine, kept: timedelta = AT_ONCE, kept_min: int = 1, limit: int = 100) -> int:
    """A trimming in a transaction of its own."""
    async with engine.begin() as connection:
        return await changes.trim(connection, limit, kept, kept_min)


async def change(store: Store, provider: ProviderId) -> None:
    """A transaction that changes a provider."""
    row = (await read_providers(store, provider))[provider]
    await write(store, Writes(providers_advanced=(advance(row),)))


async def test_a_view_that_has_seen_all_that_was_trimmed_goes_on(store: Store, engine: AsyncEngine) -> None:
    await make_providers(store, [P1, P2])
    await change(store, P1)
    horizon, _ = await load(store)
    assert await trim(engine) == 1
    await change(store, P2)
    told = await refresh(store, horizon)
    assert (told.whole, ids(told)) == (False, {P2})


async def test_a_view_that_may_have_missed_what_was_trimmed_begins_anew(store: Store, engine: AsyncEngine) -> None:
    await make_providers(store, [P1, P2])
    horizon, _ = await load(store)
    await change(store, P1)
    await change(store, P2)
    assert await trim(engine) == 2
    assert (await refresh(store, horizon)).whole
    horizon, _ = await load(store)
    assert not (await refresh(store, horizon)).whole


async def test_nothing_is_trimmed_from_an_open_transaction_on(store: Store, engine: AsyncEngine) -> None:
    await make_providers(store, [P1, P2])
    horizon, rows = await load(store)
    await change(store, P2)
    await trim(engine)
    async with store.transaction() as late:
        await late.write_plan(Writes(providers_advanced=(advance(rows[P1]),)))
        await change(store, P2)
        await change(store, P2)
        horizon, _ = await load(store)
        assert await trim(engine) == 1
    told = await refresh(store, horizon)
    assert (told.whole, ids(told)) == (False, {P1})


async def test_young_changes_and_the_newest_are_kept(store: Store, engine: AsyncEngine) -> None:
    await make_providers(store, [P1])
    for _ in range(4):
        await change(store, P1)
    assert await trim(engine, kept=timedelta(minutes=5)) == 0
    assert await trim(engine, kept_min=5) == 0
    assert await trim(engine, kept_min=3) == 2


async def test_the_oldest_are_trimmed_first_and_no_more_than_asked(store: Store, engine: AsyncEngine, sql: Sql) -> None:
    await make_providers(store, [P1])
    for _ in range(4):
        await change(store, P1)
    newest = await sql.value("SELECT max(xid) FROM changes")
    assert [await trim(engine, limit=3), await trim(engine, limit=3)] == [3, 1]
    assert await sql.value("SELECT xid FROM changes") == newest


async def test_ageing_the_inbox_trims_changes_that_are_old_enough(store: Store, sql: Sql) -> None:
    await make_providers(store, [P1])
    many = changes.KEPT_MIN
    await sql.run(
        "INSERT INTO changes (xid, providers, everything) SELECT -n, '{}', false FROM generate_series(1, :n) AS n",
        n=many,
    )
    await store.prune(AT_ONCE, 10)
    assert await sql.value(COUNT) == many + 1
    await sql.run("UPDATE changes SET at = at - CAST(:kept AS interval)", kept=changes.KEPT)
    await store.prune(AT_ONCE, 10)
    assert await sql.value(COUNT) == many


async def test_what_a_dump_brought_from_a_server_with_higher_numbers_does_no_lasting_harm(
    store: Store, engine: AsyncEngine, sql: Sql
) -> None:
    await make_providers(store, [P1])
    far = 1 << 40
    await sql.run(
        "INSERT INTO changes (xid, providers, everything) VALUES (:far, '{}', true)",
        "UPDATE changes_trimmed SET up_to = :far",
        far=far,
    )
    assert await trim(engine) == 2
    horizon, _ = await load(store)
    assert not (await refresh(store, horizon)).whole
    for _ in range(2):
        await change(store, P1)
    assert await trim(engine) == 1
    assert (await refresh(store, horizon)).whole


async def test_without_a_mark_no_view_goes_on(store: Store, sql: Sql) -> None:
    horizon, _ = await load(store)
    await sql.run("DELETE FROM changes_trimmed")
    assert (await refresh(store, horizon)).whole
