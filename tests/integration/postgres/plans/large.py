"""Tables large enough that the planner's choices are those of the largest: the same as with five times as much."""

import os
from typing import Final

import asyncpg

from tests.bench.fleets import fill, occupied

# With PLANS_PROVIDERS=100000 the tests take some minutes, on 1,000,000 allocations.
PROVIDERS: Final = int(os.environ.get("PLANS_PROVIDERS", "20000"))
ALLOCATIONS: Final = 10 * PROVIDERS
OUTCOMES: Final = 5 * PROVIDERS
CHANGES: Final = 20_000
KEPT_DAYS: Final = 30

SEED: Final = (
    """INSERT INTO provider_aggregates
       SELECT id, md5('aggregate-' || id % 500)::uuid FROM providers""",
    # A tenth is old enough to be deleted.
    """INSERT INTO inbox (claim_id, fingerprint, types, bodies, batch, recorded_at)
       SELECT md5('claim-' || n)::uuid, '', 'allocation.granted', '{"data":{}}', n / 100,
              now() - interval '33 days' + n / 100 * (interval '33 days' / ($1::bigint / 100 + 1))
       FROM generate_series(1, $1::bigint) AS n""",
    """INSERT INTO inbox_unconfirmed (batch, recorded_at)
       SELECT DISTINCT batch, recorded_at FROM inbox WHERE batch % 100 = 7""",
    # As many as ten minutes bring, and what one more has made old.
    """INSERT INTO changes (xid, at, providers, everything)
       SELECT n - 20000, now() - CASE WHEN n <= 2000 THEN interval '1 hour' ELSE '0' END, ARRAY[n], false
       FROM generate_series(1, 20000) AS n""",
)

GROWING: Final = {
    "providers": PROVIDERS,
    "provider_traits": PROVIDERS,
    "provider_aggregates": PROVIDERS,
    "inventories": 3 * PROVIDERS,
    "consumers": ALLOCATIONS // 3,
    "allocations": ALLOCATIONS,
    "inbox": OUTCOMES,
    "changes": CHANGES,
}
"""Tables, and how many rows they have."""


async def seed(connection: asyncpg.Connection) -> None:
    """Fill a migrated database."""
    await fill(connection, occupied(PROVIDERS, ALLOCATIONS))
    for statement in SEED:
        await connection.execute(statement, *([OUTCOMES] if "$1" in statement else []))
    await connection.execute("SELECT setval('inbox_batches', $1::bigint)", OUTCOMES)
    await connection.execute("VACUUM ANALYZE")
