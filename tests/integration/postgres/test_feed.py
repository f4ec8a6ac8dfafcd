"""No change is missed, and none told twice, in whatever order transactions begin, look and commit."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tests.contract.batches import keep, make_providers, outcome, provider_id, read_providers, write
from tests.contract.test_store_feed import load, refresh
from tests.integration.postgres.conftest import Sql
from worker.faults import Outage
from worker.placement.feed import Horizon
from worker.placement.ids import ProviderId, RowId
from worker.placement.plan import ProviderAdvance, Writes
from worker.postgres import feed
from worker.postgres.database import Limits, Store, create_engine
from worker.postgres.transaction import StoreTransaction

WORKERS = 3

Step = Literal["number", "look", "change", "commit", "roll back"]

STEPS = st.tuples(st.integers(0, WORKERS - 1), st.sampled_from(["number", "look", "change", "commit", "roll back"]))


class Viewer:
    """A worker with a provider of its own to change, and a view of all of them kept true by looking alone."""

    def __init__(
        self, connection: AsyncConnection, own: tuple[ProviderId, RowId], horizon: Horizon, seen: dict[RowId, int]
    ) -> None:
        self._connection = connection
        self.own = own
        self.horizon = horizon
        self.seen = dict(seen)
        self.told: Counter[RowId] = Counter()
        self.commits = 0
        self._changed = False

    async def take(self, step: Step) -> None:
        """A step of the present transaction, or the first of the next; one that makes no sense is left out."""
        match step:
            case "number":
                # some transactions have an id long before they write, as one that has inserted a consumer has
                await self._connection.execute(text("SELECT pg_current_xact_id()"))
            case "look" if not self._changed:
                await self._look()
            case "change" if not self._changed:
                await self._change()
            case "commit":
                await self._connection.commit()
                self.commits += self._changed
                self._changed = False
            case "roll back":
                await self._connection.rollback()
                self._changed = False

    async def _look(self) -> None:
        news = await feed.refresh(self._connection, self.horizon)
        assert not news.whole
        self.horizon = news.horizon
        self.told.update(row.row for row in news.rows)
        self.seen |= {row.row: row.generation for row in news.rows}

    async def _change(self) -> None:
        (name, row), generation = self.own, self.commits
        advanced = (ProviderAdvance(row, name, generation, generation + 1),)
        await StoreTransaction(self._connection).write_plan(Writes(providers_advanced=advanced))
        self._changed = True


@asynccontextmanager
async def viewers(engine: AsyncEngine) -> AsyncIterator[list[Viewer]]:
    """Workers that have just loaded everything, each on a new provider at generation 0."""
    store = Store(engine)
    names = [provider_id(number) for number in range(WORKERS)]
    found = await read_providers(store, *names)
    gone = tuple((row.row, row.generation) for row in found.values())
    await write(store, Writes(providers_deleted=gone))
    rows = await make_providers(store, names, {})
    horizon, loaded = await load(store)
    seen = {row.row: row.generation for row in loaded.values()}
    async with AsyncExitStack() as open_connections:
        connections = [await open_connections.enter_async_context(engine.connect()) for _ in names]
        yield [Viewer(one, (name, rows[name]), horizon, seen) for one, name in zip(connections, names, strict=True)]


async def play(engine: AsyncEngine, schedule: Sequence[tuple[int, Step]]) -> None:
    """Take the steps in this order; in the end every view is true, and was told of each commit once."""
    async with viewers(engine) as workers:
        for number, step in schedule:
            await workers[number].take(step)
        for worker in workers:
            await worker.take("commit")
        for worker in workers:
            await worker.take("look")
            assert worker.seen == {one.own[1]: one.commits for one in workers}
            for one in workers:
                assert worker.told[one.own[1]] <= one.commits


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEPS, max_size=40))
async def test_no_change_is_missed_in_any_order_of_steps(engine: AsyncEngine, schedule: list[tuple[int, Step]]) -> None:
    await play(engine, schedule)


async def test_a_transaction_that_began_first_and_commits_last_is_not_missed(engine: AsyncEngine) -> None:
    others: list[tuple[int, Step]] = [(1, "change"), (1, "commit"), (2, "look"), (2, "commit")]
    await play(engine, [(0, "change"), *others * 5, (0, "commit"), (2, "look")])


async def test_a_transaction_that_looks_after_it_has_an_id_is_told_its_own_changes_later(engine: AsyncEngine) -> None:
    later: list[tuple[int, Step]] = [(1, "change"), (1, "commit")]
    await play(engine, [(0, "number"), *later, (0, "look"), (0, "change"), (0, "commit"), (0, "look")])


async def test_a_change_is_told_once_while_an_older_transaction_stays_open(engine: AsyncEngine) -> None:
    async with viewers(engine) as (old, busy, viewer):
        await old.take("change")
        for _ in range(3):
            await busy.take("change")
            await busy.take("commit")
            await viewer.take("look")
            await viewer.take("commit")
        assert viewer.told == {busy.own[1]: 3}
        await old.take("commit")
        await viewer.take("look")
        assert viewer.told == {busy.own[1]: 3, old.own[1]: 1}


async def test_what_was_open_during_a_load_is_told_afterwards(engine: AsyncEngine) -> None:
    store = Store(engine)
    async with viewers(engine) as (old, *_):
        await old.take("change")
        horizon, rows = await load(store)
        await old.take("commit")
        told = await refresh(store, horizon)
    assert {row.generation for row in rows.values()} == {0}
    assert [(row.row, row.generation) for row in told.rows] == [(old.own[1], 1)]


async def test_where_very_much_has_changed_a_view_begins_anew(engine: AsyncEngine, sql: Sql) -> None:
    store = Store(engine)
    horizon, _ = await load(store)
    await sql.run(
        "INSERT INTO changes (providers, everything) SELECT array_agg(n), false FROM generate_series(1, :many) AS n",
        many=feed.CHANGED_MAX + 1,
    )
    told = await refresh(store, horizon)
    assert (told.whole, list(told.rows), list(told.gone)) == (True, [], [])
    assert not (await refresh(store, told.horizon)).whole


async def test_a_transaction_that_changes_no_provider_leaves_no_row(store: Store, sql: Sql) -> None:
    async with store.transaction() as transaction:
        await keep(transaction, outcome(1))
    assert await sql.value("SELECT count(*) FROM changes") == 0


async def test_a_load_left_early_gives_its_connection_back(database_url: str) -> None:
    single = Store(create_engine(database_url, Limits(pool_size=1, connect_timeout_s=5)))
    await make_providers(single, [provider_id(number) for number in range(3)])
    for _ in range(3):
        async with single.load_fleet() as portions:
            await anext(portions)
    await single.probe()
    await single.close()


async def test_a_load_cut_off_is_an_outage(store: Store, sql: Sql) -> None:
    async def cut_off() -> None:
        async with store.load_fleet() as portions:
            await sql.end_other_sessions()
            await anext(portions)

    await load(store)
    with pytest.raises(Outage):
        await cut_off()
    await load(store)


async def test_a_load_of_many_portions_brings_each_provider_once(engine: AsyncEngine) -> None:
    names = [provider_id(number) for number in range(7)]
    await make_providers(Store(engine), names, {})
    snapshot = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    for portion in (1, 3, 7, 8):
        async with snapshot.connect() as connection:
            portions = [list(one.rows) async for one in feed.load(connection, portion)]
        assert [row.id for rows in portions for row in rows] == names
        assert all(len(rows) == portion for rows in portions[:-1])
