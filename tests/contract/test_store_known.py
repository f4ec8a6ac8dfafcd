"""What every store reads anew of providers that are known already: those whose version stands no more."""

from collections.abc import Mapping
from dataclasses import replace

from tests.contract.batches import C1, P1, P2, P3, VCPU, advance, grant, make_providers, read, read_providers, write
from worker.placement.ids import ProviderId, ResourceClass
from worker.placement.inventory import Inventory, Stock
from worker.placement.plan import Writes
from worker.placement.snapshot import Known, ProviderRow, Snapshot, Wanted
from worker.postgres.database import Store

OLD, NEW = ResourceClass("CUSTOM_OLD"), ResourceClass("CUSTOM_NEW")
ALL = (P1, P2, P3)


async def read_again(store: Store, first: Snapshot, rows: Mapping[ProviderId, ProviderRow]) -> dict[ProviderId, str]:
    """Where each provider comes from: what was known, or the store."""
    second = await read(store, Wanted(providers=ALL, known=Known(first.catalogue, rows)))
    return {name: "known" if row is rows.get(name) else "read" for name, row in second.providers.items()}


async def test_what_still_has_its_version_is_given_back_as_it_is_known(store: Store) -> None:
    await make_providers(store, [P1, P2])
    first = await read(store, Wanted(providers=ALL))
    assert await read_again(store, first, {P1: first.providers[P1]}) == {P1: "known", P2: "read"}
    assert await read_again(store, first, first.providers) == {P1: "known", P2: "known"}


async def test_what_has_moved_is_read(store: Store) -> None:
    await make_providers(store, [P1, P2])
    first = await read(store, Wanted(providers=ALL))
    await write(store, Writes(providers_advanced=(advance(first.providers[P1]),)))
    assert await read_again(store, first, first.providers) == {P1: "read", P2: "known"}
    assert (await read_providers(store, P1))[P1].generation == 1


async def test_what_was_made_anew_under_its_id_is_read_and_what_is_gone_is_gone(store: Store) -> None:
    await make_providers(store, [P1, P2, P3])
    first = await read(store, Wanted(providers=ALL))
    gone = tuple((first.providers[name].row, 0) for name in (P1, P2))
    stocks = tuple((first.providers[name].row, VCPU) for name in (P1, P2))
    await write(store, Writes(inventories_deleted=stocks, providers_deleted=gone))
    await make_providers(store, [P1])
    assert await read_again(store, first, first.providers) == {P1: "read", P3: "known"}


async def test_a_later_generation_than_the_store_has_is_not_believed(store: Store) -> None:
    await make_providers(store, [P1])
    first = await read(store, Wanted(providers=ALL))
    assert await read_again(store, first, {P1: replace(first.providers[P1], generation=1)}) == {P1: "read"}


async def test_nothing_is_known_any_more_once_a_class_was_renamed(store: Store) -> None:
    await write(store, Writes(classes_created=(OLD,)))
    await make_providers(store, [P1], {OLD: Inventory(10)})
    first = await read(store, Wanted(providers=ALL))
    await write(store, Writes(classes_renamed=((OLD, NEW),)))
    assert await read_again(store, first, first.providers) == {P1: "read"}
    second = await read(store, Wanted(providers=ALL, known=Known(first.catalogue, first.providers)))
    assert second.providers[P1].inventories == {NEW: Stock(Inventory(10), 0)}
    assert second.catalogue != first.catalogue


async def test_the_providers_of_a_consumer_come_beside_those_known(store: Store) -> None:
    await make_providers(store, [P1, P2])
    first = await read(store, Wanted(providers=(P1,)))
    await grant(store, {C1: {P2: 3}})
    second = await read(store, Wanted(providers=(P1,), consumers=(C1,), known=Known(first.catalogue, first.providers)))
    assert second.providers[P1] is first.providers[P1]
    assert second.providers[P2].inventories[VCPU].used == 3


async def test_names_that_have_changed_hands_are_other_names(store: Store) -> None:
    await write(store, Writes(classes_created=(OLD, NEW)))
    await make_providers(store, [P1], {NEW: Inventory(10)})
    first = await read(store, Wanted(providers=ALL))
    await write(store, Writes(classes_deleted=(OLD,)))
    await write(store, Writes(classes_renamed=((NEW, OLD),)))
    await write(store, Writes(classes_created=(NEW,)))
    assert await read_again(store, first, first.providers) == {P1: "read"}
