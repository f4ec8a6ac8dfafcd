"""Writes what every granted claim changes: allocations, the counters they add up to, and providers' generations.

Which providers a transaction has changed is told to the resident views in the same statement.
"""

from collections.abc import Mapping

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from worker.faults import Conflict
from worker.placement.ids import ConsumerId, RowId
from worker.placement.plan import Writes
from worker.postgres.changes import changed_providers
from worker.postgres.rows import literal

# Classes are resolved before counters, so that no plan can begin with all inventories of a class.
WRITE_HELD = text("""
    WITH advanced AS (
        UPDATE providers AS p SET generation = new.generation, updated_at = now()
        FROM unnest(CAST(CAST(:rows AS text) AS bigint[]), CAST(CAST(:before AS text) AS bigint[]),
                    CAST(CAST(:after AS text) AS bigint[])) AS new (id, before, generation)
        WHERE p.id = new.id AND p.generation = new.before
        RETURNING 1
    ),
    counter AS MATERIALIZED (
        SELECT given.provider, c.id AS class, given.used
        FROM unnest(CAST(CAST(:counted_rows AS text) AS bigint[]), CAST(CAST(:counted_classes AS text) AS text[]),
                    CAST(CAST(:useds AS text) AS bigint[])) AS given (provider, name, used)
        JOIN resource_classes AS c ON c.name = given.name
    ),
    counted AS (
        UPDATE inventories AS i SET used = counter.used
        FROM counter WHERE i.provider = counter.provider AND i.class = counter.class
        RETURNING 1
    ),
    held AS MATERIALIZED (
        SELECT new.consumer, new.provider, c.id AS class, new.amount, new.place <= CAST(:firsts AS bigint) AS first
        FROM unnest(CAST(CAST(:consumers AS text) AS bigint[]), CAST(CAST(:providers AS text) AS bigint[]),
                    CAST(CAST(:classes AS text) AS text[]), CAST(CAST(:amounts AS text) AS integer[]))
             WITH ORDINALITY AS new (consumer, provider, name, amount, place)
        JOIN resource_classes AS c ON c.name = new.name
    ),
    made AS (
        INSERT INTO allocations (consumer, provider, class, amount)
        SELECT consumer, provider, class, amount FROM held WHERE first
        RETURNING 1
    ),
    put AS (
        INSERT INTO allocations (consumer, provider, class, amount)
        SELECT consumer, provider, class, amount FROM held WHERE NOT first
        ON CONFLICT (consumer, provider, class) DO UPDATE SET amount = excluded.amount
        RETURNING 1
    ),
    told AS (
        INSERT INTO changes (providers, everything)
        SELECT CAST(CAST(:changed AS text) AS bigint[]), CAST(:everything AS boolean)
    )
    SELECT (SELECT count(*) FROM advanced), (SELECT count(*) FROM counted),
           (SELECT count(*) FROM made) + (SELECT count(*) FROM put)
""")


async def write_held(connection: AsyncConnection, writes: Writes, rows: Mapping[ConsumerId, RowId]) -> None:
    """Advance providers, set counters, insert or overwrite allocations of consumers whose row ids are given.

    Tells of every provider that `writes` changes, be it by another statement.
    Raises `Conflict` where something is not as planned.
    """
    planned = (len(writes.providers_advanced), len(writes.used_put), len(writes.allocations_put))
    changed, everything = changed_providers(writes), bool(writes.classes_renamed)
    if not any(planned) and not changed and not everything:
        return
    told = {"changed": literal(changed), "everything": everything}
    written = (await connection.execute(WRITE_HELD, _columns(writes, rows) | told)).one()
    if tuple(written) != planned:
        raise Conflict(f"providers advanced, counters and allocations put: {tuple(written)} written, {planned} planned")


def _columns(writes: Writes, rows: Mapping[ConsumerId, RowId]) -> dict[str, object]:
    advanced, counters = writes.providers_advanced, writes.used_put
    new = {one.id for one in writes.consumers_put if one.row is None}
    firsts = [one for one in writes.allocations_put if one.consumer in new]
    put = firsts + [one for one in writes.allocations_put if one.consumer not in new]
    return {
        "firsts": len(firsts),
        "rows": literal([one.row for one in advanced]),
        "before": literal([one.generation_from for one in advanced]),
        "after": literal([one.generation_to for one in advanced]),
        "counted_rows": literal([one.provider for one in counters]),
        "counted_classes": literal([one.resource_class for one in counters]),
        "useds": literal([one.used for one in counters]),
        "consumers": literal([rows[one.consumer] for one in put]),
        "providers": literal([one.provider for one in put]),
        "classes": literal([one.resource_class for one in put]),
        "amounts": literal([one.amount for one in put]),
    }
