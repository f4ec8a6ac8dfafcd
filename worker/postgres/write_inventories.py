"""Writes inventories; the counters of those that stay as they are belong to what is held."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from worker.placement.plan import Writes
from worker.postgres.guard import write_rows
from worker.postgres.rows import columns

PUT = text("""
    INSERT INTO inventories AS i (provider, class, total, reserved, min_unit, max_unit, step_size,
                                  allocation_ratio, used)
    SELECT new.provider, c.id, total, reserved, min_unit, max_unit, step_size, allocation_ratio, used
    FROM unnest(CAST(:rows AS bigint[]), CAST(:classes AS text[]), CAST(:totals AS integer[]),
                CAST(:reserveds AS integer[]), CAST(:min_units AS integer[]), CAST(:max_units AS integer[]),
                CAST(:step_sizes AS integer[]), CAST(:ratios AS numeric[]), CAST(:useds AS bigint[]))
         AS new (provider, name, total, reserved, min_unit, max_unit, step_size, allocation_ratio, used)
    JOIN resource_classes AS c ON c.name = new.name
    ON CONFLICT (provider, class) DO UPDATE SET
        total = excluded.total, reserved = excluded.reserved, min_unit = excluded.min_unit,
        max_unit = excluded.max_unit, step_size = excluded.step_size,
        allocation_ratio = excluded.allocation_ratio, used = excluded.used
""")

# Classes are resolved first, so that no plan can begin with all inventories of a class.
DELETE = text("""
    WITH gone AS MATERIALIZED (
        SELECT given.provider, c.id AS class
        FROM unnest(CAST(:rows AS bigint[]), CAST(:classes AS text[])) AS given (provider, name)
        JOIN resource_classes AS c ON c.name = given.name
    )
    DELETE FROM inventories AS i USING gone WHERE i.provider = gone.provider AND i.class = gone.class
""")


async def put_inventories(connection: AsyncConnection, writes: Writes) -> None:
    """Insert or overwrite inventories with their counters."""
    put = columns(
        writes.inventories_put,
        rows=lambda put: put.provider,
        classes=lambda put: put.resource_class,
        totals=lambda put: put.inventory.total,
        reserveds=lambda put: put.inventory.reserved,
        min_units=lambda put: put.inventory.min_unit,
        max_units=lambda put: put.inventory.max_unit,
        step_sizes=lambda put: put.inventory.step_size,
        ratios=lambda put: put.inventory.allocation_ratio,
        useds=lambda put: put.used,
    )
    await write_rows(connection, PUT, put, "inventories put")


async def delete_inventories(connection: AsyncConnection, writes: Writes) -> None:
    """Delete inventories, of which no allocation may be left."""
    gone = columns(writes.inventories_deleted, rows=lambda pair: pair[0], classes=lambda pair: pair[1])
    await write_rows(connection, DELETE, gone, "inventories deleted")
