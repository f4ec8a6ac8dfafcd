"""The tables of the store in memory as the checker wants them: plain dictionaries."""

from typing import Any

from tests.fakes.state import State
from worker.placement.inventory import Stock
from worker.placement.snapshot import ConsumerRow, ProviderRow


def tables_of(state: State) -> dict[str, Any]:
    """See `tests.simulation.checker.Tables`."""
    return {
        "providers": {row.id: _provider(row) for row in state.providers.values()},
        "consumers": {row.id: _consumer(row) for row in state.consumers.values()},
        "resource_classes": sorted(state.classes),
        "traits": sorted(state.traits),
    }


def _provider(row: ProviderRow) -> dict[str, Any]:
    return {
        "incarnation": row.row, "generation": row.generation, "name": row.name, "state": row.state,
        "parent": row.parent, "root": row.root, "traits": sorted(row.traits), "aggregates": sorted(row.aggregates),
        "inventories": {name: _inventory(stock) for name, stock in row.inventories.items()},
    }  # fmt: skip


def _inventory(stock: Stock) -> dict[str, Any]:
    fields = ("total", "reserved", "min_unit", "max_unit", "step_size", "allocation_ratio")
    return {**{name: getattr(stock.inventory, name) for name in fields}, "used": stock.used}


def _consumer(row: ConsumerRow) -> dict[str, Any]:
    return {
        "project": row.project, "user": row.user, "type": row.type, "generation": row.generation,
        "allocations": {provider: dict(amounts) for provider, amounts in row.allocations.items()},
    }  # fmt: skip
