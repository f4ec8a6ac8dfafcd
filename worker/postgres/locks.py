"""The lock phase: providers by id, then consumers by id, then new consumers in order of id. Nothing out of order."""

import json
from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from worker.faults import Conflict
from worker.placement.ids import ConsumerId, ProviderId, RowId
from worker.placement.plan import ConsumerPut, Version
from worker.postgres.rows import literal, records

# The sort stands below the locking in these plans: rows are locked in its order, and gathered after it. A row that has
# moved while it was waited for is compared with the condition again: a subquery is evaluated once for all of them, the
# bare cast would read the whole text again for each (half a millisecond for 400 rows).
LOCK_PROVIDERS = text("""
    SELECT array_agg(uuid::text), array_agg(id), array_agg(generation) FROM (
        SELECT uuid, id, generation FROM providers
        WHERE uuid = ANY (CAST((SELECT CAST(CAST(:ids AS text) AS uuid[])) AS uuid[]))
        ORDER BY uuid FOR NO KEY UPDATE) AS locked
""")

LOCK_CONSUMERS = text("""
    SELECT array_agg(uuid::text), array_agg(id), array_agg(generation) FROM (
        SELECT uuid, id, generation FROM consumers
        WHERE uuid = ANY (CAST((SELECT CAST(CAST(:ids AS text) AS uuid[])) AS uuid[]))
        ORDER BY uuid FOR NO KEY UPDATE) AS locked
""")

INSERT_CONSUMERS = text("""
    WITH made AS (
        INSERT INTO consumers (uuid, project, "user", type, generation)
        SELECT * FROM ROWS FROM (
            unnest(CAST(CAST(:ids AS text) AS uuid[])), json_array_elements_text(CAST(CAST(:projects AS text) AS json)),
            json_array_elements_text(CAST(CAST(:users AS text) AS json)),
            json_array_elements_text(CAST(CAST(:types AS text) AS json)),
            unnest(CAST(CAST(:generations AS text) AS bigint[]))) AS new (uuid)
        ORDER BY uuid
        ON CONFLICT (uuid) DO NOTHING RETURNING uuid, id
    )
    SELECT array_agg(uuid::text), array_agg(id) FROM made
""")

# Out of order already, so these never wait: whoever holds one makes the whole transaction begin again.
LOCK_LATECOMERS = text("""
    SELECT uuid::text, id, generation FROM consumers
    WHERE uuid = ANY (CAST((SELECT CAST(CAST(:ids AS text) AS uuid[])) AS uuid[]))
    ORDER BY uuid FOR NO KEY UPDATE SKIP LOCKED
""")


async def lock_providers(connection: AsyncConnection, ids: Iterable[ProviderId]) -> dict[ProviderId, Version]:
    """Lock these providers; the versions of those that exist."""
    locked = await connection.execute(LOCK_PROVIDERS, {"ids": literal(sorted(ids))})
    return {uuid: (row, generation) for uuid, row, generation in records(locked.one())}


async def lock_consumers(connection: AsyncConnection, ids: Iterable[ConsumerId]) -> dict[ConsumerId, Version]:
    """Lock these consumers; the versions of those that exist."""
    locked = await connection.execute(LOCK_CONSUMERS, {"ids": literal(sorted(ids))})
    return {uuid: (row, generation) for uuid, row, generation in records(locked.one())}


async def insert_consumers(connection: AsyncConnection, new: Sequence[ConsumerPut]) -> dict[ConsumerId, RowId]:
    """Insert consumers, which locks them; the row ids of those that did not exist, without the others."""
    made = await connection.execute(INSERT_CONSUMERS, _columns(new))
    return dict(records(made.one()))


async def lock_latecomers(connection: AsyncConnection, ids: Collection[ConsumerId]) -> dict[ConsumerId, Version]:
    """Lock consumers that appeared between the read and the insert, without waiting. Raises `Conflict`."""
    rows = await connection.execute(LOCK_LATECOMERS, {"ids": literal(sorted(ids))})
    found = {ConsumerId(uuid): (RowId(row), int(generation)) for uuid, row, generation in rows}
    if len(found) < len(ids):
        raise Conflict(f"{len(ids) - len(found)} new consumers are in another worker's hands")
    return found


def _columns(puts: Sequence[ConsumerPut]) -> dict[str, object]:
    return {
        "ids": literal([put.id for put in puts]),
        "projects": json.dumps([put.project for put in puts]),
        "users": json.dumps([put.user for put in puts]),
        "types": json.dumps([put.type for put in puts]),
        "generations": literal([put.generation_to for put in puts]),
    }
