"""The migrations make what the tables say, and keep the standard names up to date."""

import asyncio
from typing import Any

import os_resource_classes
import os_traits
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.integration.postgres.conftest import Sql
from worker.postgres.database import Limits, create_engine
from worker.postgres.migrate import current, is_current, upgrade
from worker.postgres.tables import metadata

CATALOGUE = {
    "columns": """
        SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, co.collname,
               pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum)
        FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
        LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
        LEFT JOIN pg_collation AS co ON co.oid = a.attcollation
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT attisdropped""",
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace""",
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "tables": "SELECT relname, relkind, reloptions FROM pg_class WHERE relnamespace = 'public'::regnamespace",
}


async def catalogue(engine: AsyncEngine) -> dict[str, set[tuple[str, ...]]]:
    """All that the database knows of its tables, but alembic's own."""
    async with engine.connect() as connection:
        return {
            kind: {
                tuple(map(str, row)) for row in await connection.execute(text(query)) if "alembic" not in str(row[0])
            }
            for kind, query in CATALOGUE.items()
        }


async def test_migrations_make_exactly_the_tables_of_the_metadata(engine: AsyncEngine, empty_database_url: str) -> None:
    made = create_engine(empty_database_url, Limits())
    async with made.begin() as connection:
        await connection.run_sync(metadata.create_all)
    assert await catalogue(made) == await catalogue(engine)
    await made.dispose()


async def test_alembic_finds_no_difference(engine: AsyncEngine) -> None:
    def compare(connection: Connection) -> Any:
        return compare_metadata(MigrationContext.configure(connection), metadata)

    async with engine.connect() as connection:
        assert await connection.run_sync(compare) == []


async def test_an_empty_database_is_brought_up_to_date_by_one_call(empty_database_url: str) -> None:
    assert current(empty_database_url) is None
    assert not is_current(empty_database_url)
    upgrade(empty_database_url)
    assert is_current(empty_database_url)


async def test_two_upgrades_at_once_do_it_once(empty_database_url: str) -> None:
    await asyncio.gather(*(asyncio.to_thread(upgrade, empty_database_url) for _ in range(2)))
    assert is_current(empty_database_url)


async def test_standard_names_are_there_in_the_order_of_their_packages(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        classes = await connection.execute(text("SELECT name FROM resource_classes ORDER BY ordinal"))
        traits = await connection.execute(text("SELECT name FROM traits ORDER BY ordinal"))
        assert list(classes.scalars()) == list(os_resource_classes.STANDARDS)
        assert list(traits.scalars()) == list(os_traits.get_traits())


async def test_a_newer_package_adds_and_reorders_but_never_removes(sql: Sql, database_url: str) -> None:
    await sql.run(
        "DELETE FROM traits WHERE name = 'COMPUTE_NODE'",
        "UPDATE resource_classes SET ordinal = 900 WHERE name = 'VCPU'",
        "INSERT INTO resource_classes (name, ordinal) VALUES ('GONE_FROM_PACKAGE', 5), ('CUSTOM_MINE', NULL)",
    )
    upgrade(database_url)
    assert await sql.value("SELECT ordinal FROM traits WHERE name = 'COMPUTE_NODE'") == os_traits.get_traits().index(
        "COMPUTE_NODE"
    )
    assert await sql.value("SELECT ordinal FROM resource_classes WHERE name = 'VCPU'") == 0
    assert await sql.value("SELECT ordinal FROM resource_classes WHERE name = 'GONE_FROM_PACKAGE'") == 5
    assert await sql.value("SELECT ordinal IS NULL FROM resource_classes WHERE name = 'CUSTOM_MINE'")
