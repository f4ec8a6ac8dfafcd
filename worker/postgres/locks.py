"""The lock phase: providers by id, then consumers by id, then new consumers in order of id. Nothing out of order."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from worker.faults import Conflict
from worker.placement.ids import ConsumerId, ProviderId, RowId
from worker.placement.plan import ConsumerPut, Version
from worker.postgres.rows import Fields, literal, records


def _lock(table: str) -> TextClause:
    """Rows of one table, and then new consumers: the insert counts the rows, hence they are locked by then.

    The sort stands below the locking: rows are locked in its order. A row that has moved while it was waited for is
    compared with the condition again: a subquery is evaluated once for all of them, the bare cast would read the whole
    text again for each (half a millisecond for 400 rows).
    """
    return text(f"""
    WITH locked AS MATERIALIZED (
        SELECT uuid, id, generation FROM {table}
        WHERE uuid = ANY (CAST((SELECT CAST(CAST(:ids AS text) AS uuid[])) AS uuid[]))
        ORDER BY uuid FOR NO KEY UPDATE
    ),
    made AS (
        INSERT INTO consumers (uuid, project, "user", type, generation)
        SELECT * FROM ROWS FROM (
            unnest(CAST(CAST(:new AS text) AS uuid[])), json_array_elements_text(CAST(CAST(:projects AS text) AS json)),
            json_array_elements_text(CAST(CAST(:users AS text) AS json)),
            json_array_elements_text(CAST(CAST(:types AS text) AS json)),
            unnest(CAST(CAST(:generations AS text) AS bigint[]))) AS new (uuid)
        WHERE (SELECT count(*) FROM locked) >= 0
        ORDER BY uuid
        ON CONFLICT (uuid) DO NOTHING RETURNING uuid, id
    )
    SELECT l.*, m.* FROM
    (SELECT array_agg(uuid::text), array_agg(id), array_agg(generation) FROM locked) AS l,
    (SELECT array_agg(uuid::text), array_agg(id) FROM made) AS m
    """)  # noqa: S608 - the two names below


LOCK_PROVIDERS, LOCK_CONSUMERS = _lock("providers"), _lock("consumers")

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
    """Lock these providers and consumers, then insert `new` ones, which locks them; what exists is not inserted.

    Consumers are locked by a statement of their own: one does not see what is committed while it waits, and whoever
    held the providers may have made some of them.
    """
    last = not consumers
    held = await _take(connection, LOCK_PROVIDERS, providers, new if last else ())
    more = await _take(connection, LOCK_CONSUMERS, consumers, () if last else new)
    inserted = held if last else more
    return Taken(_versions(held), _versions(more), dict(records(inserted[3:])))


async def _take(
    connection: AsyncConnection, statement: TextClause, ids: Collection[str], new: Sequence[ConsumerPut]
) -> Fields:
    if not ids and not new:
        return (None,) * 5
    return (await connection.execute(statement, {"ids": literal(sorted(ids))} | _columns(new))).one()


def _versions(taken: Fields) -> dict[Any, Version]:
    return {uuid: (row, generation) for uuid, row, generation in records(taken[:3])}


async def lock_latecomers(connection: AsyncConnection, ids: Collection[ConsumerId]) -> dict[ConsumerId, Version]:
    """Lock consumers that appeared between the read and the insert, without waiting. Raises `Conflict`."""
    rows = await connection.execute(LOCK_LATECOMERS, {"ids": literal(sorted(ids))})
    found = {ConsumerId(uuid): (RowId(row), int(generation)) for uuid, row, generation in rows}
    if len(found) < len(ids):
        raise Conflict(f"{len(ids) - len(found)} new consumers are in another worker's hands")
    return found


def _columns(puts: Sequence[ConsumerPut]) -> dict[str, str]:
    return {
        "new": literal([put.id for put in puts]),
        "projects": json.dumps([put.project for put in puts]),
        "users": json.dumps([put.user for put in puts]),
        "types": json.dumps([put.type for put in puts]),
        "generations": literal([put.generation_to for put in puts]),
    }
