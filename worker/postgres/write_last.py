"""The last statement of a batch: what every granted claim changes, and the outcomes of all.

Allocations, the counters they add up to and providers' generations are written, which providers the transaction has
changed is told to the resident views, and the outcomes go to the inbox: together, since each statement is a round trip
more in which others wait for the locks.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from worker.faults import Conflict
from worker.messages import Record
from worker.placement.ids import ConsumerId, ResourceClass, RowId
from worker.placement.plan import AllocationPut, Writes
from worker.postgres import inbox
from worker.postgres.changes import changed_providers
from worker.postgres.rows import literal

# Classes are looked up once, and the rows say by its place which of them they are of: joined to every row, they cost a
# tenth of the statement. Where one of them is gone nothing is inserted, which is fewer rows than planned.
WRITE_LAST = text(f"""
    WITH class AS MATERIALIZED (
        SELECT array_agg((SELECT id FROM resource_classes WHERE name = given.name) ORDER BY place) AS ids
        FROM unnest(CAST(CAST(:names AS text) AS text[])) WITH ORDINALITY AS given (name, place)
    ),
    advanced AS (
        UPDATE providers AS p SET generation = new.generation, updated_at = now()
        FROM unnest(CAST(CAST(:rows AS text) AS bigint[]), CAST(CAST(:before AS text) AS bigint[]),
                    CAST(CAST(:after AS text) AS bigint[])) AS new (id, before, generation)
        WHERE p.id = new.id AND p.generation = new.before
        RETURNING 1
    ),
    counted AS (
        UPDATE inventories AS i SET used = new.used
        FROM unnest(CAST(CAST(:counted_rows AS text) AS bigint[]), CAST(CAST(:counted_classes AS text) AS integer[]),
                    CAST(CAST(:useds AS text) AS bigint[])) AS new (provider, class, used)
        WHERE i.provider = new.provider AND i.class = ((SELECT ids FROM class))[new.class]
        RETURNING 1
    ),
    made AS (
        INSERT INTO allocations (consumer, provider, class, amount)
        SELECT consumer, provider, ((SELECT ids FROM class))[class], amount
        FROM unnest(CAST(CAST(:new_consumers AS text) AS bigint[]), CAST(CAST(:new_providers AS text) AS bigint[]),
                    CAST(CAST(:new_classes AS text) AS integer[]), CAST(CAST(:new_amounts AS text) AS integer[]))
             AS new (consumer, provider, class, amount)
        WHERE (SELECT array_position(ids, NULL) IS NULL FROM class)
        RETURNING 1
    ),
    put AS (
        INSERT INTO allocations (consumer, provider, class, amount)
        SELECT consumer, provider, ((SELECT ids FROM class))[class], amount
        FROM unnest(CAST(CAST(:consumers AS text) AS bigint[]), CAST(CAST(:providers AS text) AS bigint[]),
                    CAST(CAST(:classes AS text) AS integer[]), CAST(CAST(:amounts AS text) AS integer[]))
             AS new (consumer, provider, class, amount)
        WHERE (SELECT array_position(ids, NULL) IS NULL FROM class)
        ON CONFLICT (consumer, provider, class) DO UPDATE SET amount = excluded.amount
        RETURNING 1
    ),
    told AS (
        INSERT INTO changes (providers, everything)
        SELECT CAST(CAST(:changed AS text) AS bigint[]), CAST(:everything AS boolean)
        WHERE CAST(:everything AS boolean) OR CAST(:changed AS text) <> '{{}}'
    ),
    {inbox.RECORDED}
    SELECT (SELECT count(*) FROM advanced), (SELECT count(*) FROM counted),
           (SELECT count(*) FROM made) + (SELECT count(*) FROM put), (SELECT batch FROM this)
""")  # noqa: S608 - a text of ours


async def write_last(
    connection: AsyncConnection, writes: Writes, rows: Mapping[ConsumerId, RowId], records: Sequence[Record]
) -> int | None:
    """Advance providers, set counters, insert or overwrite allocations of consumers whose row ids are given.

    Tells of every provider that `writes` changes, be it by another statement. Keeps outcomes: the number of the batch
    that they make, to be confirmed later; None without any. Raises `Conflict` where something is not as planned, or
    where another worker has decided one of the claims.
    """
    planned = (len(writes.providers_advanced), len(writes.used_put), len(writes.allocations_put))
    changed, everything = changed_providers(writes), bool(writes.classes_renamed)
    if not any(planned) and not changed and not everything and not records:
        return None
    told = {"changed": literal(changed), "everything": everything}
    given = _columns(writes, rows) | told | inbox.recorded(records)
    *written, batch = (await connection.execute(WRITE_LAST, given)).one()
    if tuple(written) != planned:
        raise Conflict(f"providers advanced, counters and allocations put: {tuple(written)} written, {planned} planned")
    return None if batch is None else int(batch)


def _columns(writes: Writes, rows: Mapping[ConsumerId, RowId]) -> dict[str, object]:
    advanced, counters = writes.providers_advanced, writes.used_put
    new = {one.id for one in writes.consumers_put if one.row is None}
    names = {one.resource_class for one in counters} | {one.resource_class for one in writes.allocations_put}
    places = {name: place for place, name in enumerate(sorted(names), 1)}
    first = [one for one in writes.allocations_put if one.consumer in new]
    other = [one for one in writes.allocations_put if one.consumer not in new]
    return {
        "names": literal(places),
        "rows": literal([one.row for one in advanced]),
        "before": literal([one.generation_from for one in advanced]),
        "after": literal([one.generation_to for one in advanced]),
        "counted_rows": literal([one.provider for one in counters]),
        "counted_classes": literal([places[one.resource_class] for one in counters]),
        "useds": literal([one.used for one in counters]),
        **{f"new_{name}": column for name, column in _allocations(first, rows, places).items()},
        **_allocations(other, rows, places),
    }


def _allocations(
    put: Sequence[AllocationPut], rows: Mapping[ConsumerId, RowId], places: Mapping[ResourceClass, int]
) -> dict[str, str]:
    return {
        "consumers": literal([rows[one.consumer] for one in put]),
        "providers": literal([one.provider for one in put]),
        "classes": literal([places[one.resource_class] for one in put]),
        "amounts": literal([one.amount for one in put]),
    }
