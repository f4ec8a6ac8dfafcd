"""The lock phase: providers by id, then consumers by id, then new consumers in order of id. Nothing out of order."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from worker.faults import Conflict
from worker.placement.ids import ConsumerId, ProviderId, RowId
from worker.placement.plan import ConsumerPut, Version
from worker.postgres.rows import literal, records

# One statement, whose parts run in order: each counts the rows of the one above before it begins. Within a part the
# sort stands below the locking: rows are locked in its order. A row that has moved while it was waited for is compared
# with the condition again: a subquery is evaluated once for all of them, the bare cast would read the whole text again
# for each (half a millisecond for 400 rows).
LOCK = text("""
    WITH provider AS MATERIALIZED (
        SELECT uuid, id, generation FROM providers
        WHERE uuid = ANY (CAST((SELECT CAST(CAST(:providers AS text) AS uuid[])) AS uuid[]))
        ORDER BY uuid FOR NO KEY UPDATE
    ),
    consumer AS MATERIALIZED (
        SELECT uuid, id, generation FROM consumers
        WHERE (SELECT count(*) FROM provider) >= 0
        AND uuid = ANY (CAST((SELECT CAST(CAST(:consumers AS text) AS uuid[])) AS uuid[]))
        ORDER BY uuid FOR NO KEY UPDATE
    ),
    made AS (
        INSERT INTO consumers (uuid, project, "user", type, generation)
        SELECT * FROM ROWS FROM (
            unnest(CAST(CAST(:ids AS text) AS uuid[])), json_array_elements_text(CAST(CAST(:projects AS text) AS json)),
            json_array_elements_text(CAST(CAST(:users AS text) AS json)),
            json_array_elements_text(CAST(CAST(:types AS text) AS json)),
            unnest(CAST(CAST(:generations AS text) AS bigint[]))) AS new (uuid)
        WHERE (SELECT count(*) FROM consumer) >= 0
        ORDER BY uuid
        ON CONFLICT (uuid) DO NOTHING RETURNING uuid, id
    )
    SELECT p.*, c.*, m.* FROM
    (SELECT array_agg(uuid::text), array_agg(id), array_agg(generation) FROM provider) AS p,
    (SELECT array_agg(uuid::text), array_agg(id), array_agg(generation) FROM consumer) AS c,
    (SELECT array_agg(uuid::text), array_agg(id) FROM made) AS m
""")

# Out of order already, so these never wait: whoever holds one makes the whole transaction begin again.
LOCK_LATECOMERS = text("""
    SELECT uuid::text, id, generation FROM consumers
    WHERE uuid = ANY (CAST((SELECT CAST(CAST(:ids AS text) AS uuid[])) AS uuid[]))
    ORDER BY uuid FOR NO KEY UPDATE SKIP LOCKED
""")


@dataclass(frozen=True, slots=True)
class Taken:
    """The versions of what was there, and the row ids of consumers that were not and now are."""

    providers: dict[ProviderId, Version]
    consumers: dict[ConsumerId, Version]
    inserted: dict[ConsumerId, RowId]


async def lock(
    connection: AsyncConnection,
    providers: Collection[ProviderId],
    consumers: Collection[ConsumerId],
    new: Sequence[ConsumerPut],
) -> Taken:
    """Lock these providers and consumers, then insert `new` ones, which locks them; what exists is not inserted."""
    if not providers and not consumers and not new:
        return Taken({}, {}, {})
    asked = {"providers": literal(sorted(providers)), "consumers": literal(sorted(consumers))}
    row = (await connection.execute(LOCK, asked | _columns(new))).one()
    return Taken(
        {uuid: (row, generation) for uuid, row, generation in records(row[:3])},
        {uuid: (row, generation) for uuid, row, generation in records(row[3:6])},
        dict(records(row[6:])),
    )


async def lock_latecomers(connection: AsyncConnection, ids: Collection[ConsumerId]) -> dict[ConsumerId, Version]:
    """Lock consumers that appeared between the read and the insert, without waiting. Raises `Conflict`."""
    rows = await connection.execute(LOCK_LATECOMERS, {"ids": literal(sorted(ids))})
    found = {ConsumerId(uuid): (RowId(row), int(generation)) for uuid, row, generation in rows}
    if len(found) < len(ids):
        raise Conflict(f"{len(ids) - len(found)} new consumers are in another worker's hands")
    return found


def _columns(puts: Sequence[ConsumerPut]) -> dict[str, str]:
    return {
        "ids": literal([put.id for put in puts]),
        "projects": json.dumps([put.project for put in puts]),
        "users": json.dumps([put.user for put in puts]),
        "types": json.dumps([put.type for put in puts]),
        "generations": literal([put.generation_to for put in puts]),
    }
