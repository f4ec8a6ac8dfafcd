"""Answers about what hangs on one provider: inventories, traits, aggregates."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.queries import InventoryGet, InventoryList, ProviderAggregatesGet, ProviderTraitsGet
from worker.faults import ReadRefused
from worker.postgres.read_names import require_classes
from worker.postgres.read_parts import providers_found

INVENTORIES = text("""
    SELECT c.name, i.total, i.reserved, i.min_unit, i.max_unit, i.step_size, trim_scale(i.allocation_ratio)
    FROM inventories AS i JOIN resource_classes AS c ON c.id = i.class WHERE i.provider = :row ORDER BY c.name
""")

TRAITS = text("""
    SELECT t.name FROM provider_traits AS l JOIN traits AS t ON t.id = l.trait WHERE l.provider = :row ORDER BY t.name
""")

AGGREGATES = text("SELECT aggregate::text FROM provider_aggregates WHERE provider = :row ORDER BY aggregate")


async def list_inventories(connection: AsyncConnection, query: InventoryList) -> dict[str, object]:
    """All inventories of a provider, by class."""
    generation, row = (await providers_found(connection, [query.provider]))[query.provider]
    inventories = await _inventories(connection, row)
    return {"provider": query.provider, "generation": generation, "inventories": inventories}


async def get_inventory(connection: AsyncConnection, query: InventoryGet) -> dict[str, object]:
    """One inventory, or which of provider, class and inventory does not exist."""
    generation, row = (await providers_found(connection, [query.provider]))[query.provider]
    await require_classes(connection, [query.resource_class])
    inventory = (await _inventories(connection, row)).get(query.resource_class)
    place = {"provider": query.provider, "resource_class": query.resource_class}
    if inventory is None:
        message = f"Provider {query.provider} has no inventory of {query.resource_class}."
        raise ReadRefused("inventory_not_found", message, place)
    return {**place, "generation": generation, "inventory": inventory}


async def get_traits(connection: AsyncConnection, query: ProviderTraitsGet) -> dict[str, object]:
    """The traits of a provider, sorted."""
    generation, row = (await providers_found(connection, [query.provider]))[query.provider]
    traits = list((await connection.execute(TRAITS, {"row": row})).scalars())
    return {"provider": query.provider, "generation": generation, "traits": traits}


async def get_aggregates(connection: AsyncConnection, query: ProviderAggregatesGet) -> dict[str, object]:
    """The aggregates of a provider, sorted."""
    generation, row = (await providers_found(connection, [query.provider]))[query.provider]
    aggregates = list((await connection.execute(AGGREGATES, {"row": row})).scalars())
    return {"provider": query.provider, "generation": generation, "aggregates": aggregates}


async def _inventories(connection: AsyncConnection, row: int) -> dict[str, dict[str, object]]:
    rows = await connection.execute(INVENTORIES, {"row": row})
    return {
        name: {
            "total": total,
            "reserved": reserved,
            "min_unit": min_unit,
            "max_unit": max_unit,
            "step_size": step_size,
            "allocation_ratio": ratio,
        }
        for name, total, reserved, min_unit, max_unit, step_size, ratio in rows
    }
