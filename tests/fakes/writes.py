"""Plans written into a state, refused as a database with guards, unique and foreign keys would refuse them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from tests.fakes.state import STANDARD_CLASSES, STANDARD_TRAITS, Change, State
from worker.faults import Conflict
from worker.placement.ids import Amounts, ConsumerId, ProviderId, ResourceClass, RowId
from worker.placement.inventory import Stock
from worker.placement.plan import ConsumerPut, Writes
from worker.placement.snapshot import ConsumerRow, ProviderRow

Inserted = Mapping[ConsumerId, tuple[RowId, ConsumerPut]]


class BrokenCheck(Exception):
    """A CHECK of the tables is broken: a bug, never a conflict."""


def write_plan(state: State, writes: Writes, inserted: Inserted, now: datetime, next_row: Callable[[], RowId]) -> None:
    """All of `writes`, in the order of the real store. Raises `Conflict`."""
    before = dict(state.providers)
    _create_names(state, writes)
    _delete_allocations(state, writes)
    for row, name in writes.inventories_deleted:
        _require(row in state.providers and name in state.providers[row].inventories, "inventories deleted")
        _require(not _held(state, state.providers[row].id, name), "inventories held")
        _stock(state, row, name, None)
    _unlink(state, writes)
    _restructure(state, writes, now)
    for advance in writes.providers_advanced:
        found = _guarded(state, advance.row, advance.generation_from)
        state.providers[advance.row] = replace(found, generation=advance.generation_to, updated_at=now)
    _put_inventories(state, writes)
    _link(state, writes)
    _write_consumers(state, writes, inserted, next_row)
    _put_allocations(state, writes)
    _delete_names(state, writes)
    changed = {row for row in before.keys() | state.providers.keys() if before.get(row) is not state.providers.get(row)}
    if changed:
        state.changes += (Change(frozenset(changed), everything=bool(writes.classes_renamed)),)


def insert_consumer(state: State, row: RowId, put: ConsumerPut) -> None:
    """A consumer that holds nothing yet."""
    state.consumers[row] = ConsumerRow(
        row=row, id=put.id, project=put.project, user=put.user, type=put.type, generation=put.generation_to,
        allocations={},
    )  # fmt: skip


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise Conflict(f"{what}: not as planned")


def _guarded(state: State, row: RowId, generation: int) -> ProviderRow:
    found = state.providers.get(row)
    if found is None or found.generation != generation:
        raise Conflict(f"provider {row} is not at generation {generation}")
    return found


def _create_names(state: State, writes: Writes) -> None:
    for old, new in writes.classes_renamed:
        _require(old in state.classes, "classes renamed")
        _require(new not in state.classes | STANDARD_CLASSES, "class names unique")
        state.classes = state.classes - {old} | {new}
        state.providers = {
            row: replace(one, inventories={new if name == old else name: s for name, s in one.inventories.items()})
            for row, one in state.providers.items()
        }
        state.consumers = {
            row: replace(one, allocations=_renamed(one.allocations, old, new)) for row, one in state.consumers.items()
        }
    _require(not (state.classes | STANDARD_CLASSES) & set(writes.classes_created), "classes created")
    _require(not (state.traits | STANDARD_TRAITS) & set(writes.traits_created), "traits created")
    state.classes |= set(writes.classes_created)
    state.traits |= set(writes.traits_created)


def _renamed(held: Amounts, old: ResourceClass, new: ResourceClass) -> Amounts:
    return {p: {new if name == old else name: n for name, n in amounts.items()} for p, amounts in held.items()}


def _delete_names(state: State, writes: Writes) -> None:
    for name in writes.classes_deleted:
        used = any(name in row.inventories for row in state.providers.values())
        _require(name in state.classes and not used, "classes deleted")
    for trait in writes.traits_deleted:
        _require(
            trait in state.traits and not any(trait in row.traits for row in state.providers.values()), "traits deleted"
        )
    state.classes -= set(writes.classes_deleted)
    state.traits -= set(writes.traits_deleted)


def _held(state: State, provider: ProviderId, name: ResourceClass) -> bool:
    return any(name in row.allocations.get(provider, {}) for row in state.consumers.values())


def _stock(state: State, row: RowId, name: ResourceClass, stock: Stock | None) -> None:
    if stock is not None and stock.used < 0:
        raise BrokenCheck(f"used of {name} on {row} is {stock.used}")
    kept = {one: found for one, found in state.providers[row].inventories.items() if one != name}
    stocks = kept if stock is None else {**kept, name: stock}
    state.providers[row] = replace(state.providers[row], inventories=stocks)


def _unlink(state: State, writes: Writes) -> None:
    for row, trait in writes.traits_unlinked:
        _require(row in state.providers and trait in state.providers[row].traits, "traits unlinked")
        state.providers[row] = replace(state.providers[row], traits=state.providers[row].traits - {trait})
    for row, group in writes.aggregates_unlinked:
        _require(row in state.providers and group in state.providers[row].aggregates, "aggregates unlinked")
        state.providers[row] = replace(state.providers[row], aggregates=state.providers[row].aggregates - {group})


def _link(state: State, writes: Writes) -> None:
    for row, trait in writes.traits_linked:
        _require(trait in state.traits | STANDARD_TRAITS, "traits linked")
        _require(row in state.providers and trait not in state.providers[row].traits, "traits linked once")
        state.providers[row] = replace(state.providers[row], traits=state.providers[row].traits | {trait})
    for row, group in writes.aggregates_linked:
        _require(row in state.providers and group not in state.providers[row].aggregates, "aggregates linked once")
        state.providers[row] = replace(state.providers[row], aggregates=state.providers[row].aggregates | {group})


def _restructure(state: State, writes: Writes, now: datetime) -> None:
    for row, generation in writes.providers_deleted:
        gone = _guarded(state, row, generation)
        _require(not any(_held(state, gone.id, name) for name in gone.inventories), "providers deleted are held")
        del state.providers[row]
    for edit in writes.providers_edited:
        old = _guarded(state, edit.row, edit.generation_from)
        state.providers[edit.row] = replace(
            old, generation=edit.generation_to, name=edit.name, state=edit.state, parent=edit.parent,
            root=edit.root, updated_at=now,
        )  # fmt: skip
    for new in writes.providers_created:
        _require(state.provider(new.id) is None, "providers created")
        state.providers[new.row] = ProviderRow(
            row=new.row, id=new.id, name=new.name, generation=new.generation, state=new.state, parent=new.parent,
            root=new.root, created_at=now, updated_at=now,
        )  # fmt: skip
    ids = {row.id for row in state.providers.values()}
    for one in state.providers.values():
        _require(one.root in ids and one.parent in {None, *ids}, "relatives of providers")
    _require(len({row.name for row in state.providers.values()}) == len(ids), "provider names unique")


def _put_inventories(state: State, writes: Writes) -> None:
    for put in writes.inventories_put:
        _require(put.resource_class in state.classes | STANDARD_CLASSES, "classes of inventories")
        _require(put.provider in state.providers, "providers of inventories")
        _stock(state, put.provider, put.resource_class, Stock(put.inventory, put.used))
    for used in writes.used_put:
        row = state.providers.get(used.provider)
        if row is None or used.resource_class not in row.inventories:
            raise Conflict("counters put: not as planned")
        _stock(state, row.row, used.resource_class, Stock(row.inventories[used.resource_class].inventory, used.used))


def _delete_allocations(state: State, writes: Writes) -> None:
    for row, provider, name in writes.allocations_deleted:
        holder, place = state.consumers.get(row), state.providers.get(provider)
        if holder is None or place is None or name not in holder.allocations.get(place.id, {}):
            raise Conflict("allocations deleted: not as planned")
        state.consumers[row] = replace(holder, allocations=_without(holder.allocations, place.id, name))


def _without(held: Amounts, provider: ProviderId, name: ResourceClass) -> Amounts:
    left = {one: n for one, n in held[provider].items() if one != name}
    others = {one: amounts for one, amounts in held.items() if one != provider}
    return {**others, provider: left} if left else others


def _write_consumers(state: State, writes: Writes, inserted: Inserted, next_row: Callable[[], RowId]) -> None:
    wanted = {put.id for put in writes.consumers_put}
    for name, (row, _) in inserted.items():
        if name not in wanted:
            del state.consumers[row]
    for row, generation in writes.consumers_deleted:
        gone = state.consumers.get(row)
        _require(gone is not None and gone.generation == generation and not gone.allocations, "consumers deleted")
        del state.consumers[row]
    for put in writes.consumers_put:
        found = state.consumer(put.id)
        if put.row is None and put.id not in inserted:
            _require(found is None, "consumers made")
            insert_consumer(state, next_row(), put)
            continue
        if found is None or (put.row is not None and (found.row, found.generation) != (put.row, put.generation_from)):
            raise Conflict("consumers updated: not as planned")
        state.consumers[found.row] = replace(
            found, project=put.project, user=put.user, type=put.type, generation=put.generation_to
        )


def _put_allocations(state: State, writes: Writes) -> None:
    for put in writes.allocations_put:
        holder, place = state.consumer(put.consumer), state.providers.get(put.provider)
        if holder is None or place is None or put.resource_class not in place.inventories:
            raise Conflict("allocations put: not as planned")
        if put.amount < 1:
            raise BrokenCheck(f"amount {put.amount}")
        amounts = {**holder.allocations.get(place.id, {}), put.resource_class: put.amount}
        state.consumers[holder.row] = replace(holder, allocations={**holder.allocations, place.id: amounts})
