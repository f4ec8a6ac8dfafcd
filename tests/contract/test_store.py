"""What every store reads, and what its lock phase finds."""

from decimal import Decimal

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
    consumer_id,
    grant,
    make_providers,
    provider_id,
    put,
    read,
    read_providers,
    remove_provider,
    write,
)
from worker.placement.ids import ResourceClass, Trait
from worker.placement.inventory import Inventory, Stock
from worker.placement.plan import AllocationPut, Writes
from worker.placement.snapshot import EXAMPLES_MAX, Wanted
from worker.postgres.database import Store


async def test_what_does_not_exist_is_in_no_mapping(store: Store) -> None:
    snapshot = await read(
        store,
        Wanted(
            providers=(P1,), consumers=(C1,), names=("n",), classes=(ResourceClass("CUSTOM_X"),), traits=(GOLD,),
            trees=(P1,), linked=(P1,), held=(P1,), classes_used=(VCPU,), traits_used=(GOLD,),
        ),
    )  # fmt: skip
    assert not snapshot.providers
    assert not snapshot.consumers
    assert not snapshot.names
    assert not snapshot.classes
    assert not snapshot.traits
    assert not (snapshot.holders or snapshot.class_users or snapshot.trait_users)
    assert snapshot.new_rows == ()


async def test_standard_names_are_there_and_known_as_standard(store: Store) -> None:
    await write(store, Writes(classes_created=(ResourceClass("CUSTOM_X"),), traits_created=(GOLD,)))
    standard = Trait("HW_CPU_X86_AVX2")
    wanted = Wanted(classes=(ResourceClass("CUSTOM_X"), VCPU), traits=(GOLD, standard))
    snapshot = await read(store, wanted)
    assert snapshot.classes == {"CUSTOM_X", VCPU}
    assert snapshot.standard_classes == {VCPU}
    assert snapshot.traits == {GOLD, standard}
    assert snapshot.standard_traits == {standard}


async def test_a_provider_comes_back_as_it_was_written(store: Store) -> None:
    inventory = Inventory(200, 10, 2, 50, 2, Decimal("0.290001"))
    rows = await make_providers(store, [P1], {DISK: inventory})
    row = (await read_providers(store, P1))[P1]
    assert (row.row, row.id, row.name, row.generation, row.state) == (rows[P1], P1, f"name {P1}", 0, "enabled")
    assert (row.parent, row.root) == (None, P1)
    assert row.created_at == row.updated_at
    assert row.inventories == {DISK: Stock(inventory, 0)}


async def test_new_providers_of_one_batch_may_stand_under_each_other(store: Store) -> None:
    await make_providers(store, [P1, P2, P3], parents={P1: P2, P2: P3})
    rows = await read_providers(store, P1, P2, P3)
    assert [(rows[name].parent, rows[name].root) for name in (P1, P2, P3)] == [(P2, P3), (P3, P3), (None, P3)]


async def test_a_tree_is_loaded_whole_from_any_of_its_members(store: Store) -> None:
    await make_providers(store, [P1, P2, P3], parents={P2: P1})
    snapshot = await read(store, Wanted(trees=(P2,)))
    assert snapshot.providers.keys() == {P1, P2}


async def test_links_are_loaded_only_where_asked_for(store: Store) -> None:
    rows = await make_providers(store, [P1, P2])
    linked = tuple((rows[name], GOLD) for name in (P1, P2))
    members = tuple((rows[name], aggregate_id(7)) for name in (P1, P2))
    await write(store, Writes(traits_created=(GOLD,), traits_linked=linked, aggregates_linked=members))
    snapshot = await read(store, Wanted(providers=(P1, P2), linked=(P1,)))
    assert snapshot.providers[P1].traits == {GOLD}
    assert snapshot.providers[P1].aggregates == {aggregate_id(7)}
    assert not (snapshot.providers[P2].traits or snapshot.providers[P2].aggregates)


async def test_links_can_be_taken_off_again(store: Store) -> None:
    rows = await make_providers(store, [P1])
    await write(
        store,
        Writes(
            traits_created=(GOLD,),
            traits_linked=((rows[P1], GOLD),),
            aggregates_linked=((rows[P1], aggregate_id(7)),),
        ),
    )
    await write(
        store,
        Writes(
            traits_unlinked=((rows[P1], GOLD),),
            aggregates_unlinked=((rows[P1], aggregate_id(7)),),
            traits_deleted=(GOLD,),
        ),
    )
    row = (await read_providers(store, P1))[P1]
    assert not (row.traits or row.aggregates)
    assert not (await read(store, Wanted(traits=(GOLD,)))).traits


async def test_a_consumer_brings_the_providers_it_stands_on(store: Store) -> None:
    await make_providers(store, [P1, P2])
    await grant(store, {C1: {P1: 3, P2: 4}})
    snapshot = await read(store, Wanted(consumers=(C1,)))
    held = snapshot.consumers[C1]
    assert held.allocations == {P1: {VCPU: 3}, P2: {VCPU: 4}}
    assert (held.project, held.user, held.type, held.generation) == ("p1", "u1", None, 1)
    assert {name: row.inventories[VCPU].used for name, row in snapshot.providers.items()} == {P1: 3, P2: 4}


async def test_names_lead_to_their_providers(store: Store) -> None:
    await make_providers(store, [P1])
    assert (await read(store, Wanted(names=(f"name {P1}", "other")))).names == {f"name {P1}": P1}


async def test_new_rows_are_never_given_twice(store: Store) -> None:
    first = (await read(store, Wanted(new_providers=3))).new_rows
    second = (await read(store, Wanted(new_providers=2))).new_rows
    assert len({*first, *second}) == 5
    assert sorted(first) == list(first)


async def test_users_are_counted_whole_and_named_up_to_the_limit(store: Store) -> None:
    many = [consumer_id(number) for number in range(EXAMPLES_MAX + 5)]
    providers = [provider_id(number) for number in range(1, EXAMPLES_MAX + 3)]
    rows = await make_providers(store, providers)
    linked = tuple((row, GOLD) for row in rows.values())
    await write(store, Writes(traits_created=(GOLD,), traits_linked=linked))
    await grant(store, {consumer: {P1: 1} for consumer in many})
    snapshot = await read(store, Wanted(held=(P1, P2), classes_used=(VCPU, DISK), traits_used=(GOLD,)))
    held = snapshot.holders[P1][VCPU]
    assert (held.count, held.examples) == (len(many), tuple(many[:EXAMPLES_MAX]))
    assert snapshot.holders.keys() == {P1}
    used = snapshot.class_users[VCPU]
    assert (used.count, used.examples) == (len(providers), tuple(providers[:EXAMPLES_MAX]))
    assert snapshot.class_users.keys() == {VCPU}
    assert snapshot.trait_users[GOLD].count == len(providers)


async def test_the_lock_phase_gives_the_versions_of_what_exists(store: Store) -> None:
    rows = await make_providers(store, [P1])
    await grant(store, {C1: {P1: 1}})
    async with store.transaction() as transaction:
        locked = await transaction.lock((P2, P1), (C2, C1), ())
    assert locked.providers == {P1: (rows[P1], 1)}
    assert locked.consumers.keys() == {C1}
    assert locked.consumers[C1][1] == 1


async def test_a_consumer_made_by_the_lock_phase_is_not_seen_by_its_own_transaction(store: Store) -> None:
    async with store.transaction() as transaction:
        locked = await transaction.lock((), (C1,), (put(C1),))
        snapshot = await transaction.load_snapshot(Wanted(consumers=(C1,)))
        again = await transaction.lock((), (), (put(C2),))
    assert not locked.consumers
    assert not snapshot.consumers
    assert not again.consumers


async def test_a_consumer_that_the_final_plan_leaves_out_is_gone(store: Store) -> None:
    async with store.transaction() as transaction:
        await transaction.lock((), (C1,), (put(C1),))
        await transaction.write_plan(Writes())
    assert not (await read(store, Wanted(consumers=(C1,)))).consumers


async def test_a_consumer_that_the_final_plan_wants_otherwise_is_changed(store: Store) -> None:
    rows = await make_providers(store, [P1])
    async with store.transaction() as transaction:
        await transaction.lock((P1,), (C1,), (put(C1),))
        held = (AllocationPut(C1, rows[P1], VCPU, 5),)
        await transaction.write_plan(Writes(consumers_put=(put(C1, 3, "p2"),), allocations_put=held))
    row = (await read(store, Wanted(consumers=(C1,)))).consumers[C1]
    assert (row.generation, row.project, row.allocations) == (3, "p2", {P1: {VCPU: 5}})


async def test_a_consumer_that_only_the_final_plan_names_is_made(store: Store) -> None:
    rows = await make_providers(store, [P1])
    held = (AllocationPut(C1, rows[P1], VCPU, 5),)
    await write(store, Writes(consumers_put=(put(C1),), allocations_put=held))
    assert (await read(store, Wanted(consumers=(C1,)))).consumers[C1].allocations == {P1: {VCPU: 5}}


async def test_a_new_consumer_that_exists_already_has_a_version(store: Store) -> None:
    await make_providers(store, [P1])
    await grant(store, {C1: {P1: 1}})
    async with store.transaction() as transaction:
        locked = await transaction.lock((), (), (put(C1), put(C2)))
    assert locked.consumers.keys() == {C1}


async def test_a_row_changed_since_it_was_read_has_another_version(store: Store) -> None:
    await make_providers(store, [P1])
    before = (await read_providers(store, P1))[P1]
    await write(store, Writes(providers_advanced=(advance(before),)))
    async with store.transaction() as transaction:
        locked = await transaction.lock((P1,), (), ())
    assert locked.providers[P1] == (before.row, before.generation + 1)


async def test_a_row_deleted_and_made_anew_has_another_version_at_the_same_generation(store: Store) -> None:
    before = await make_providers(store, [P1])
    await remove_provider(store, P1)
    async with store.transaction() as transaction:
        gone = await transaction.lock((P1,), (), ())
    after = await make_providers(store, [P1])
    async with store.transaction() as transaction:
        anew = await transaction.lock((P1,), (), ())
    assert not gone.providers
    assert anew.providers == {P1: (after[P1], 0)}
    assert after[P1] > before[P1]


async def test_a_consumer_deleted_and_made_anew_has_another_version_at_the_same_generation(store: Store) -> None:
    rows = await make_providers(store, [P1])
    await grant(store, {C1: {P1: 1}})
    async with store.transaction() as transaction:
        before = (await transaction.lock((), (C1,), ())).consumers[C1]
    deleted = ((before[0], rows[P1], VCPU),)
    await write(store, Writes(allocations_deleted=deleted, consumers_deleted=(before,)))
    await grant(store, {C1: {P1: 1}})
    async with store.transaction() as transaction:
        after = (await transaction.lock((), (C1,), ())).consumers[C1]
    assert after[1] == before[1]
    assert after[0] > before[0]
