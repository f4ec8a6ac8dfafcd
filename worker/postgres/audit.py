"""Recomputes from the tables what must always hold, and says where it does not. Reads them whole."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from worker.postgres.errors import translated


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that does not hold: where, what it expects, and what was found instead."""

    rule: str
    where: str
    expected: str
    found: str


# {rule: a query of (where, expected, found)}.
RULES = {
    "used_is_the_sum_of_allocations": """
        SELECT p.uuid || ' ' || c.name, coalesce(held.amount, 0)::text, i.used::text
        FROM inventories AS i JOIN providers AS p ON p.id = i.provider JOIN resource_classes AS c ON c.id = i.class
        LEFT JOIN (SELECT provider, class, sum(amount) AS amount FROM allocations GROUP BY provider, class) AS held
        ON held.provider = i.provider AND held.class = i.class
        WHERE i.used <> coalesce(held.amount, 0)""",
    "allocations_have_an_inventory": """
        SELECT 'provider row ' || a.provider || ' class row ' || a.class, 'an inventory', 'none'
        FROM allocations AS a LEFT JOIN inventories AS i ON i.provider = a.provider AND i.class = a.class
        WHERE i.provider IS NULL GROUP BY a.provider, a.class""",
    "allocations_have_a_consumer": """
        SELECT 'consumer row ' || a.consumer, 'a consumer', 'none'
        FROM allocations AS a LEFT JOIN consumers AS holder ON holder.id = a.consumer
        WHERE holder.id IS NULL GROUP BY a.consumer""",
    "consumers_hold_something": """
        SELECT holder.uuid::text, 'allocations', 'none'
        FROM consumers AS holder WHERE NOT EXISTS (SELECT FROM allocations WHERE consumer = holder.id)""",
    "consumer_generations_start_at_one": """
        SELECT uuid::text, 'at least 1', generation::text FROM consumers WHERE generation < 1""",
    "provider_generations_start_at_zero": """
        SELECT uuid::text, 'at least 0', generation::text FROM providers WHERE generation < 0""",
    "amounts_are_positive": """
        SELECT holder.uuid::text, 'at least 1', a.amount::text
        FROM allocations AS a JOIN consumers AS holder ON holder.id = a.consumer WHERE a.amount < 1""",
    "roots_follow_from_parents": """
        SELECT p.uuid::text, coalesce(parent.root, p.id)::text, p.root::text
        FROM providers AS p LEFT JOIN providers AS parent ON parent.id = p.parent
        WHERE p.root <> coalesce(parent.root, p.id)""",
    "parents_and_roots_exist": """
        SELECT p.uuid::text, 'its parent and root', 'missing'
        FROM providers AS p LEFT JOIN providers AS parent ON parent.id = p.parent
        LEFT JOIN providers AS root ON root.id = p.root
        WHERE root.id IS NULL OR (p.parent IS NOT NULL AND parent.id IS NULL)""",
    "trees_have_no_loops": """
        WITH RECURSIVE reached AS (
            SELECT id FROM providers WHERE parent IS NULL
            UNION SELECT p.id FROM providers AS p JOIN reached ON p.parent = reached.id
        )
        SELECT uuid::text, 'a root above it', 'a loop' FROM providers WHERE id NOT IN (SELECT id FROM reached)""",
    "inventories_are_valid": """
        SELECT p.uuid || ' ' || c.name, 'reserved <= total, min_unit <= max_unit, used >= 0',
               format('reserved %s of %s, units %s to %s, used %s', reserved, total, min_unit, max_unit, used)
        FROM inventories AS i JOIN providers AS p ON p.id = i.provider JOIN resource_classes AS c ON c.id = i.class
        WHERE reserved > total OR reserved < 0 OR total < 1 OR min_unit > max_unit OR min_unit < 1 OR step_size < 1
        OR allocation_ratio < 0 OR used < 0""",
    "links_have_both_ends": """
        SELECT 'provider row ' || l.provider || ' trait row ' || l.trait, 'both', 'one missing'
        FROM provider_traits AS l LEFT JOIN providers AS p ON p.id = l.provider LEFT JOIN traits AS t ON t.id = l.trait
        WHERE p.id IS NULL OR t.id IS NULL
        UNION ALL SELECT 'provider row ' || l.provider || ' aggregate ' || l.aggregate, 'a provider', 'none'
        FROM provider_aggregates AS l LEFT JOIN providers AS p ON p.id = l.provider WHERE p.id IS NULL""",
    "outcomes_have_a_body_for_each_type": r"""
        SELECT claim_id::text, array_length(string_to_array(types, ','), 1)::text || ' bodies',
               array_length(string_to_array(encode(bodies, 'escape'), E'\n'), 1)::text
        FROM inbox
        WHERE array_length(string_to_array(types, ','), 1)
              <> array_length(string_to_array(encode(bodies, 'escape'), E'\n'), 1)""",
    "events_are_confirmed_in_time": """
        SELECT 'batch ' || batch, 'confirmed within 15 minutes', recorded_at::text
        FROM inbox_unconfirmed WHERE recorded_at < now() - interval '15 minutes'""",
    "views_can_tell_what_they_missed": """
        SELECT 'changes_trimmed', 'one mark, of a transaction before the next', coalesce(max(up_to)::text, 'none')
        FROM changes_trimmed
        HAVING count(*) <> 1 OR max(up_to) >= CAST(pg_snapshot_xmax(pg_current_snapshot())::text AS bigint)""",
}


async def audit(engine: AsyncEngine) -> list[Finding]:
    """All that is wrong, rule by rule and sorted by place, at one moment of the committed state. Raises `Outage`."""
    snapshot = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    findings: list[Finding] = []
    async with translated(), snapshot.connect() as connection:
        # These read whole tables on purpose, and may take their time.
        await connection.execute(text("SET LOCAL enable_seqscan = on"))
        await connection.execute(text("SET LOCAL statement_timeout = 0"))
        for rule, query in RULES.items():
            rows = await connection.execute(text(query))
            findings += sorted((Finding(rule, *row) for row in rows), key=lambda finding: finding.where)
    return findings
