"""Generations that no 32 bits hold: what every store reads, compares and writes of them."""

import pytest

from tests.contract.batches import C1, P1, VCPU, advance, grant, make_providers, put, read, read_providers, write
from worker.faults import Conflict
from worker.placement.ids import RowId
from worker.placement.plan import AllocationPut, ConsumerPut, ProviderAdvance, Writes
from worker.placement.snapshot import ConsumerRow, Known, ProviderRow, Wanted
from worker.postgres.database import Store

FAR = (2**31 + 5, 2**32 + 5, 2**53 - 2)


async def provider_at(store: Store, generation: int) -> ProviderRow:
    """A provider that has come so far."""
    rows = await make_providers(store, [P1])
    await write(store, Writes(providers_advanced=(ProviderAdvance(rows[P1], P1, 0, generation),)))
    return (await read_providers(store, P1))[P1]


async def consumer_at(store: Store, provider: RowId, generation: int) -> ConsumerRow:
    """A consumer that has come so far."""
    held = (AllocationPut(C1, provider, VCPU, 1),)
    await write(store, Writes(consumers_put=(put(C1, generation),), allocations_put=held))
    return (await read(store, Wanted(consumers=(C1,)))).consumers[C1]


@pytest.mark.parametrize("far", FAR)
async def test_generations_beyond_32_bits_are_read_locked_and_advanced(store: Store, far: int) -> None:
    provider = await provider_at(store, far)
    consumer = await consumer_at(store, provider.row, far)
    assert (provider.generation, consumer.generation) == (far, far)
    async with store.transaction() as transaction:
        locked = await transaction.lock((P1,), (C1,), ())
        further = ConsumerPut(C1, consumer.row, "p2", "u1", None, far, far + 1)
        await transaction.write_plan(Writes(providers_advanced=(advance(provider),), consumers_put=(further,)))
    assert (locked.providers[P1], locked.consumers[C1]) == ((provider.row, far), (consumer.row, far))
    snapshot = await read(store, Wanted(providers=(P1,), consumers=(C1,)))
    assert (snapshot.providers[P1].generation, snapshot.consumers[C1].generation) == (far + 1, far + 1)


@pytest.mark.parametrize("far", FAR)
async def test_what_is_known_at_a_generation_beyond_32_bits_stands_until_it_moves(store: Store, far: int) -> None:
    provider = await provider_at(store, far)
    async with store.load_fleet() as portions:
        (fleet,) = [feed async for feed in portions]
    assert [row.generation for row in fleet.rows] == [far]
    first = await read(store, Wanted(providers=(P1,)))
    wanted = Wanted(providers=(P1,), known=Known(first.catalogue, first.providers))
    assert (await read(store, wanted)).providers[P1] is first.providers[P1]
    await grant(store, {C1: {P1: 1}})
    assert (await read(store, wanted)).providers[P1].generation == far + 1
    async with store.transaction() as transaction:
        (row,) = (await transaction.refresh(fleet.horizon, ((provider.row, far),))).rows
    assert row.generation == far + 1


@pytest.mark.parametrize("far", FAR)
async def test_what_32_bits_leave_of_a_generation_is_another(store: Store, far: int) -> None:
    provider = await provider_at(store, far)
    for cut in (far & 0x7FFF_FFFF, far - 1):
        with pytest.raises(Conflict):
            await write(store, Writes(providers_advanced=(ProviderAdvance(provider.row, P1, cut, cut + 1),)))
    assert (await read_providers(store, P1))[P1].generation == far
