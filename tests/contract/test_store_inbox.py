"""What every store keeps of outcomes."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from tests.contract.batches import P1, claim_id, keep, make_providers, outcome, read_providers
from worker.faults import Conflict
from worker.messages import Record, Recorded
from worker.placement.ids import ClaimId, RowId
from worker.placement.plan import ProviderAdvance, Writes
from worker.postgres.database import Store

AT_ONCE = timedelta(0)


async def record(store: Store, *records: Record) -> int:
    """Outcomes in a transaction of their own; the number of their batch."""
    async with store.transaction() as transaction:
        return await keep(transaction, *records)


def advanced(row: RowId) -> Writes:
    """An effect: the first generation of P1."""
    return Writes(providers_advanced=(ProviderAdvance(row, P1, 0, 1),))


async def known(store: Store, *numbers: int) -> Mapping[ClaimId, Recorded]:
    """The outcomes kept of these claims."""
    async with store.transaction() as transaction:
        return await transaction.keep_fresh([claim_id(number) for number in numbers], [])


async def test_an_outcome_comes_back_word_for_word(store: Store) -> None:
    given = Record(
        claim_id(1), bytes(range(32)), ("provider.updated", "inventory.changed"), ('{"ä":"\\n"}'.encode(), b"{}"), "c"
    )
    await record(store, given, outcome(2))
    assert await known(store, 1, 3) == {
        claim_id(1): Recorded(given.claim, given.fingerprint, given.types, given.bodies, given.correlation_id)
    }


async def test_an_outcome_without_correlation_id_comes_back_without(store: Store) -> None:
    await record(store, outcome(1))
    assert (await known(store, 1))[claim_id(1)].correlation_id is None


async def test_a_claim_decided_before_is_a_conflict_and_nothing_is_recorded(store: Store) -> None:
    await record(store, outcome(1))
    with pytest.raises(Conflict):
        await record(store, outcome(2), outcome(1, b'{"n":2}'))
    found = await known(store, 1, 2)
    assert found.keys() == {claim_id(1)}
    assert found[claim_id(1)].bodies == (b'{"n":1}',)


async def test_batches_are_numbered_apart(store: Store) -> None:
    assert await record(store, outcome(1)) != await record(store, outcome(2))


async def test_an_effect_without_an_outcome_makes_no_batch(store: Store) -> None:
    rows = await make_providers(store, [P1])
    async with store.transaction() as transaction:
        assert await transaction.write_plan(advanced(rows[P1])) is None
    assert await store.unconfirmed(AT_ONCE, 10) == []


async def test_a_claim_decided_before_leaves_nothing_of_the_effect_either(store: Store) -> None:
    rows = await make_providers(store, [P1])
    await record(store, outcome(1))
    with pytest.raises(Conflict):
        async with store.transaction() as transaction:
            await transaction.write_plan(advanced(rows[P1]), [outcome(2), outcome(1)])
    assert (await read_providers(store, P1))[P1].generation == 0
    assert (await known(store, 1, 2)).keys() == {claim_id(1)}


async def test_a_batch_is_unconfirmed_until_it_is_confirmed(store: Store) -> None:
    batch = await record(store, outcome(2), outcome(1))
    swept = await store.unconfirmed(AT_ONCE, 10)
    assert [one.batch for one in swept] == [batch]
    assert [one.claim for one in swept[0].records] == [claim_id(1), claim_id(2)]
    await store.confirm([batch])
    assert await store.unconfirmed(AT_ONCE, 10) == []


async def test_the_next_batch_confirms_the_one_before(store: Store) -> None:
    first, second = await record(store, outcome(1)), await record(store, outcome(2))
    async with store.transaction() as transaction:
        await transaction.keep_fresh([], [first])
    assert [one.batch for one in await store.unconfirmed(AT_ONCE, 10)] == [second]


async def test_a_batch_confirmed_by_a_transaction_that_failed_is_still_unconfirmed(store: Store) -> None:
    batch = await record(store, outcome(1))

    async def break_off() -> None:
        async with store.transaction() as transaction:
            await transaction.keep_fresh([], [batch])
            raise LookupError

    with pytest.raises(LookupError):
        await break_off()
    assert [one.batch for one in await store.unconfirmed(AT_ONCE, 10)] == [batch]


async def test_a_young_batch_is_not_swept(store: Store) -> None:
    await record(store, outcome(1))
    assert await store.unconfirmed(timedelta(minutes=5), 10) == []


async def test_a_sweep_takes_no_more_batches_than_asked(store: Store) -> None:
    batches = [await record(store, outcome(number)) for number in range(3)]
    assert [one.batch for one in await store.unconfirmed(AT_ONCE, 2)] == batches[:2]


async def test_old_outcomes_are_pruned_in_small_batches_oldest_first(store: Store) -> None:
    batches = [await record(store, outcome(number)) for number in range(3)]
    await store.confirm(batches)
    assert await store.prune(AT_ONCE, 2) == 2
    assert (await known(store, 0, 1, 2)).keys() == {claim_id(2)}
    assert await store.prune(AT_ONCE, 2) == 1
    assert await store.prune(AT_ONCE, 2) == 0


async def test_young_outcomes_are_not_pruned(store: Store) -> None:
    await store.confirm([await record(store, outcome(1))])
    assert await store.prune(timedelta(minutes=5), 10) == 0


async def test_unconfirmed_outcomes_are_not_pruned(store: Store) -> None:
    await record(store, outcome(1))
    assert await store.prune(AT_ONCE, 10) == 0
