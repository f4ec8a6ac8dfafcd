"""Every combination of filters against plain Python, and the plans of the narrow ones."""

from collections.abc import AsyncIterator, Iterator, Sequence
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.queries import ProviderList, validate_query
from tests.contract.batches import aggregate_id, edit, make_providers, provider_id, read_providers, write
from tests.contract.test_store_feed import load
from tests.integration.postgres.reads.asking import listed
from tests.servers import create_database, drop_database, with_database
from worker.placement.ids import AggregateId, ResourceClass, Trait
from worker.placement.inventory import Inventory
from worker.placement.plan import InventoryPut, Writes
from worker.placement.snapshot import ProviderRow
from worker.postgres.database import Limits, Store, create_engine
from worker.postgres.read_providers import page_of
from worker.postgres.reads import Reads

CLASSES = [ResourceClass(name) for name in ("VCPU", "MEMORY_MB", "DISK_GB", "PCPU", "VGPU")]
TRAITS = [Trait(f"CUSTOM_T{number}") for number in range(6)]
GROUPS = [aggregate_id(number) for number in range(6)]
NAMES = [provider_id(number) for number in range(24)]


@pytest.fixture(scope="module")
async def engine(database_server_url: str, template: str) -> AsyncIterator[AsyncEngine]:
    """A database of this file's own, where half of everything is on each provider."""
    name = f"filters_{uuid4().hex}"
    await create_database(database_server_url, name, template)
    made = create_engine(with_database(database_server_url, name), Limits())
    await fill(Store(made), Random(1))  # noqa: S311 - a world to read, no secret
    yield made
    await made.dispose()
    await drop_database(database_server_url, name)


async def fill(store: Store, chance: Random) -> None:
    """Trees of three with links and inventories by chance; every fifth provider is draining."""
    above = {name: NAMES[number - number % 3] for number, name in enumerate(NAMES) if number % 3}
    rows = await make_providers(store, NAMES, {}, above)
    found = await read_providers(store, *NAMES)

    def some(names: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
        return ((rows[one], name) for one in NAMES for name in names if chance.random() < 0.6)

    await write(
        store,
        Writes(
            traits_created=tuple(TRAITS),
            providers_edited=tuple(edit(found[name], state="draining") for name in NAMES[::5]),
            traits_linked=tuple(some(TRAITS)),
            aggregates_linked=tuple(some(GROUPS)),
            inventories_put=tuple(
                InventoryPut(row, kind, Inventory(12, 2, 1, 8, chance.choice([1, 2])), chance.randrange(10))
                for row, kind in some(CLASSES)
            ),
        ),
    )


def passes(row: ProviderRow, roots: dict[str, str], query: ProviderList) -> bool:
    """Whether a provider passes all filters."""
    return (
        (query.providers is None or row.id in query.providers)
        and (query.name is None or row.name == query.name)
        and (query.state is None or row.state == query.state)
        and (query.in_tree is None or row.root == roots.get(query.in_tree))
        and all(row.aggregates & set(map(AggregateId, any_of)) for any_of in query.member_of or ())
        and not row.aggregates & set(map(AggregateId, query.not_member_of or ()))
        and all(row.traits & set(map(Trait, any_of)) for any_of in query.required or ())
        and not row.traits & set(map(Trait, query.forbidden or ()))
        and all(has_room(row, ResourceClass(name), amount) for name, amount in (query.resources or {}).items())
    )


def has_room(row: ProviderRow, name: ResourceClass, amount: int) -> bool:
    """Whether so much of a class is free in units that it gives."""
    if name not in row.inventories:
        return False
    inventory, used = row.inventories[name]
    fits = inventory.min_unit <= amount <= inventory.max_unit and amount % inventory.step_size == 0
    return fits and used + amount <= inventory.capacity


def any_of(names: Sequence[str]) -> st.SearchStrategy[list[list[str]]]:
    """Items of which each is met by any of its members."""
    return st.lists(st.lists(st.sampled_from(names), min_size=1, max_size=4, unique=True), max_size=5)


FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "providers": st.lists(st.sampled_from(NAMES), unique=True, min_size=8),
        "name": st.sampled_from([f"name {NAMES[4]}", "none"]),
        "state": st.sampled_from(["enabled", "draining"]),
        "in_tree": st.sampled_from([NAMES[5], provider_id(999)]),
        "member_of": any_of([*GROUPS, aggregate_id(99)]),
        "not_member_of": st.lists(st.sampled_from(GROUPS), max_size=2, unique=True),
        "required": any_of(TRAITS),
        "forbidden": st.lists(st.sampled_from(TRAITS), max_size=2, unique=True),
        "resources": st.dictionaries(st.sampled_from(CLASSES), st.integers(1, 9), min_size=1, max_size=5),
    },
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(filters=FILTERS)
async def test_exactly_those_pass_that_pass_every_filter(engine: AsyncEngine, filters: dict[str, Any]) -> None:
    query = asked(filters)
    _, rows = await load(Store(engine))
    roots = {str(row.id): str(row.root) for row in rows.values()}
    assert await listed(Reads(engine), **filters) == sorted(
        row.id for row in rows.values() if passes(row, roots, query)
    )


def asked(filters: dict[str, Any]) -> ProviderList:
    """The query with these filters."""
    query = validate_query({"op": "provider.list", **filters})
    assert isinstance(query, ProviderList), query
    return query


MANY = (
    """INSERT INTO providers (id, uuid, name, generation, state, root)
       SELECT n, gen_random_uuid(), 'seed ' || n, 0, 'enabled', n FROM generate_series(1001, 9000) AS n""",
    "INSERT INTO provider_traits SELECT n, 7 FROM generate_series(1001, 9000) AS n",
    "INSERT INTO provider_aggregates SELECT n, gen_random_uuid() FROM generate_series(1001, 9000) AS n",
    "ANALYZE",
)


@pytest.mark.parametrize(
    "filters",
    [
        {"providers": NAMES[:3]},
        {"name": "seed 2000"},
        {"in_tree": NAMES[0]},
        {"member_of": [GROUPS[0]]},
        {"member_of": [[GROUPS[0], GROUPS[1]], GROUPS[2]]},
        {"required": ["HW_CPU_X86_AVX2"]},
        {"required": ["COMPUTE_NODE", "HW_CPU_X86_AVX2"]},
    ],
)
async def test_a_narrow_filter_leads_to_its_providers_by_key(engine: AsyncEngine, filters: dict[str, Any]) -> None:
    page, values = page_of(asked(filters), {}, {"COMPUTE_NODE": 7, "HW_CPU_X86_AVX2": 8})
    async with engine.connect() as connection:
        for statement in MANY:
            await connection.execute(text(statement))
        plan = (await connection.execute(text(f"EXPLAIN (FORMAT JSON) {page}"), values)).scalar_one()[0]["Plan"]
        await connection.rollback()
    (providers,) = [node for node in nodes(plan) if node.get("Alias") == "p"]
    assert "Index Cond" in providers or "Recheck Cond" in providers, providers


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A plan's nodes, from the top."""
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)
