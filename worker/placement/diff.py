"""What to write: the difference between the snapshot and the ledger, sorted by the ids that locks are taken in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from worker.placement.grant import ConsumerState
from worker.placement.ids import AggregateId, Amounts, ConsumerId, ProviderId, ResourceClass, RowId, Trait
from worker.placement.inventory import Stock
from worker.placement.ledger import Ledger
from worker.placement.plan import (
    AllocationPut,
    ConsumerPut,
    InventoryPut,
    NewProvider,
    ProviderAdvance,
    ProviderEdit,
    UsedPut,
    Writes,
)
from worker.placement.snapshot import ConsumerRow, ProviderRow

Stocks = Mapping[ResourceClass, Stock]

_NOTHING: Final[Stocks] = {}


@dataclass(slots=True)
class _Lists:
    providers_created: list[NewProvider] = field(default_factory=list)
    providers_advanced: list[ProviderAdvance] = field(default_factory=list)
    providers_edited: list[ProviderEdit] = field(default_factory=list)
    providers_deleted: list[tuple[RowId, int]] = field(default_factory=list)
    inventories_put: list[InventoryPut] = field(default_factory=list)
    used_put: list[UsedPut] = field(default_factory=list)
    inventories_deleted: list[tuple[RowId, ResourceClass]] = field(default_factory=list)
    traits_linked: list[tuple[RowId, Trait]] = field(default_factory=list)
    traits_unlinked: list[tuple[RowId, Trait]] = field(default_factory=list)
    aggregates_linked: list[tuple[RowId, AggregateId]] = field(default_factory=list)
    aggregates_unlinked: list[tuple[RowId, AggregateId]] = field(default_factory=list)
    consumers_put: list[ConsumerPut] = field(default_factory=list)
    consumers_deleted: list[tuple[RowId, int]] = field(default_factory=list)
    allocations_put: list[AllocationPut] = field(default_factory=list)
    allocations_deleted: list[tuple[RowId, RowId, ResourceClass]] = field(default_factory=list)


def writes_of(ledger: Ledger) -> Writes:
    """All rows in which the ledger differs from its snapshot, in order of provider, consumer and class."""
    lists = _Lists()
    for provider in sorted(ledger.providers_written):
        old = ledger.read.get(provider)
        if old is not None and old is ledger.providers.get(provider):
            generation, row, stocks = ledger.levels(provider)
            lists.providers_advanced.append(ProviderAdvance(row, provider, old.generation, generation))
            _stocks(lists, row, old.inventories, stocks)
        else:
            _provider(lists, old, ledger.provider(provider))
    for consumer in sorted(ledger.consumers_written):
        _consumer(lists, consumer, ledger)
    return Writes(
        classes_created=tuple(sorted(ledger.classes_created)),
        classes_renamed=tuple(sorted(ledger.classes_renamed.items())),
        classes_deleted=tuple(sorted(ledger.classes_deleted)),
        traits_created=tuple(sorted(ledger.traits_created)),
        traits_deleted=tuple(sorted(ledger.traits_deleted)),
        providers_created=tuple(lists.providers_created),
        providers_advanced=tuple(lists.providers_advanced),
        providers_edited=tuple(lists.providers_edited),
        providers_deleted=tuple(lists.providers_deleted),
        inventories_put=tuple(lists.inventories_put),
        used_put=tuple(lists.used_put),
        inventories_deleted=tuple(lists.inventories_deleted),
        traits_linked=tuple(lists.traits_linked),
        traits_unlinked=tuple(lists.traits_unlinked),
        aggregates_linked=tuple(lists.aggregates_linked),
        aggregates_unlinked=tuple(lists.aggregates_unlinked),
        consumers_put=tuple(lists.consumers_put),
        consumers_deleted=tuple(lists.consumers_deleted),
        allocations_put=tuple(lists.allocations_put),
        allocations_deleted=tuple(lists.allocations_deleted),
    )


def _provider(lists: _Lists, old: ProviderRow | None, new: ProviderRow | None) -> None:
    if new is None:
        if old is not None:
            lists.providers_deleted.append((old.row, old.generation))
            _stocks(lists, old.row, old.inventories, {})
            _links(lists, old.row, old, None)
        return
    if old is None:
        lists.providers_created.append(
            NewProvider(new.row, new.id, new.name, new.generation, new.state, new.parent, new.root)
        )
    elif old.name == new.name and old.state == new.state and old.parent == new.parent and old.root == new.root:
        lists.providers_advanced.append(ProviderAdvance(old.row, old.id, old.generation, new.generation))
    else:
        lists.providers_edited.append(
            ProviderEdit(old.row, old.id, old.generation, new.generation, new.name, new.state, new.parent, new.root)
        )
    had = _NOTHING if old is None else old.inventories
    if had is not new.inventories:
        _stocks(lists, new.row, had, new.inventories)
    if old is None or old.traits is not new.traits or old.aggregates is not new.aggregates:
        _links(lists, new.row, old, new)


def _stocks(lists: _Lists, row: RowId, had: Stocks, has: Stocks) -> None:
    for name in sorted(has):
        before, after = had.get(name), has[name]
        if before is after:
            continue
        inventory, used = after
        if before is None or (before.inventory is not inventory and before.inventory != inventory):
            lists.inventories_put.append(InventoryPut(row, name, inventory, used))
        elif before.used != used:
            lists.used_put.append(UsedPut(row, name, used))
    if had.keys() != has.keys():
        lists.inventories_deleted.extend((row, name) for name in sorted(had.keys() - has.keys()))


def _links(lists: _Lists, row: RowId, old: ProviderRow | None, new: ProviderRow | None) -> None:
    had_traits, has_traits = (frozenset() if p is None else p.traits for p in (old, new))
    lists.traits_linked.extend((row, name) for name in sorted(has_traits - had_traits))
    lists.traits_unlinked.extend((row, name) for name in sorted(had_traits - has_traits))
    had_groups, has_groups = (frozenset() if p is None else p.aggregates for p in (old, new))
    lists.aggregates_linked.extend((row, name) for name in sorted(has_groups - had_groups))
    lists.aggregates_unlinked.extend((row, name) for name in sorted(had_groups - has_groups))


def _consumer(lists: _Lists, consumer: ConsumerId, ledger: Ledger) -> None:
    old: ConsumerRow | None = ledger.snapshot.consumers.get(consumer)
    new: ConsumerState | None = ledger.consumers.get(consumer)
    if new is None:
        if old is not None:
            lists.consumers_deleted.append((old.row, old.generation))
            _allocations_gone(lists, old, {}, ledger)
        return
    row, generation = (None, None) if old is None else (old.row, old.generation)
    # A row taken back to a generation it had could be mistaken for what it was then; `cut` keeps this from happening.
    assert generation is None or generation < new.generation, consumer  # noqa: S101
    lists.consumers_put.append(ConsumerPut(consumer, row, new.project, new.user, new.type, generation, new.generation))
    if old is not None:
        _allocations_gone(lists, old, new.allocations, ledger)
    _allocations_put(lists, consumer, {} if old is None else old.allocations, new.allocations, ledger)


def _allocations_put(lists: _Lists, consumer: ConsumerId, had: Amounts, has: Amounts, ledger: Ledger) -> None:
    for provider in sorted(has):
        row = ledger.providers[provider].row
        held = had.get(provider)
        amounts = has[provider]
        for name in sorted(amounts):
            amount = amounts[name]
            if held is None or held.get(name) != amount:
                lists.allocations_put.append(AllocationPut(consumer, row, name, amount))


def _allocations_gone(lists: _Lists, old: ConsumerRow, has: Amounts, ledger: Ledger) -> None:
    for provider in sorted(old.allocations):
        row = _row(ledger, provider)
        kept = has.get(provider, {})
        gone = sorted(name for name in old.allocations[provider] if name not in kept)
        lists.allocations_deleted.extend((old.row, row, name) for name in gone)


def _row(ledger: Ledger, provider: ProviderId) -> RowId:
    return ledger.read[provider].row
