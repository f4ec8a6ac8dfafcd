"""What changed, in the shapes of the contract: `type`, `subject` and `data` of an event."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, assert_never

from schemas.cloudevents import number
from worker.placement.ids import ProviderId, ResourceClass, RowId
from worker.placement.inventory import Inventory, Stock
from worker.placement.outcomes import (
    AggregatesChanged,
    AllocationsGranted,
    AllocationsReleased,
    Change,
    ClassCreated,
    ClassDeleted,
    ClassRenamed,
    ConsumerChange,
    InventoryChanged,
    ProviderCreated,
    ProviderDeleted,
    ProviderLevels,
    ProviderShown,
    ProvidersReshaped,
    ProviderStateChanged,
    ProviderUpdated,
    RootChanged,
    TraitCreated,
    TraitDeleted,
    TraitsChanged,
)

Shape = tuple[str, str, dict[str, Any]]
"""(type, subject, data)."""


def shape(change: Change) -> Shape:
    """The event of a change, without its envelope."""
    match change:
        case AllocationsGranted() | AllocationsReleased():
            return _allocations(change)
        case ProviderCreated(provider):
            return "provider.created", provider.id, {"provider": _provider(provider)}
        case ProviderUpdated(provider, roots):
            moved = {"roots": [_root(one) for one in roots]} if roots else {}
            return "provider.updated", provider.id, {"provider": _provider(provider), **moved}
        case ProviderDeleted(provider):
            return "provider.deleted", provider.id, {"provider": _provider(provider)}
        case ProviderStateChanged(provider):
            return "provider.state_changed", provider.id, {"provider": _provider(provider)}
        case ProvidersReshaped():
            return _reshaped(change)
        case InventoryChanged():
            return "inventory.changed", change.provider, _inventories(change)
        case TraitsChanged():
            return "provider_traits.changed", change.provider, _links(change)
        case AggregatesChanged():
            return "provider_aggregates.changed", change.provider, _links(change)
        case _:
            return _name(change)


@lru_cache(maxsize=16)
def moment(at: datetime) -> str:
    """RFC 3339 in UTC; all events of a batch have the same."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _holders(change: AllocationsGranted | AllocationsReleased | ProvidersReshaped) -> dict[str, Any]:
    consumers = [_consumer(one) for one in change.consumers]
    return {
        "consumers": consumers,
        "providers": {name: _levels(levels) for name, levels in change.providers.items()},
    }


def _allocations(change: AllocationsGranted | AllocationsReleased) -> Shape:
    shown = _holders(change)
    if isinstance(change, AllocationsReleased):
        return "allocation.released", change.consumer, {"consumer": change.consumer, **shown}
    return "allocation.granted", change.consumers[0].id, shown


def _reshaped(change: ProvidersReshaped) -> Shape:
    """The subject is the first provider that the claim lists, by id."""
    inventories = {
        provider: {"before": _records(change.before[provider]), "after": _records(after)}
        for provider, after in sorted(change.after.items())
    }
    return "provider.reshaped", min(change.after), {**_holders(change), "inventories": inventories}


def _consumer(change: ConsumerChange) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": change.id,
        "project": change.project,
        "user": change.user,
        "type": change.type,
        "generation": change.generation,
        "before": change.before,
        "after": change.after,
    }
    if change.mappings is not None:
        shown["mappings"] = change.mappings
    return shown


def _levels(levels: ProviderLevels) -> dict[str, Any]:
    return {**_version(levels.generation, levels.row), "inventories": _fills(levels.inventories)}


def _version(generation: int, row: RowId) -> dict[str, int]:
    return {"generation": generation, "incarnation": row}


def _fills(stocks: Mapping[ResourceClass, Stock]) -> dict[str, dict[str, int]]:
    return {name: {"capacity": stock.inventory.capacity, "used": stock.used} for name, stock in stocks.items()}


def _provider(provider: ProviderShown) -> dict[str, Any]:
    return {
        "provider": provider.id,
        "name": provider.name,
        **_version(provider.generation, provider.row),
        "parent": provider.parent,
        "root": provider.root,
        "state": provider.state,
        "created_at": moment(provider.created_at),
        "updated_at": moment(provider.updated_at),
    }


def _root(change: RootChanged) -> dict[str, Any]:
    return {"provider": change.id, **_version(change.generation, change.row), "root": change.root}


def _about(provider: ProviderId, generation: int, row: RowId) -> dict[str, Any]:
    return {"provider": provider, **_version(generation, row)}


def _inventories(change: InventoryChanged) -> dict[str, Any]:
    return {
        **_about(change.provider, change.generation, change.row),
        "before": _records(change.before),
        "after": _records({name: stock.inventory for name, stock in change.after.items()}),
        "inventories": _fills(change.after),
        "over_capacity": list(change.over_capacity),
    }


def _records(inventories: Mapping[ResourceClass, Inventory]) -> dict[str, dict[str, Any]]:
    return {name: _record(inventory) for name, inventory in sorted(inventories.items())}


def _record(inventory: Inventory) -> dict[str, Any]:
    return {
        "total": inventory.total,
        "reserved": inventory.reserved,
        "min_unit": inventory.min_unit,
        "max_unit": inventory.max_unit,
        "step_size": inventory.step_size,
        "allocation_ratio": number(inventory.allocation_ratio),
    }


def _links(change: TraitsChanged | AggregatesChanged) -> dict[str, Any]:
    return {
        **_about(change.provider, change.generation, change.row),
        "before": sorted(change.before),
        "after": sorted(change.after),
    }


def _name(change: ClassCreated | ClassRenamed | ClassDeleted | TraitCreated | TraitDeleted) -> Shape:
    match change:
        case ClassCreated(name):
            return "resource_class.created", name, {"name": name}
        case ClassRenamed(name, new_name):
            return "resource_class.renamed", name, {"name": name, "new_name": new_name}
        case ClassDeleted(name):
            return "resource_class.deleted", name, {"name": name}
        case TraitCreated(name):
            return "trait.created", name, {"name": name}
        case TraitDeleted(name):
            return "trait.deleted", name, {"name": name}
        case _:
            assert_never(change)
