"""The audit finds each thing that can be wrong, and nothing where all is well."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.contract.batches import C1, GOLD, P1, P2, aggregate_id, grant, keep, make_providers, outcome, write
from tests.integration.postgres.conftest import Sql
from worker.placement.plan import Writes
from worker.postgres.audit import RULES, audit
from worker.postgres.database import Store

UNTIE = """
    DO $$ DECLARE tie record; BEGIN
        FOR tie IN SELECT conrelid::regclass AS owner, conname FROM pg_constraint
                   WHERE contype IN ('f', 'c') AND connamespace = 'public'::regnamespace
        LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', tie.owner, tie.conname); END LOOP;
    END $$
"""

CORRUPTIONS = {
    "used_is_the_sum_of_allocations": "UPDATE inventories SET used = used + 1",
    "allocations_have_an_inventory": "DELETE FROM inventories",
    "allocations_have_a_consumer": "DELETE FROM consumers",
    "consumers_hold_something": "DELETE FROM allocations",
    "consumer_generations_start_at_one": "UPDATE consumers SET generation = 0",
    "provider_generations_start_at_zero": "UPDATE providers SET generation = -1",
    "amounts_are_positive": "UPDATE allocations SET amount = 0",
    "roots_follow_from_parents": "UPDATE providers SET root = id",
    "parents_and_roots_exist": "DELETE FROM providers WHERE parent IS NULL",
    "trees_have_no_loops": "UPDATE providers SET parent = (SELECT max(id) FROM providers) WHERE parent IS NULL",
    "inventories_are_valid": "UPDATE inventories SET reserved = total + 1",
    "links_have_both_ends": "DELETE FROM traits",
    "outcomes_have_a_body_for_each_type": "UPDATE inbox SET types = types || ',claim.rejected'",
    "events_are_confirmed_in_time": "UPDATE inbox_unconfirmed SET recorded_at = now() - interval '1 hour'",
    "views_can_tell_what_they_missed": "UPDATE changes_trimmed SET up_to = CAST(1 AS bigint) << 40",
}


@pytest.fixture
async def lived_in(store: Store) -> None:
    """A tree with links, a consumer on it, and an outcome whose body is not ASCII."""
    rows = await make_providers(store, [P1, P2], parents={P2: P1})
    linked = ((rows[P1], GOLD),)
    members = ((rows[P1], aggregate_id(1)),)
    await write(store, Writes(traits_created=(GOLD,), traits_linked=linked, aggregates_linked=members))
    await grant(store, {C1: {P1: 3, P2: 4}})
    async with store.transaction() as transaction:
        await keep(transaction, outcome(1, '{"ä":"\\n"}'.encode(), b"{}"))


async def test_nothing_is_found_where_all_is_well(engine: AsyncEngine, lived_in: None) -> None:
    assert await audit(engine) == []


def test_every_rule_has_a_corruption_that_breaks_it() -> None:
    assert CORRUPTIONS.keys() == RULES.keys()


@pytest.mark.parametrize("rule", CORRUPTIONS)
async def test_a_broken_rule_is_found(engine: AsyncEngine, sql: Sql, lived_in: None, rule: str) -> None:
    await sql.run(UNTIE)
    await sql.run(CORRUPTIONS[rule])
    assert rule in {finding.rule for finding in await audit(engine)}


async def test_a_missing_mark_is_found(engine: AsyncEngine, sql: Sql, lived_in: None) -> None:
    await sql.run("DELETE FROM changes_trimmed")
    (finding,) = await audit(engine)
    assert (finding.rule, finding.found) == ("views_can_tell_what_they_missed", "none")


async def test_a_finding_says_where_what_was_expected_and_what_was_found(
    engine: AsyncEngine, sql: Sql, lived_in: None
) -> None:
    await sql.run("UPDATE inventories SET used = 9 WHERE used = 3")
    (finding,) = await audit(engine)
    assert (finding.where, finding.expected, finding.found) == (f"{P1} VCPU", "3", "9")
