"""What every store tells a resident view."""

from decimal import Decimal

import pytest

from tests.contract.batches import (
    C1,
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
    keep,
    make_providers,
    outcome,
    provider_id,
    put,
    read,
    read_providers,
    remove_provider,
    write,
)
from worker.placement.feed import Feed, Horizon
from worker.placement.ids import ProviderId, ResourceClass
from worker.placement.inventory import Inventory, Stock
from worker.placement.plan import InventoryPut, Version, Writes
from worker.placement.snapshot import ProviderRow, Wanted
from worker.postgres.database import Store


async def load(store: Store) -> tuple[Horizon, dict[ProviderId, ProviderRow]]:
    """Everything, and the horizon to go on from."""
    async with store.load_fleet() as portions:
        feeds = [feed async for feed in portions]
    assert len({feed.horizon for feed in feeds}) == 1
    assert not any(feed.whole or feed.gone for feed in feeds)
    rows = [row for feed in feeds for row in feed.rows]
    assert len({row.row for row in rows}) == len(rows)
    return feeds[0].horizon, {row.id: row for row in rows}


async def refresh(store: Store, since: Horizon, *known: Version) -> Feed:
    """A refresh in a transaction of its own."""
    async with store.transaction() as transaction:
        return await transaction.refresh(since, known)


def ids(feed: Feed) -> set[ProviderId]:
    """The providers that a feed brings."""
    return {row.id for row in feed.rows}


async def test_a_load_of_nothing_has_a_horizon_to_go_on_from(store: Store) -> None:
    horizon, rows = await load(store)
    assert rows == {}
    await make_providers(store, [P1])
    assert ids(await refresh(store, horizon)) == {P1}


async def test_a_load_brings_every_provider_whole(store: Store) -> None:
    many = [provider_id(number) for number in range(1, 11)]
    odd = Inventory(200, 10, 2, 50, 2, Decimal("0.290001"))
    rows = await make_providers(store, many, {VCPU: Inventory(100), DISK: odd}, {P2: P1, P3: P2})
    linked = tuple((rows[name], GOLD) for name in many[4:])
    members = tuple((rows[name], aggregate_id(number)) for name in many[:3] for number in (1, 2))
    await write(store, Writes(traits_created=(GOLD,), traits_linked=linked, aggregates_linked=members))
    await grant(store, {C1: {P1: 3}})
    _, loaded = await load(store)
    assert loaded == await read_providers(store, *many)
    assert loaded[P1].inventories == {VCPU: Stock(Inventory(100), 3), DISK: Stock(odd, 0)}
    assert loaded[P1].aggregates == {aggregate_id(1), aggregate_id(2)}
    assert not loaded[P1].traits
    assert (loaded[P3].parent, loaded[P3].root) == (P2, P1)


async def test_nothing_is_told_twice(store: Store) -> None:
    await make_providers(store, [P1])
    horizon, _ = await load(store)
    again = await refresh(store, horizon)
    assert (again.rows, again.gone, again.whole) == ([], [], False)
    await make_providers(store, [P2])
    told = await refresh(store, horizon)
    assert ids(told) == {P2}
    assert not (await refresh(store, told.horizon)).rows


async def test_a_refresh_brings_a_changed_provider_whole(store: Store) -> None:
    rows = await make_providers(store, [P1, P2], {VCPU: Inventory(100), DISK: Inventory(5)}, {P2: P1})
    linked, members = ((rows[P2], GOLD),), ((rows[P2], aggregate_id(1)),)
    await write(store, Writes(traits_created=(GOLD,), traits_linked=linked, aggregates_linked=members))
    horizon, _ = await load(store)
    await grant(store, {C1: {P2: 7}})
    told = await refresh(store, horizon)
    assert list(told.rows) == [(await read_providers(store, P2))[P2]]
    assert told.rows[0].inventories[VCPU].used == 7


async def test_each_kind_of_change_is_told(store: Store) -> None:
    rows = await make_providers(store, [P1])
    await write(store, Writes(traits_created=(GOLD,)))
    row, link, member = rows[P1], ((rows[P1], GOLD),), ((rows[P1], aggregate_id(1)),)
    found = (await read_providers(store, P1))[P1]
    horizon, _ = await load(store)
    for writes in (
        Writes(providers_advanced=(advance(found),)),
        Writes(inventories_put=(InventoryPut(row, DISK, Inventory(3), 0),)),
        Writes(inventories_deleted=((row, DISK),)),
        Writes(traits_linked=link),
        Writes(traits_unlinked=link),
        Writes(aggregates_linked=member),
        Writes(aggregates_unlinked=member),
    ):
        await write(store, writes)
        told = await refresh(store, horizon)
        assert ids(told) == {P1}, writes
        horizon = told.horizon


async def test_a_change_of_state_is_told(store: Store) -> None:
    await make_providers(store, [P1])
    horizon, rows = await load(store)
    await write(store, Writes(providers_edited=(edit(rows[P1], state="draining"),)))
    assert [row.state for row in (await refresh(store, horizon)).rows] == ["draining"]


async def test_a_deleted_provider_is_gone_by_its_row(store: Store) -> None:
    rows = await make_providers(store, [P1, P2])
    horizon, _ = await load(store)
    await remove_provider(store, P1)
    told = await refresh(store, horizon)
    assert (list(told.gone), list(told.rows)) == ([rows[P1]], [])


async def test_a_provider_made_anew_has_its_old_row_gone_and_a_new_one(store: Store) -> None:
    before = await make_providers(store, [P1])
    horizon, _ = await load(store)
    await remove_provider(store, P1)
    after = await make_providers(store, [P1])
    told = await refresh(store, horizon)
    assert list(told.gone) == [before[P1]]
    assert [(row.id, row.row) for row in told.rows] == [(P1, after[P1])]


async def test_a_provider_that_came_and_went_between_two_refreshes_is_only_gone(store: Store) -> None:
    horizon, _ = await load(store)
    rows = await make_providers(store, [P1])
    await remove_provider(store, P1)
    told = await refresh(store, horizon)
    assert (list(told.gone), list(told.rows)) == ([rows[P1]], [])


async def test_a_subtree_that_moved_comes_with_its_new_root(store: Store) -> None:
    await make_providers(store, [P1, P2, P3], parents={P3: P2})
    horizon, rows = await load(store)
    moved = (edit(rows[P2], parent=P1, root=P1), edit(rows[P3], root=P1))
    await write(store, Writes(providers_edited=moved))
    told = await refresh(store, horizon)
    assert {row.id: (row.parent, row.root) for row in told.rows} == {P2: (P1, P1), P3: (P2, P1)}


async def test_a_renamed_class_makes_the_view_begin_anew(store: Store) -> None:
    old, new = ResourceClass("CUSTOM_OLD"), ResourceClass("CUSTOM_NEW")
    await write(store, Writes(classes_created=(old,)))
    await make_providers(store, [P1], {old: Inventory(10)})
    horizon, _ = await load(store)
    await write(store, Writes(classes_renamed=((old, new),)))
    told = await refresh(store, horizon)
    assert (told.whole, list(told.rows), list(told.gone)) == (True, [], [])
    horizon, rows = await load(store)
    assert rows[P1].inventories.keys() == {new}
    assert not (await refresh(store, horizon)).whole


async def test_what_changes_no_provider_is_not_told(store: Store) -> None:
    await make_providers(store, [P1])
    horizon, _ = await load(store)
    await write(store, Writes(classes_created=(ResourceClass("CUSTOM_X"),), traits_created=(GOLD,)))
    async with store.transaction() as transaction:
        await keep(transaction, outcome(1))
    assert not (await refresh(store, horizon)).rows


async def test_a_refresh_sees_nothing_of_a_transaction_that_was_rolled_back(store: Store) -> None:
    await make_providers(store, [P1])
    horizon, rows = await load(store)

    async def break_off() -> None:
        async with store.transaction() as transaction:
            await transaction.write_plan(Writes(providers_advanced=(advance(rows[P1]),)))
            raise LookupError

    with pytest.raises(LookupError):
        await break_off()
    assert not (await refresh(store, horizon)).rows


async def test_what_the_refreshing_transaction_writes_itself_is_told_to_the_next(store: Store) -> None:
    await make_providers(store, [P1])
    horizon, rows = await load(store)
    async with store.transaction() as transaction:
        # a transaction that has inserted something has an id before it looks for news
        await transaction.lock((), (), (put(C1),))
        told = await transaction.refresh(horizon)
        await transaction.write_plan(Writes(providers_advanced=(advance(rows[P1]),)))
    assert not told.rows
    assert [row.generation for row in (await refresh(store, told.horizon)).rows] == [1]


async def test_a_load_is_of_one_moment_whatever_is_committed_meanwhile(store: Store) -> None:
    many = [provider_id(number) for number in range(1, 8)]
    await make_providers(store, many)
    before = (await read(store, Wanted(providers=tuple(many)))).providers
    async with store.load_fleet() as portions:
        first = await anext(portions)
        await write(store, Writes(providers_advanced=tuple(advance(row) for row in before.values())))
        rest = [row async for feed in portions for row in feed.rows]
    assert {row.generation for row in (*first.rows, *rest)} == {0}
    assert ids(await refresh(store, first.horizon)) == set(many)


async def test_what_the_reader_wrote_itself_is_left_out_unless_it_changed_again(store: Store) -> None:
    rows = await make_providers(store, [P1, P2, P3])
    horizon, loaded = await load(store)
    await write(store, Writes(providers_advanced=tuple(advance(row) for row in loaded.values())))
    written = [(row, 1) for row in rows.values()]
    assert ids(await refresh(store, horizon, *written)) == set()
    assert ids(await refresh(store, horizon, *written[:1])) == {P2, P3}
    await write(store, Writes(providers_advanced=(advance((await read_providers(store, P1))[P1]),)))
    await remove_provider(store, P2)
    told = await refresh(store, horizon, *written)
    assert [(row.id, row.generation) for row in told.rows] == [(P1, 2)]
    assert list(told.gone) == [rows[P2]]
