"""What breaks, and as which fault it leaves the store."""

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.contract.batches import P1, keep, make_providers, outcome
from tests.integration.postgres.conftest import Sql
from worker.faults import Conflict, LockTimeout, Outage
from worker.placement.snapshot import Wanted
from worker.postgres.database import Limits, Store, create_engine
from worker.postgres.errors import translate, translated


async def run(engine: AsyncEngine, statement: str) -> None:
    """A statement whose failure is translated."""
    async with translated(), engine.begin() as connection:
        await connection.execute(text(statement))


async def test_a_commit_cut_off_is_a_conflict_because_its_fate_is_unknown(store: Store, sql: Sql) -> None:
    async def cut_off() -> None:
        async with store.transaction() as transaction:
            await keep(transaction, outcome(1))
            await sql.end_other_sessions()

    with pytest.raises(Conflict, match="fate of a commit"):
        await cut_off()


async def test_a_statement_cut_off_is_an_outage_and_the_next_transaction_works(store: Store, sql: Sql) -> None:
    async def cut_off() -> None:
        async with store.transaction() as transaction:
            await transaction.load_snapshot(Wanted())
            await sql.end_other_sessions()
            await transaction.load_snapshot(Wanted())

    with pytest.raises(Outage):
        await cut_off()
    await store.probe()


async def test_a_server_out_of_reach_is_an_outage() -> None:
    nowhere = Store(create_engine("postgresql://nobody@127.0.0.1:9/none", Limits()))
    with pytest.raises(Outage):
        await nowhere.probe()


async def test_an_unknown_database_is_an_outage(database_url: str) -> None:
    nowhere = Store(create_engine(f"{database_url}_not_there", Limits()))
    with pytest.raises(Outage):
        await nowhere.probe()


async def test_a_database_without_tables_is_an_outage(empty_database_url: str) -> None:
    empty = Store(create_engine(empty_database_url, Limits()))
    with pytest.raises(Outage):
        await empty.probe()
    await empty.close()


async def test_a_pool_with_nothing_left_is_an_outage(database_url: str) -> None:
    small = Store(create_engine(database_url, Limits(pool_size=1, connect_timeout_s=0.5)))
    async with small.transaction() as transaction:
        await transaction.load_snapshot(Wanted())
        with pytest.raises(Outage):
            await small.probe()
    await small.close()


async def test_a_probe_fails_where_nothing_can_be_written(store: Store, sql: Sql) -> None:
    name = await sql.value("SELECT quote_ident(current_database())")
    await sql.run(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    with pytest.raises(Outage):
        await store.probe()


async def test_a_statement_that_takes_too_long_is_a_conflict(database_url: str) -> None:
    hasty = create_engine(database_url, Limits(statement_timeout_ms=50))
    with pytest.raises(Conflict, match="statement timeout"):
        await run(hasty, "SELECT pg_sleep(30)")
    await hasty.dispose()


async def test_a_transaction_left_idle_too_long_is_a_fault_and_not_a_bug(database_url: str, sql: Sql) -> None:
    hasty = Store(create_engine(database_url, Limits(idle_in_transaction_timeout_ms=50)))

    idle_sessions = """
        SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' AND datname = current_database()
    """

    async def idle() -> None:
        async with hasty.transaction() as transaction:
            await transaction.load_snapshot(Wanted())
            while await sql.value(idle_sessions):
                pass
            await transaction.load_snapshot(Wanted())

    with pytest.raises((Conflict, Outage)):
        await idle()
    await hasty.close()


async def test_a_transaction_that_the_server_ends_for_its_length_is_a_fault_and_not_a_bug(
    database_url: str, sql: Sql
) -> None:
    if await sql.value("SELECT current_setting('server_version_num')::int") < 170_000:
        pytest.skip("transaction_timeout came with PostgreSQL 17")
    name = await sql.value("SELECT quote_ident(current_database())")
    await sql.run(f"ALTER DATABASE {name} SET transaction_timeout = '200ms'")
    hasty = create_engine(database_url, Limits())
    with pytest.raises((LockTimeout, Outage)):
        await run(hasty, "SELECT pg_sleep(30)")
    await hasty.dispose()


@pytest.mark.parametrize(
    ("state", "fault"),
    [
        ("40001", Conflict),
        ("40P01", Conflict),
        ("23505", Conflict),
        ("23503", Conflict),
        ("57014", LockTimeout),
        ("25P03", LockTimeout),
        ("25P04", LockTimeout),
        ("55P03", LockTimeout),
        ("08006", Outage),
        ("28P01", Outage),
        ("3D000", Outage),
        ("42P01", Outage),
        ("53300", Outage),
        ("57P01", Outage),
        ("58030", Outage),
        ("25006", Outage),
    ],
)
async def test_each_sqlstate_has_its_fault(engine: AsyncEngine, state: str, fault: type[Exception]) -> None:
    with pytest.raises(fault) as caught:
        await run(engine, f"DO $$ BEGIN RAISE EXCEPTION 'made' USING ERRCODE = '{state}'; END $$")
    assert type(caught.value) is fault
    assert state in str(caught.value)


@pytest.mark.parametrize("state", ["22003", "23514", "23502", "XX000"])
async def test_other_sqlstates_are_bugs_and_pass_as_they_are(engine: AsyncEngine, state: str) -> None:
    with pytest.raises(DBAPIError):
        await run(engine, f"DO $$ BEGIN RAISE EXCEPTION 'made' USING ERRCODE = '{state}'; END $$")


async def test_a_value_of_the_wrong_type_is_a_bug(store: Store) -> None:
    await make_providers(store, [P1])
    with pytest.raises(DBAPIError):
        async with store.transaction() as transaction:
            await transaction.keep_fresh(["no uuid"], [])  # type: ignore[list-item]


def test_the_drivers_own_errors_are_told_apart() -> None:
    assert isinstance(translate(asyncpg.InterfaceError("connection is closed")), Outage)
    assert isinstance(translate(asyncpg.CannotConnectNowError("starting up")), Outage)
    assert isinstance(translate(TimeoutError()), Outage)
    assert translate(asyncpg.InterfaceError("another operation is in progress")) is None
    assert translate(LookupError()) is None
