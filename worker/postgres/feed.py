"""What the resident views read: all providers in portions at first, and then what other transactions have changed."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from worker.placement.feed import Feed, Horizon
from worker.placement.plan import Version
from worker.postgres.provider_rows import COMPLETE, SELECTED, complete_rows
from worker.postgres.rows import literal

CHANGED_MAX = 10_000
"""Where more have changed, reading all in portions is the better bargain."""

PORTION = 2_000
"""Providers of one statement of a full load: more are not faster, and hold up the loop for longer than 0.1 s."""

# What this statement cannot see yet: transactions that have not begun, those that are open, and its own.
SEEN = """
    CAST(pg_snapshot_xmax(pg_current_snapshot())::text AS bigint),
    ARRAY(SELECT CAST(xid::text AS bigint) FROM pg_snapshot_xip(pg_current_snapshot()) AS xid),
    CAST(pg_current_xact_id_if_assigned()::text AS bigint)
"""

REFRESH = text(f"""
    WITH news AS MATERIALIZED (
        SELECT providers, everything FROM changes
        WHERE xid >= CAST(:ahead AS bigint) OR xid = ANY (CAST(:open AS bigint[]))
    ),
    changed AS MATERIALIZED (SELECT DISTINCT unnest(providers) AS id FROM news),
    verdict AS MATERIALIZED (
        SELECT EXISTS (SELECT FROM news WHERE everything)
            OR (SELECT count(*) FROM changed) > {CHANGED_MAX}
            OR NOT EXISTS (SELECT FROM changes_trimmed WHERE up_to < CAST(:oldest AS bigint)
                           OR up_to >= CAST(pg_snapshot_xmax(pg_current_snapshot())::text AS bigint)) AS whole
    ),
    known AS MATERIALIZED (
        SELECT p.id FROM unnest(CAST(CAST(:known_rows AS text) AS bigint[]),
                                CAST(CAST(:known_generations AS text) AS bigint[])) AS known (id, generation)
        JOIN providers AS p ON p.id = known.id AND p.generation = known.generation
    ),
    chosen AS MATERIALIZED (
        SELECT id FROM changed WHERE NOT (SELECT whole FROM verdict) AND id <> ALL (ARRAY(SELECT id FROM known))
    )
    SELECT {SEEN}, whole, ARRAY(SELECT id FROM chosen ORDER BY id), {SELECTED} FROM verdict, {COMPLETE}
""")  # noqa: S608 - a number and texts of ours

LOAD = text(f"""
    WITH chosen AS MATERIALIZED (SELECT id FROM providers WHERE id > CAST(:after AS bigint) ORDER BY id LIMIT :portion)
    SELECT {SEEN}, {SELECTED} FROM {COMPLETE}
""")  # noqa: S608 - texts of ours


async def refresh(connection: AsyncConnection, since: Horizon, known: Sequence[Version] = ()) -> Feed:
    """What was committed since that horizon, as it is now, without the rows that are as `known`."""
    ahead, still_open = _read(since)
    asked = {
        "ahead": ahead,
        "open": still_open,
        "oldest": min(still_open, default=ahead),
        "known_rows": literal(row for row, _ in known),
        "known_generations": literal(generation for _, generation in known),
    }
    row = (await connection.execute(REFRESH, asked)).one()
    whole, named = row[3], row[4]
    rows = complete_rows(row[5:])
    there = {one.row for one in rows}
    return Feed(horizon=_horizon(row), rows=rows, gone=[name for name in named if name not in there], whole=whole)


async def load(connection: AsyncConnection, portion: int = PORTION) -> AsyncIterator[Feed]:
    """All providers as of one moment, at least one portion; `connection` must be at REPEATABLE READ."""
    after = 0
    while True:
        row = (await connection.execute(LOAD, {"after": after, "portion": portion})).one()
        rows = complete_rows(row[3:])
        yield Feed(horizon=_horizon(row), rows=rows)
        if len(rows) < portion:
            return
        after = rows[-1].row


def _horizon(row: Any) -> Horizon:
    ahead, still_open, own = row[:3]
    unseen = {*still_open} if own is None else {*still_open, own}
    return Horizon(f"{ahead}:{','.join(map(str, sorted(unseen)))}")


def _read(horizon: Horizon) -> tuple[int, list[int]]:
    ahead, _, still_open = horizon.partition(":")
    return int(ahead), [int(xid) for xid in still_open.split(",") if xid]
