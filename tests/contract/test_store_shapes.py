"""What every store writes when trees and inventories change shape under what is held, in one plan."""

import pytest

from tests.contract.batches import (
    C1,
    C2,
    DISK,
    GOLD,
    P1,
    P2,
    P3,
    VCPU,
    advance,
    aggregate_id,
    edit,
    grant,
    make_providers,
    read,
    read_providers,
    write,
)
from worker.faults import Conflict
from worker.placement.ids import ProviderId, RowId
from worker.placement.inventory import Inventory, Stock
from worker.placement.plan import (
    AllocationPut,
    ConsumerPut,
    InventoryPut,
    NewProvider,
    UsedPut,
    Writes,
)
from worker.placement.snapshot import ConsumerRow, Wanted
from worker.postgres.database import Store


async def holder(store: Store) -> ConsumerRow:
    """The first consumer as it is."""
    return (await read(store, Wanted(consumers=(C1,)))).consumers[C1]


async def new_row(store: Store) -> RowId:
    """A row id for a provider to be made."""
    return (await read(store, Wanted(new_providers=1))).new_rows[0]


def again(consumer: ConsumerRow) -> ConsumerPut:
    """The consumer one generation further."""
    from_, to = consumer.generation, consumer.generation + 1
    return ConsumerPut(consumer.id, consumer.row, consumer.project, consumer.user, consumer.type, from_, to)


def child(row: RowId, name: ProviderId, parent: ProviderId, root: ProviderId) -> NewProvider:
    """A provider to make under another."""
    return NewProvider(row, name, f"name {name}", 0, "enabled", parent, root)


async def test_an_inventory_moves_with_what_is_held_of_it(store: Store) -> None:
    rows = await make_providers(store, [P1, P2], {VCPU: Inventory(100), DISK: Inventory(10)}, {P2: P1})
    await grant(store, {C1: {P1: 4}, C2: {P1: 3}})
    found = await read_providers(store, P1, P2)
    others = (await read(store, Wanted(consumers=(C2,)))).consumers[C2]
    consumer = await holder(store)
    await write(
        store,
        Writes(
            providers_advanced=(advance(found[P1]), advance(found[P2])),
            inventories_put=(InventoryPut(rows[P2], VCPU, Inventory(50), 7),),
            inventories_deleted=((rows[P1], VCPU),),
            consumers_put=(again(consumer), again(others)),
            allocations_put=(AllocationPut(C1, rows[P2], VCPU, 4), AllocationPut(C2, rows[P2], VCPU, 3)),
            allocations_deleted=((consumer.row, rows[P1], VCPU), (others.row, rows[P1], VCPU)),
        ),
    )
    after = await read_providers(store, P1, P2)
    assert after[P1].inventories.keys() == {DISK}
    assert after[P2].inventories[VCPU] == Stock(Inventory(50), 7)
    assert (await holder(store)).allocations == {P2: {VCPU: 4}}


async def test_an_inventory_moves_to_a_child_made_in_the_same_plan(store: Store) -> None:
    rows = await make_providers(store, [P1])
    await grant(store, {C1: {P1: 4}})
    row = (await read_providers(store, P1))[P1]
    made, consumer = await new_row(store), await holder(store)
    await write(
        store,
        Writes(
            providers_advanced=(advance(row),),
            providers_created=(child(made, P2, P1, P1),),
            inventories_put=(InventoryPut(made, VCPU, Inventory(100), 4),),
            inventories_deleted=((rows[P1], VCPU),),
            consumers_put=(again(consumer),),
            allocations_put=(AllocationPut(C1, made, VCPU, 4),),
            allocations_deleted=((consumer.row, rows[P1], VCPU),),
        ),
    )
    after = await read_providers(store, P1, P2)
    assert not after[P1].inventories
    assert (after[P2].parent, after[P2].root, after[P2].inventories[VCPU].used) == (P1, P1, 4)


async def test_an_inventory_that_is_still_held_cannot_be_dropped_though_another_is_put(store: Store) -> None:
    rows = await make_providers(store, [P1, P2])
    await grant(store, {C1: {P1: 4}, C2: {P1: 3}})
    found = await read_providers(store, P1, P2)
    consumer = await holder(store)
    reshaped = Writes(
        providers_advanced=(advance(found[P1]), advance(found[P2])),
        used_put=(UsedPut(rows[P2], VCPU, 4),),
        inventories_deleted=((rows[P1], VCPU),),
        consumers_put=(again(consumer),),
        allocations_put=(AllocationPut(C1, rows[P2], VCPU, 4),),
        allocations_deleted=((consumer.row, rows[P1], VCPU),),
    )
    with pytest.raises(Conflict):
        await write(store, reshaped)
    assert (await holder(store)).allocations == {P1: {VCPU: 4}}


async def test_a_held_inventory_changes_its_fields_and_its_counter_at_once(store: Store) -> None:
    rows = await make_providers(store, [P1])
    await grant(store, {C1: {P1: 4}})
    row, consumer = (await read_providers(store, P1))[P1], await holder(store)
    await write(
        store,
        Writes(
            providers_advanced=(advance(row),),
            inventories_put=(InventoryPut(rows[P1], VCPU, Inventory(8, reserved=1), 6),),
            consumers_put=(again(consumer),),
            allocations_put=(AllocationPut(C1, rows[P1], VCPU, 6),),
        ),
    )
    assert (await read_providers(store, P1))[P1].inventories == {VCPU: Stock(Inventory(8, reserved=1), 6)}


async def test_a_tree_is_made_whole_in_one_plan_with_links_and_inventories(store: Store) -> None:
    snapshot = await read(store, Wanted(new_providers=3))
    root, middle, leaf = snapshot.new_rows
    await write(
        store,
        Writes(
            traits_created=(GOLD,),
            # the leaf first, as its id sorts first
            providers_created=(
                child(leaf, P1, P2, P3),
                child(middle, P2, P3, P3),
                NewProvider(root, P3, "top", 0, "enabled", None, P3),
            ),
            inventories_put=(InventoryPut(leaf, VCPU, Inventory(5), 0),),
            traits_linked=((leaf, GOLD),),
            aggregates_linked=((root, aggregate_id(1)),),
        ),
    )
    rows = await read_providers(store, P1, P2, P3)
    assert [(rows[name].parent, rows[name].root) for name in (P1, P2, P3)] == [(P2, P3), (P3, P3), (None, P3)]
    assert rows[P1].traits == {GOLD}
    assert rows[P3].aggregates == {aggregate_id(1)}


async def test_a_provider_moves_under_one_made_in_the_same_plan(store: Store) -> None:
    await make_providers(store, [P1, P2], parents={P2: P1})
    found = await read_providers(store, P1, P2)
    made = await new_row(store)
    await write(
        store,
        Writes(
            providers_created=(NewProvider(made, P3, "top", 0, "enabled", None, P3),),
            providers_edited=(edit(found[P1], parent=P3, root=P3), edit(found[P2], root=P3)),
        ),
    )
    after = await read_providers(store, P1, P2)
    assert {name: (row.parent, row.root) for name, row in after.items()} == {P1: (P3, P3), P2: (P1, P3)}


async def test_a_child_of_a_parent_that_does_not_exist_is_a_conflict(store: Store) -> None:
    made = await new_row(store)
    with pytest.raises(Conflict):
        await write(store, Writes(providers_created=(child(made, P2, P1, P1),)))


async def test_a_whole_tree_is_deleted_in_one_plan(store: Store) -> None:
    await make_providers(store, [P1, P2, P3], parents={P1: P2, P2: P3})
    found = await read_providers(store, P1, P2, P3)
    await write(store, Writes(providers_deleted=tuple((row.row, row.generation) for row in found.values())))
    assert not await read_providers(store, P1, P2, P3)


@pytest.mark.parametrize("state", ["draining", "enabled"])
async def test_a_state_is_set_and_nothing_else_changes(store: Store, state: str) -> None:
    rows = await make_providers(store, [P1, P2], parents={P2: P1})
    await write(store, Writes(aggregates_linked=((rows[P1], aggregate_id(1)),)))
    await grant(store, {C1: {P1: 4}})
    before = await read_providers(store, P1, P2)
    await write(store, Writes(providers_edited=(edit(before[P1], state=state),)))
    after = await read_providers(store, P1, P2)
    assert after[P2] == before[P2]
    assert (after[P1].state, after[P1].generation) == (state, before[P1].generation + 1)
    assert (after[P1].inventories, after[P1].aggregates) == (before[P1].inventories, before[P1].aggregates)
