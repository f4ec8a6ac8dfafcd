"""The inbox: one row a claim, written with the claim's effect, so that a claim takes effect once.

It is the outbox too: `types` (routing keys, joined by commas) and `bodies` (compact JSON, joined by newlines, of which
compact JSON has none) are the claim's events, published again as they are when the claim is delivered again.

Whether events were confirmed is not marked on the rows: that would write each of them twice. A transaction adds one
row to `inbox_unconfirmed` instead, and the row is deleted once all its events are confirmed; what stays there for
minutes lost its delivery as well, and is swept. A row's `recorded_at` is that of its batch (now() of one transaction),
hence (recorded_at, batch) finds a batch's claims, and the same index finds old rows for ageing.
"""

import json
from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from worker.messages import Record, Recorded, SweptBatch
from worker.placement.ids import ClaimId
from worker.postgres.rows import literal

# A known outcome is told again only after this commit. That has to wait for a synchronous standby as the first one had
# to: after a crash the primary shows what the standby never got. A commit that has written nothing waits for nobody.
KEEP_FRESH = text("""
    WITH settled AS (DELETE FROM inbox_unconfirmed WHERE batch = ANY (CAST(:confirmed AS bigint[])))
    SELECT claim_id::text, fingerprint, types, bodies, correlation_id, pg_logical_emit_message(true, 'inbox', '')
    FROM inbox WHERE claim_id = ANY (CAST(CAST(:claims AS text) AS uuid[]))
""")

# Part of the statement that writes what the batch's claims change (`write_last`). The key of the table is a conflict
# where another worker has decided one of the claims.
RECORDED = """
    this AS MATERIALIZED (SELECT nextval('inbox_batches') AS batch WHERE CAST(:claims AS text) <> '{}'),
    recorded AS (
        INSERT INTO inbox (claim_id, fingerprint, types, bodies, correlation_id, batch)
        SELECT given.*, this.batch
        FROM ROWS FROM (
            unnest(CAST(CAST(:claims AS text) AS uuid[])), unnest(CAST(:fingerprints AS bytea[])),
            json_array_elements_text(CAST(CAST(:types AS text) AS json)), unnest(CAST(:bodies AS bytea[])),
            json_array_elements_text(CAST(CAST(:correlation_ids AS text) AS json))) AS given (claim_id), this
        ORDER BY given.claim_id
    ),
    unconfirmed AS (INSERT INTO inbox_unconfirmed (batch) SELECT batch FROM this)
"""

# What one sweep takes is left alone by others for as long again, which is its time to get the events confirmed.
SWEEP = text("""
    WITH swept AS (
        UPDATE inbox_unconfirmed SET swept_at = now() WHERE batch = ANY (ARRAY(
            SELECT batch FROM inbox_unconfirmed
            WHERE coalesce(swept_at, recorded_at) < now() - CAST(:older_than AS interval)
            ORDER BY batch LIMIT :limit FOR UPDATE SKIP LOCKED))
        RETURNING batch, recorded_at
    )
    SELECT claim_id::text, fingerprint, types, bodies, correlation_id, batch
    FROM swept JOIN inbox USING (recorded_at, batch) ORDER BY batch, claim_id
""")

CONFIRM = text("DELETE FROM inbox_unconfirmed WHERE batch = ANY (CAST(:batches AS bigint[]))")

PRUNE = text("""
    DELETE FROM inbox WHERE claim_id IN (
        SELECT claim_id FROM inbox
        WHERE recorded_at < now() - CAST(:older_than AS interval)
        AND NOT EXISTS (SELECT FROM inbox_unconfirmed AS open WHERE open.batch = inbox.batch)
        ORDER BY recorded_at, batch LIMIT :limit FOR UPDATE SKIP LOCKED
    )
""")


async def keep_fresh(
    connection: AsyncConnection, claims: Sequence[ClaimId], confirmed: Sequence[int]
) -> dict[ClaimId, Recorded]:
    """The outcomes that some of `claims` have already; the batches `confirmed` need no sweeping any more."""
    rows = await connection.execute(KEEP_FRESH, {"claims": literal(claims), "confirmed": sorted(confirmed)})
    return {ClaimId(row[0]): _recorded(row) for row in rows}


def recorded(records: Sequence[Record]) -> dict[str, object]:
    """The parameters of `RECORDED`."""
    return {
        "claims": literal([one.claim for one in records]),
        "fingerprints": [one.fingerprint for one in records],
        "types": json.dumps([",".join(one.types) for one in records]),
        "bodies": [b"\n".join(one.bodies) for one in records],
        "correlation_ids": json.dumps([one.correlation_id for one in records]),
    }


async def sweep(connection: AsyncConnection, older_than: timedelta, limit: int) -> list[SweptBatch]:
    """At most `limit` batches left unconfirmed for longer than `older_than`, and not swept within that time either."""
    rows = await connection.execute(SWEEP, {"older_than": older_than, "limit": limit})
    return [
        SweptBatch(batch, tuple(_recorded(row) for row in batch_rows))
        for batch, batch_rows in groupby(rows, key=lambda row: int(row[5]))
    ]


async def confirm(connection: AsyncConnection, batches: Sequence[int]) -> None:
    """Mark all events of these batches confirmed."""
    await connection.execute(CONFIRM, {"batches": sorted(batches)})


async def prune(connection: AsyncConnection, older_than: timedelta, limit: int) -> int:
    """Delete at most `limit` confirmed outcomes older than `older_than`; how many it were."""
    return (await connection.execute(PRUNE, {"older_than": older_than, "limit": limit})).rowcount


def _recorded(row: Sequence[Any]) -> Recorded:
    claim, fingerprint, types, bodies, correlation_id = row[:5]
    return Recorded(ClaimId(claim), fingerprint, tuple(types.split(",")), tuple(bodies.split(b"\n")), correlation_id)
