"""Answers to queries, each from one moment of the committed state."""

import json
from collections.abc import Collection
from decimal import Decimal
from typing import assert_never

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from schemas import queries as asked
from worker.faults import ReadRefused
from worker.postgres import read_allocations, read_names, read_providers, read_stock
from worker.postgres.errors import translated

CLAIM = text("SELECT bodies FROM inbox WHERE claim_id = CAST(:claim AS uuid)")


class Reads:
    """Queries against PostgreSQL."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    async def answer(self, query: asked.StoredQuery) -> dict[str, object]:
        """The contract's `data` for this query: sorted, ratios as Decimal, moments as text.

        Raises `ReadRefused` where something named does not exist, and `Outage`.
        """
        async with translated(), self._engine.connect() as connection:
            return await _answer(connection, query)

    async def require(self, classes: Collection[str], traits: Collection[str]) -> None:
        """Refuses, with the code of what does not exist, classes first. Raises `ReadRefused`, `Outage`."""
        async with translated(), self._engine.connect() as connection:
            await read_names.require_classes(connection, classes)
            await read_names.require_traits(connection, traits)


async def _answer(connection: AsyncConnection, query: asked.StoredQuery) -> dict[str, object]:  # noqa: PLR0912 - one op a case
    match query:
        case asked.ProviderGet():
            return await read_providers.get_provider(connection, query)
        case asked.ProviderList():
            return await read_providers.list_providers(connection, query)
        case asked.InventoryList():
            return await read_stock.list_inventories(connection, query)
        case asked.InventoryGet():
            return await read_stock.get_inventory(connection, query)
        case asked.ResourceClassList():
            return await read_names.list_classes(connection)
        case asked.ResourceClassGet():
            return await read_names.get_class(connection, query)
        case asked.TraitList():
            return await read_names.list_traits(connection, query)
        case asked.TraitGet():
            return await read_names.get_trait(connection, query)
        case asked.ProviderTraitsGet():
            return await read_stock.get_traits(connection, query)
        case asked.ProviderAggregatesGet():
            return await read_stock.get_aggregates(connection, query)
        case asked.AllocationGet():
            return await read_allocations.get_allocations(connection, query)
        case asked.AllocationList():
            return await read_allocations.list_allocations(connection, query)
        case asked.UsageProvider():
            return await read_allocations.use_of_providers(connection, query)
        case asked.UsageProject():
            return await read_allocations.use_of_project(connection, query)
        case asked.ClaimGet():
            return await _claim(connection, query)
    assert_never(query)


async def _claim(connection: AsyncConnection, query: asked.ClaimGet) -> dict[str, object]:
    bodies = (await connection.execute(CLAIM, {"claim": query.claim_id})).scalar_one_or_none()
    if bodies is None:
        details = {"claim_id": query.claim_id}
        raise ReadRefused("claim_not_found", f"No outcome of claim {query.claim_id} is kept.", details)
    outcome: dict[str, object] = json.loads(bytes(bodies).split(b"\n", 1)[0], parse_float=Decimal)
    return outcome
