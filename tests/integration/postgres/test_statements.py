"""What a batch costs: a constant number of statements, rows reached by key, updates that stay in their page."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import TextClause, event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.contract.batches import (
    P1,
    P2,
    claim_id,
    consumer_id,
    grant,
    grant_writes,
    make_providers,
    outcome,
    provider_id,
    put,
)
from tests.integration.postgres.conftest import Sql
from worker.placement.snapshot import Wanted
from worker.postgres import (
    feed,
    inbox,
    locks,
    snapshot,
    write_consumers,
    write_inventories,
    write_last,
    write_providers,
)
from worker.postgres.database import Limits, Store, create_engine

HOT_TABLES = {
    "providers",
    "provider_traits",
    "provider_aggregates",
    "inventories",
    "consumers",
    "allocations",
    "inbox",
    "inbox_unconfirmed",
    "changes",
}

HOT_STATEMENTS = {
    "keep_fresh": inbox.KEEP_FRESH,
    "confirm": inbox.CONFIRM,
    "refresh": feed.REFRESH,
    "load_fleet": feed.LOAD,
    "load_snapshot": snapshot.LOAD,
    "load_snapshot_with_details": snapshot.LOAD_WITH_DETAILS,
    "lock_providers": locks.LOCK_PROVIDERS,
    "lock_consumers": locks.LOCK_CONSUMERS,
    "lock_latecomers": locks.LOCK_LATECOMERS,
    "write_last": write_last.WRITE_LAST,
    "restructure": write_providers.RESTRUCTURE,
    "put_inventories": write_inventories.PUT,
    "delete_inventories": write_inventories.DELETE,
    "update_consumers": write_consumers.UPDATE,
    "delete_consumers": write_consumers.DELETE,
    "delete_allocations": write_consumers.DELETE_ALLOCATIONS,
}

SEED = (
    """INSERT INTO providers (id, uuid, name, generation, state, root)
       SELECT n, gen_random_uuid(), 'seed ' || n, 0, 'enabled', n FROM generate_series(1, 3000) AS n""",
    """INSERT INTO inventories SELECT n, 1, 9, 0, 1, 9, 1, 1, 1 FROM generate_series(1, 3000) AS n""",
    """INSERT INTO consumers (id, uuid, project, "user", generation)
       SELECT n, gen_random_uuid(), 'p', 'u', 1 FROM generate_series(1, 3000) AS n""",
    """INSERT INTO allocations SELECT n, n, 1, 1 FROM generate_series(1, 3000) AS n""",
    """INSERT INTO changes (xid, providers, everything)
       SELECT -n, ARRAY[CAST(n AS bigint)], false FROM generate_series(1, 3000) AS n""",
    """INSERT INTO provider_traits SELECT n, 1 FROM generate_series(1, 3000) AS n""",
    """INSERT INTO provider_aggregates SELECT n, gen_random_uuid() FROM generate_series(1, 3000) AS n""",
    """INSERT INTO inbox SELECT gen_random_uuid(), '', 't', '{}', null, n FROM generate_series(1, 3000) AS n""",
    """INSERT INTO inbox_unconfirmed SELECT n FROM generate_series(1, 3000) AS n""",
    "ANALYZE",
)


async def run_batch(store: Store, size: int, first: int) -> None:
    """A batch of `size` claims of new consumers on as many providers, from end to end."""
    numbers = range(first, first + size)
    amounts = {consumer_id(number): {provider_id(number): 1} for number in numbers}
    new = tuple(put(consumer) for consumer in amounts)
    providers = tuple(provider_id(number) for number in numbers)
    async with store.transaction() as transaction:
        await transaction.keep_fresh([claim_id(number) for number in numbers], [])
        found = await transaction.load_snapshot(Wanted(providers=providers, consumers=tuple(amounts)))
        await transaction.lock(providers, tuple(amounts), new)
        await transaction.write_plan(grant_writes(found, amounts, new), [outcome(number) for number in numbers])


async def test_a_batch_takes_as_many_statements_whatever_its_size(store: Store, engine: AsyncEngine) -> None:
    await make_providers(store, [provider_id(number) for number in range(100, 200)])
    statements: list[str] = []
    event.listen(engine.sync_engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    await run_batch(store, 1, 100)
    of_one, statements[:] = list(statements), []
    await run_batch(store, 90, 101)
    assert statements == of_one
    assert len(of_one) == 4


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A plan's nodes, from the top."""
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


def is_evaluated_once(node: dict[str, Any]) -> bool:
    """Whether a node is none of the rows' but what they are compared with."""
    return bool(node.get("Parent Relationship") == "InitPlan")


async def generic_plan(engine: AsyncEngine, statement: TextClause) -> dict[str, Any]:
    """The plan that the server keeps for any parameters."""
    compiled = statement.compile(dialect=engine.dialect)
    arguments = ", ".join(["NULL"] * len(set(compiled.params)))
    async with engine.connect() as connection:
        await connection.exec_driver_sql("SET LOCAL plan_cache_mode = force_generic_plan")
        await connection.exec_driver_sql(f"PREPARE hot AS {compiled}")
        explained = await connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) EXECUTE hot ({arguments})")
        plan: dict[str, Any] = explained.scalar_one()[0]["Plan"]
        await connection.exec_driver_sql("DEALLOCATE hot")
        return plan


@pytest.fixture
async def seeded(sql: Sql) -> None:
    """Tables large enough that scanning them would show."""
    await sql.run(*SEED)


async def test_hot_statements_reach_their_rows_by_key(engine: AsyncEngine, seeded: None) -> None:
    for name, statement in HOT_STATEMENTS.items():
        plan = await generic_plan(engine, statement)
        scans = [node for node in nodes(plan) if "Scan" in node["Node Type"]]
        for scan in scans:
            if scan.get("Relation Name") in HOT_TABLES:
                assert "Index Cond" in scan or "Recheck Cond" in scan, f"{name}: {scan}"


LOCKING = (locks.LOCK_PROVIDERS, locks.LOCK_CONSUMERS, locks.LOCK_LATECOMERS)


async def test_rows_are_sorted_below_the_locking(engine: AsyncEngine, seeded: None) -> None:
    for statement in LOCKING:
        plan = await generic_plan(engine, statement)
        (locking,) = (node for node in nodes(plan) if node["Node Type"] == "LockRows")
        below = [node["Node Type"] for node in locking["Plans"] if not is_evaluated_once(node)]
        assert below in (["Sort"], ["Index Scan"])


async def test_what_is_to_be_locked_is_read_once_however_many_rows_have_moved(
    engine: AsyncEngine, seeded: None
) -> None:
    for statement in LOCKING:
        plan = list(nodes(await generic_plan(engine, statement)))
        conditions = [node[key] for node in plan for key in ("Index Cond", "Recheck Cond") if key in node]
        of_ids = [condition for condition in conditions if "uuid" in condition]
        assert of_ids
        assert all(re.fullmatch(r"\(uuid = ANY \(\$\d+\)\)", condition) for condition in of_ids)


async def test_consumers_are_inserted_once_the_rows_are_locked(engine: AsyncEngine, seeded: None) -> None:
    for statement in (locks.LOCK_PROVIDERS, locks.LOCK_CONSUMERS):
        plan = list(nodes(await generic_plan(engine, statement)))
        (insert,) = (node for node in plan if node["Node Type"] == "ModifyTable")
        (gate,) = (node["One-Time Filter"] for node in nodes(insert) if "One-Time Filter" in node)
        (counted,) = (
            node["Subplan Name"]
            for node in plan
            if node["Node Type"] == "Aggregate" and is_evaluated_once(node) and counts(node, "locked")
        )
        assert re.fullmatch(r"\((\$\d+) >= 0\)", gate)
        assert gate.split()[0].strip("(") in counted


def counts(node: dict[str, Any], name: str) -> bool:
    """Whether the node takes all rows of that part of the statement."""
    return any(below.get("CTE Name") == name for below in nodes(node))


async def test_nearly_all_updates_of_hot_rows_are_hot(database_url: str, sql: Sql) -> None:
    single = create_engine(database_url, Limits(pool_size=1))
    store = Store(single)
    await make_providers(store, [P1, P2])
    for number in range(60):
        await grant(store, {consumer_id(number): {P1: 1, P2: 1}})
    async with single.begin() as connection:
        await connection.execute(text("SELECT pg_stat_force_next_flush()"))
    for table in ("providers", "inventories"):
        updated = await sql.value("SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = :table", table=table)
        hot = await sql.value("SELECT n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = :table", table=table)
        assert updated >= 120
        assert hot / updated > 0.95
    await store.close()
