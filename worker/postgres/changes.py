"""What each transaction has changed, told to the resident views; and how long that is kept.

A row a transaction, under its id. What a view has not seen by then was of a transaction that had not ended or not
begun; it asks for exactly those, so nothing is missed in whatever order transactions commit, and nothing is asked for
twice while an old one stays open. `changes_trimmed` says how far rows were ever deleted: whoever might need one of
them sees it in the statement that looks for news, and begins anew.
"""

from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from worker.placement.ids import RowId
from worker.placement.plan import Writes

KEPT = timedelta(minutes=10)
"""For workers that are slow or paused: they ask before each batch."""

KEPT_MIN = 1_000
"""The newest are kept whatever their age, so that a worker is up to date after a quiet time."""

# A transaction that is still open may not have been seen by anybody: nothing from its id on is deleted, nor from the
# first young one on, so that what stays is not read. A row from the future was restored from another server's dump,
# whose transactions were numbered otherwise; so was such a mark.
TRIM = text("""
    WITH bounds AS MATERIALIZED (
        SELECT CAST(pg_snapshot_xmin(pg_current_snapshot())::text AS bigint) AS oldest,
               CAST(pg_snapshot_xmax(pg_current_snapshot())::text AS bigint) AS future,
               (SELECT xid FROM changes WHERE at >= now() - CAST(:kept AS interval) ORDER BY xid LIMIT 1) AS young,
               (SELECT min(xid) FROM (SELECT xid FROM changes ORDER BY xid DESC LIMIT :kept_min) AS newest) AS newest
    ),
    gone AS (
        DELETE FROM changes WHERE xid = ANY (ARRAY(
            SELECT xid FROM (SELECT xid FROM changes WHERE xid < (SELECT least(oldest, young, newest) FROM bounds)
                             ORDER BY xid LIMIT :limit FOR UPDATE SKIP LOCKED) AS old
            UNION ALL SELECT xid FROM changes WHERE xid >= (SELECT future FROM bounds)))
        RETURNING xid
    ),
    trimmed AS MATERIALIZED (SELECT max(xid) AS up_to FROM gone WHERE xid < (SELECT oldest FROM bounds)),
    marked AS (
        UPDATE changes_trimmed AS mark
        SET up_to = CASE WHEN mark.up_to < future THEN greatest(mark.up_to, trimmed.up_to) ELSE trimmed.up_to END
        FROM trimmed, bounds WHERE trimmed.up_to IS NOT NULL
    )
    SELECT count(*) FROM gone
""")


def changed_providers(writes: Writes) -> list[RowId]:
    """The row ids of all providers that these writes make, change or delete, sorted."""
    changed = {one.row for one in writes.providers_advanced}
    changed.update(one.row for one in writes.providers_created)
    changed.update(one.row for one in writes.providers_edited)
    changed.update(row for row, _ in writes.providers_deleted)
    changed.update(one.provider for one in writes.used_put)
    changed.update(one.provider for one in writes.inventories_put)
    changed.update(row for row, _ in writes.inventories_deleted)
    for links in (writes.traits_linked, writes.traits_unlinked, writes.aggregates_linked, writes.aggregates_unlinked):
        changed.update(row for row, _ in links)
    return sorted(changed)


async def trim(connection: AsyncConnection, limit: int, kept: timedelta = KEPT, kept_min: int = KEPT_MIN) -> int:
    """Delete at most `limit` changes that are older than `kept` and not of the newest `kept_min`; how many it were."""
    given = {"limit": limit, "kept": kept, "kept_min": kept_min}
    return int((await connection.execute(TRIM, given)).scalar_one())
