"""The lock phase: providers by id, then consumers by id, then new consumers in order of id. Nothing out of order."""

from collections.abc import Iterable, Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from worker.faults import Conflict
from worker.placement.ids import ConsumerId, ProviderId, RowId
from worker.placement.plan import ConsumerPut, Version
from worker.postgres.rows import literal

# The sort stands below the locking in these plans: rows are locked in its order.
LOCK_PROVIDERS = text("""
    SELECT uuid::text, id, generation FROM providers
    WHERE uuid = ANY (CAST(CAST(:ids AS text) AS uuid[])) ORDER BY uuid FOR NO KEY UPDATE
""")

LOCK_CONSUMERS = text("""
    SELECT uuid::text, id, generation FROM consumers
    WHERE uuid = ANY (CAST(CAST(:ids AS text) AS uuid[])) ORDER BY uuid FOR NO KEY UPDATE
""")

INSERT_CONSUMERS = text("""
    INSERT INTO consumers (uuid, project, "user", type, generation)
    SELECT * FROM unnest(CAST(CAST(:ids AS text) AS uuid[]), CAST(:projects AS text[]), CAST(:users AS text[]),
                         CAST(:types AS text[]), CAST(CAST(:generations AS text) AS bigint[])) AS new (uuid)
    ORDER BY uuid
    ON CONFLICT (uuid) DO NOTHING RETURNING uuid::text, id
""")

# Out of order already, so these never wait: whoever holds one makes the whole transaction begin again.
LOCK_LATECOMERS = text("""
    SELECT uuid::text, id, generation FROM consumers
    WHERE uuid = ANY (CAST(CAST(:ids AS text) AS uuid[])) ORDER BY uuid FOR NO KEY UPDATE SKIP LOCKED
""")


async def lock_providers(connection: AsyncConnection, ids: Iterable[ProviderId]) -> dict[ProviderId, Version]:
    """Lock these providers; the versions of those that exist."""
    rows = await connection.execute(LOCK_PROVIDERS, {"ids": literal(sorted(ids))})
    return {ProviderId(uuid): (RowId(row), generation) for uuid, row, generation in rows}


async def lock_consumers(connection: AsyncConnection, ids: Iterable[ConsumerId]) -> dict[ConsumerId, Version]:
    """Lock these consumers; the versions of those that exist."""
    rows = await connection.execute(LOCK_CONSUMERS, {"ids": literal(sorted(ids))})
    return {ConsumerId(uuid): (RowId(row), generation) for uuid, row, generation in rows}


async def insert_consumers(connection: AsyncConnection, new: Sequence[ConsumerPut]) -> dict[ConsumerId, RowId]:
    """Insert consumers, which locks them; the row ids of those that did not exist, without the others."""
    rows = await connection.execute(INSERT_CONSUMERS, _columns(new))
    return {ConsumerId(uuid): RowId(row) for uuid, row in rows}


async def lock_latecomers(connection: AsyncConnection, ids: Sequence[ConsumerId]) -> dict[ConsumerId, Version]:
    """Lock consumers that appeared between the lock and the insert, without waiting. Raises `Conflict`."""
    rows = await connection.execute(LOCK_LATECOMERS, {"ids": literal(sorted(ids))})
    found = {ConsumerId(uuid): (RowId(row), int(generation)) for uuid, row, generation in rows}
    if len(found) < len(ids):
        raise Conflict(f"{len(ids) - len(found)} new consumers are in another worker's hands")
    return found


def _columns(puts: Sequence[ConsumerPut]) -> dict[str, object]:
    return {
        "ids": literal([put.id for put in puts]),
        "projects": [put.project for put in puts],
        "users": [put.user for put in puts],
        "types": [put.type for put in puts],
        "generations": literal([put.generation_to for put in puts]),
    }
