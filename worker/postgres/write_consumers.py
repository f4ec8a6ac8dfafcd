"""Writes consumers and what they hold."""

from collections.abc import Mapping, Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from worker.faults import Conflict
from worker.placement.ids import ConsumerId, RowId
from worker.placement.plan import ConsumerPut, Writes
from worker.postgres.guard import write_rows
from worker.postgres.locks import lock
from worker.postgres.rows import columns

Inserted = Mapping[ConsumerId, tuple[RowId, ConsumerPut]]
"""The consumers that the lock phase inserted: their row ids, and the values they were given."""

UPDATE = text("""
    UPDATE consumers AS c SET project = new.project, "user" = new."user", type = new.type, generation = new.generation
    FROM unnest(CAST(:rows AS bigint[]), CAST(:before AS bigint[]), CAST(:after AS bigint[]),
                CAST(:projects AS text[]), CAST(:users AS text[]), CAST(:types AS text[]))
         AS new (id, before, generation, project, "user", type)
    WHERE c.id = new.id AND c.generation = new.before
""")

DELETE = text("""
    DELETE FROM consumers AS c
    USING unnest(CAST(:rows AS bigint[]), CAST(:generations AS bigint[])) AS gone (id, generation)
    WHERE c.id = gone.id AND c.generation = gone.generation
""")

# Classes are resolved first, so that no plan can begin with all allocations of a class.
DELETE_ALLOCATIONS = text("""
    WITH gone AS MATERIALIZED (
        SELECT given.consumer, given.provider, c.id AS class
        FROM unnest(CAST(:consumers AS bigint[]), CAST(:rows AS bigint[]), CAST(:classes AS text[]))
             AS given (consumer, provider, name)
        JOIN resource_classes AS c ON c.name = given.name
    )
    DELETE FROM allocations AS a USING gone
    WHERE a.consumer = gone.consumer AND a.provider = gone.provider AND a.class = gone.class
""")


async def delete_allocations(connection: AsyncConnection, writes: Writes) -> None:
    """Give back what is held no more; before the inventories and consumers they refer to."""
    gone = columns(
        writes.allocations_deleted,
        consumers=lambda key: key[0],
        rows=lambda key: key[1],
        classes=lambda key: key[2],
    )
    await write_rows(connection, DELETE_ALLOCATIONS, gone, "allocations deleted")


async def write_consumers(connection: AsyncConnection, writes: Writes, inserted: Inserted) -> dict[ConsumerId, RowId]:
    """Bring consumers to what the plan says, whatever the lock phase inserted; the row ids of those that stay.

    An inserted consumer that the plan leaves out is deleted; one that it wants otherwise is updated.
    """
    wanted = {put.id for put in writes.consumers_put}
    unwanted = [(row, put.generation_to) for name, (row, put) in inserted.items() if name not in wanted]
    gone = columns((*writes.consumers_deleted, *unwanted), rows=lambda pair: pair[0], generations=lambda pair: pair[1])
    await write_rows(connection, DELETE, gone, "consumers deleted")
    await _update(connection, writes.consumers_put, inserted)
    missing = [put for put in writes.consumers_put if put.row is None and put.id not in inserted]
    late = (await lock(connection, (), (), missing)).inserted
    if len(late) < len(missing):
        raise Conflict(f"{len(missing) - len(late)} consumers exist already")
    there = {put.id: put.row for put in writes.consumers_put if put.row is not None}
    return there | {name: row for name, (row, _) in inserted.items() if name in wanted} | late


async def _update(connection: AsyncConnection, puts: Sequence[ConsumerPut], inserted: Inserted) -> None:
    changed = [_versioned(put, inserted) for put in puts if put.row is not None or _differs(put, inserted)]
    given = columns(
        changed,
        rows=lambda one: one[0],
        before=lambda one: one[1],
        after=lambda one: one[2].generation_to,
        projects=lambda one: one[2].project,
        users=lambda one: one[2].user,
        types=lambda one: one[2].type,
    )
    await write_rows(connection, UPDATE, given, "consumers updated")


def _differs(put: ConsumerPut, inserted: Inserted) -> bool:
    return put.id in inserted and inserted[put.id][1] != put


def _versioned(put: ConsumerPut, inserted: Inserted) -> tuple[RowId, int | None, ConsumerPut]:
    if put.row is not None:
        return put.row, put.generation_from, put
    row, before = inserted[put.id]
    return row, before.generation_to, put
