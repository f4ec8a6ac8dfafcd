"""Builders of plans, and batches run through a store as the engine runs them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from worker.engine.ports import Transaction
from worker.messages import Record
from worker.placement.ids import AggregateId, ClaimId, ConsumerId, ProviderId, ResourceClass, RowId, Trait
from worker.placement.inventory import Inventory
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
from worker.placement.snapshot import ProviderRow, Snapshot, Wanted
from worker.postgres.database import Store

VCPU = ResourceClass("VCPU")
DISK = ResourceClass("DISK_GB")
GOLD = Trait("CUSTOM_GOLD")


def provider_id(number: int) -> ProviderId:
    """Ids that sort by their number."""
    return ProviderId(f"00000000-0000-4000-8000-{number:012d}")


def consumer_id(number: int) -> ConsumerId:
    """Ids that sort by their number."""
    return ConsumerId(f"11111111-0000-4000-8000-{number:012d}")


def claim_id(number: int) -> ClaimId:
    """Ids that sort by their number."""
    return ClaimId(f"22222222-0000-4000-8000-{number:012d}")


def aggregate_id(number: int) -> AggregateId:
    """Ids that sort by their number."""
    return AggregateId(f"33333333-0000-4000-8000-{number:012d}")


P1, P2, P3 = (provider_id(number) for number in (1, 2, 3))
C1, C2, C3 = (consumer_id(number) for number in (1, 2, 3))


def outcome(number: int, *bodies: bytes) -> Record:
    """An outcome of claim `number`."""
    told = bodies or (b'{"n":1}',)
    return Record(claim_id(number), b"f" * 32, ("allocation.granted",) * len(told), told, None)


def put(consumer: ConsumerId, generation: int = 1, project: str = "p1") -> ConsumerPut:
    """A consumer to insert."""
    return ConsumerPut(consumer, None, project, "u1", None, None, generation)


async def read(store: Store, wanted: Wanted) -> Snapshot:
    """A snapshot in a transaction of its own."""
    async with store.transaction() as transaction:
        return await transaction.load_snapshot(wanted)


async def read_providers(store: Store, *ids: ProviderId) -> Mapping[ProviderId, ProviderRow]:
    """Providers with their links."""
    return (await read(store, Wanted(providers=ids, linked=ids))).providers


async def write(store: Store, writes: Writes) -> None:
    """A plan written in a transaction of its own, without locks."""
    async with store.transaction() as transaction:
        await transaction.write_plan(writes)


async def keep(transaction: Transaction, *records: Record) -> int:
    """Outcomes without an effect; the number of the batch they make."""
    batch = await transaction.write_plan(Writes(), records)
    assert batch is not None
    return batch


async def make_providers(
    store: Store,
    ids: Sequence[ProviderId],
    inventories: Mapping[ResourceClass, Inventory] | None = None,
    parents: Mapping[ProviderId, ProviderId] | None = None,
) -> dict[ProviderId, RowId]:
    """Providers named after their ids, all with the same inventories; their row ids."""
    stocked = {VCPU: Inventory(100)} if inventories is None else inventories
    above = parents or {}
    async with store.transaction() as transaction:
        snapshot = await transaction.load_snapshot(Wanted(new_providers=len(ids)))
        rows = dict(zip(ids, snapshot.new_rows, strict=True))
        created = tuple(
            NewProvider(rows[name], name, f"name {name}", 0, "enabled", above.get(name), root_of(name, above))
            for name in ids
        )
        put = tuple(InventoryPut(rows[name], kind, one, 0) for name in ids for kind, one in stocked.items())
        writes = Writes(providers_created=created, inventories_put=put)
        await transaction.lock(ids, (), ())
        await transaction.write_plan(writes)
    return rows


def root_of(provider: ProviderId, parents: Mapping[ProviderId, ProviderId]) -> ProviderId:
    """The end of the chain of parents."""
    while provider in parents:
        provider = parents[provider]
    return provider


async def grant(store: Store, amounts: Mapping[ConsumerId, Mapping[ProviderId, int]]) -> None:
    """New consumers take units of VCPU: a whole batch as the engine runs it, without an outcome."""
    providers = tuple(sorted({name for held in amounts.values() for name in held}))
    async with store.transaction() as transaction:
        snapshot = await transaction.load_snapshot(Wanted(providers=providers, consumers=tuple(sorted(amounts))))
        new = tuple(put(consumer) for consumer in sorted(amounts))
        await transaction.lock(providers, tuple(sorted(amounts)), new)
        await transaction.write_plan(grant_writes(snapshot, amounts, new))


def grant_writes(
    snapshot: Snapshot, amounts: Mapping[ConsumerId, Mapping[ProviderId, int]], new: tuple[ConsumerPut, ...]
) -> Writes:
    """What `grant` writes."""
    rows = snapshot.providers
    taken = {name: sum(held.get(name, 0) for held in amounts.values()) for name in sorted(rows)}
    return Writes(
        consumers_put=new,
        allocations_put=tuple(
            AllocationPut(consumer, rows[name].row, VCPU, amount)
            for consumer, held in sorted(amounts.items())
            for name, amount in sorted(held.items())
        ),
        providers_advanced=tuple(advance(row) for row in rows.values()),
        used_put=tuple(
            UsedPut(rows[name].row, VCPU, rows[name].inventories[VCPU].used + more) for name, more in taken.items()
        ),
    )


def advance(row: ProviderRow) -> ProviderAdvance:
    """One generation further."""
    return ProviderAdvance(row.row, row.id, row.generation, row.generation + 1)


def edit(row: ProviderRow, **changes: Any) -> ProviderEdit:
    """One generation further, with some values changed."""
    kept = ProviderEdit(row.row, row.id, row.generation, row.generation + 1, row.name, row.state, row.parent, row.root)
    return replace(kept, **changes)


async def remove_provider(store: Store, provider: ProviderId) -> None:
    """Delete a provider at whatever generation it is."""
    row = (await read_providers(store, provider))[provider]
    await write(store, Writes(providers_deleted=((row.row, row.generation),)))
