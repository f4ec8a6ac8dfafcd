"""What every store writes, and when it refuses to."""

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
    grant_writes,
    make_providers,
    put,
    read,
    read_providers,
    write,
)
from worker.faults import Conflict
from worker.placement.ids import ResourceClass, RowId, Trait
from worker.placement.inventory import Inventory, Stock
from worker.placement.plan import AllocationPut, ConsumerPut, InventoryPut, UsedPut, Writes
from worker.placement.snapshot import Wanted
from worker.postgres.database import Store


async def test_an_edit_changes_the_row_whole(store: Store) -> None:
    await make_providers(store, [P1, P2])
    row = (await read_providers(store, P2))[P2]
    edited = edit(row, name="other", state="draining", parent=P1, root=P1)
    await write(store, Writes(providers_edited=(edited,)))
    after = (await read_providers(store, P2))[P2]
    assert (after.name, after.state, after.parent, after.root, after.generation) == ("other", "draining", P1, P1, 1)
    assert after.updated_at > row.updated_at
    assert after.created_at == row.created_at


async def test_names_can_be_swapped_in_one_batch(store: Store) -> None:
    await make_providers(store, [P1, P2])
    rows = await read_providers(store, P1, P2)
    swapped = (edit(rows[P1], name=rows[P2].name), edit(rows[P2], name=rows[P1].name))
    await write(store, Writes(providers_edited=swapped))
    after = await read_providers(store, P1, P2)
    assert (after[P1].name, after[P2].name) == (rows[P2].name, rows[P1].name)


async def test_a_name_freed_by_a_deletion_can_be_taken_in_the_same_batch(store: Store) -> None:
    await make_providers(store, [P1, P2])
    rows = await read_providers(store, P1, P2)
    taken = (edit(rows[P2], name=rows[P1].name),)
    await write(store, Writes(providers_deleted=((rows[P1].row, 0),), providers_edited=taken))
    assert (await read_providers(store, P1, P2)).keys() == {P2}


async def test_a_parent_can_go_while_its_child_moves_away(store: Store) -> None:
    await make_providers(store, [P1, P2], parents={P2: P1})
    rows = await read_providers(store, P1, P2)
    moved = (edit(rows[P2], parent=None, root=P2),)
    await write(store, Writes(providers_deleted=((rows[P1].row, 0),), providers_edited=moved))
    assert (await read_providers(store, P2))[P2].root == P2


async def test_inventories_are_put_and_deleted(store: Store) -> None:
    rows = await make_providers(store, [P1], {VCPU: Inventory(10), DISK: Inventory(20)})
    changed = (InventoryPut(rows[P1], VCPU, Inventory(7, reserved=2), 0),)
    await write(store, Writes(inventories_put=changed, inventories_deleted=((rows[P1], DISK),)))
    assert (await read_providers(store, P1))[P1].inventories == {VCPU: Stock(Inventory(7, reserved=2), 0)}


async def test_a_class_is_renamed_under_its_inventories(store: Store) -> None:
    old, new = ResourceClass("CUSTOM_OLD"), ResourceClass("CUSTOM_NEW")
    await write(store, Writes(classes_created=(old,)))
    await make_providers(store, [P1], {old: Inventory(10)})
    await write(store, Writes(classes_renamed=((old, new),)))
    assert (await read_providers(store, P1))[P1].inventories.keys() == {new}


async def test_an_unused_class_is_deleted(store: Store) -> None:
    await write(store, Writes(classes_created=(ResourceClass("CUSTOM_X"),)))
    await write(store, Writes(classes_deleted=(ResourceClass("CUSTOM_X"),)))
    assert not (await read(store, Wanted(classes=(ResourceClass("CUSTOM_X"),)))).classes


async def test_a_stale_generation_is_a_conflict(store: Store) -> None:
    rows = await make_providers(store, [P1])
    await grant(store, {C1: {P1: 1}})
    stale = (await read_providers(store, P1))[P1]
    consumer = (await read(store, Wanted(consumers=(C1,)))).consumers[C1]
    await write(store, Writes(providers_advanced=(advance(stale),)))
    update = ConsumerPut(C1, consumer.row, "p1", "u1", None, 7, 8)
    for writes in (
        Writes(providers_advanced=(advance(stale),)),
        Writes(providers_edited=(edit(stale, name="other"),)),
        Writes(providers_deleted=((rows[P1], stale.generation),)),
        Writes(consumers_put=(update,)),
        Writes(consumers_deleted=((consumer.row, 7),)),
    ):
        with pytest.raises(Conflict):
            await write(store, writes)


async def test_fewer_rows_than_planned_is_a_conflict(store: Store) -> None:
    rows = await make_providers(store, [P1])
    gone = RowId(999_999)
    nowhere = ResourceClass("CUSTOM_NOWHERE")
    for writes in (
        Writes(used_put=(UsedPut(rows[P1], DISK, 1),)),
        Writes(inventories_put=(InventoryPut(rows[P1], nowhere, Inventory(1), 0),)),
        Writes(inventories_deleted=((rows[P1], DISK),)),
        Writes(allocations_deleted=((gone, rows[P1], VCPU),)),
        Writes(consumers_put=(put(C1),), allocations_put=(AllocationPut(C1, rows[P1], nowhere, 1),)),
        Writes(traits_linked=((rows[P1], Trait("CUSTOM_NOWHERE")),)),
        Writes(traits_unlinked=((rows[P1], GOLD),)),
        Writes(aggregates_unlinked=((rows[P1], aggregate_id(1)),)),
        Writes(classes_renamed=((nowhere, ResourceClass("CUSTOM_X")),)),
        Writes(classes_deleted=(nowhere,)),
        Writes(traits_deleted=(GOLD,)),
    ):
        with pytest.raises(Conflict):
            await write(store, writes)


async def test_what_must_be_unique_or_exist_is_a_conflict_when_it_does_not(store: Store) -> None:
    rows = await make_providers(store, [P1, P2], parents={P2: P1})
    await write(store, Writes(traits_created=(GOLD,), traits_linked=((rows[P1], GOLD),)))
    found = await read_providers(store, P1, P2)
    await grant(store, {C1: {P1: 1}})
    for writes in (
        Writes(classes_created=(VCPU,)),
        Writes(traits_created=(GOLD,)),
        Writes(traits_deleted=(GOLD,)),
        Writes(traits_linked=((rows[P1], GOLD),)),
        Writes(providers_edited=(edit(found[P2], name=found[P1].name),)),
        Writes(providers_edited=(edit(found[P2], parent=P3, root=P3),)),
        Writes(providers_deleted=((rows[P1], 1),)),
        Writes(inventories_deleted=((rows[P1], VCPU),)),
        Writes(consumers_put=(put(C1),)),
        Writes(consumers_put=(put(C2),), allocations_put=(AllocationPut(C2, rows[P1], DISK, 1),)),
    ):
        with pytest.raises(Conflict):
            await write(store, writes)


async def test_making_a_provider_under_a_taken_id_is_a_conflict(store: Store) -> None:
    await make_providers(store, [P1])
    with pytest.raises(Conflict):
        await make_providers(store, [P1])


async def test_an_exception_leaves_nothing_behind(store: Store) -> None:
    await make_providers(store, [P1])

    async def break_off() -> None:
        async with store.transaction() as transaction:
            snapshot = await transaction.load_snapshot(Wanted(providers=(P1,)))
            await transaction.lock((P1,), (C1,), (put(C1),))
            await transaction.write_plan(grant_writes(snapshot, {C1: {P1: 1}}, (put(C1),)))
            raise LookupError

    with pytest.raises(LookupError):
        await break_off()
    snapshot = await read(store, Wanted(providers=(P1,), consumers=(C1,)))
    assert not snapshot.consumers
    assert snapshot.providers[P1].generation == 0


async def test_a_probe_succeeds_where_all_is_well(store: Store) -> None:
    await store.probe()
    async with store.transaction() as transaction:
        assert not (await transaction.load_snapshot(Wanted(providers=(P1,)))).providers
