"""The tables at the end, read with SQL of our own: as the checker wants them, region by region."""

from collections import defaultdict
from typing import Any, Final

import asyncpg
from sqlalchemy.engine import make_url

from tests.chaos.region import region_of, region_of_name

PROVIDERS: Final = """
    SELECT p.uuid::text AS id, p.id AS incarnation, p.generation, p.name, p.state, parent.uuid::text AS parent,
           root.uuid::text AS root,
           ARRAY(SELECT t.name FROM provider_traits l JOIN traits t ON t.id = l.trait WHERE l.provider = p.id
                 ORDER BY t.name) AS traits,
           ARRAY(SELECT l.aggregate::text FROM provider_aggregates l WHERE l.provider = p.id ORDER BY 1) AS aggregates
    FROM providers p LEFT JOIN providers parent ON parent.id = p.parent JOIN providers root ON root.id = p.root"""
INVENTORIES: Final = """
    SELECT p.uuid::text AS id, c.name AS class, i.total, i.reserved, i.min_unit, i.max_unit, i.step_size,
           i.allocation_ratio, i.used
    FROM inventories i JOIN providers p ON p.id = i.provider JOIN resource_classes c ON c.id = i.class"""
CONSUMERS: Final = 'SELECT uuid::text AS id, project, "user", type, generation FROM consumers'
ALLOCATIONS: Final = """
    SELECT h.uuid::text AS consumer, p.uuid::text AS provider, c.name AS class, a.amount
    FROM allocations a JOIN consumers h ON h.id = a.consumer JOIN providers p ON p.id = a.provider
    JOIN resource_classes c ON c.id = a.class"""
CLASSES: Final = "SELECT name FROM resource_classes WHERE ordinal IS NULL ORDER BY name"
TRAITS: Final = "SELECT name FROM traits WHERE ordinal IS NULL ORDER BY name"
Tables = dict[str, Any]


async def tables_by_region(database_url: str) -> defaultdict[int, Tables]:
    """What `tests.simulation.checker` calls tables, by region."""
    found: defaultdict[int, Tables] = defaultdict(
        lambda: {"providers": {}, "consumers": {}, "resource_classes": [], "traits": []}
    )
    plain = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(plain)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await _read(connection, found)
    finally:
        await connection.close()
    return found


async def _read(connection: asyncpg.Connection, found: defaultdict[int, Tables]) -> None:
    for row in await connection.fetch(PROVIDERS):
        fields = dict(row)
        identity = fields.pop("id")
        found[region_of(identity)]["providers"][identity] = {**fields, "inventories": {}}
    for row in await connection.fetch(INVENTORIES):
        fields = dict(row)
        identity, name = fields.pop("id"), fields.pop("class")
        found[region_of(identity)]["providers"][identity]["inventories"][name] = fields
    for row in await connection.fetch(CONSUMERS):
        fields = dict(row)
        identity = fields.pop("id")
        found[region_of(identity)]["consumers"][identity] = {**fields, "allocations": {}}
    for row in await connection.fetch(ALLOCATIONS):
        held = found[region_of(row["consumer"])]["consumers"][row["consumer"]]["allocations"]
        held.setdefault(row["provider"], {})[row["class"]] = row["amount"]
    for what, query in (("resource_classes", CLASSES), ("traits", TRAITS)):
        for row in await connection.fetch(query):
            found[region_of_name(row["name"])][what].append(row["name"])
