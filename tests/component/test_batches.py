"""Batches: claims that come twice, that are cut off or carried over, and confirms that are told to the store."""

import asyncio
from dataclasses import replace

from schemas.parked import ParkedReason
from tests.builders import VCPU, claim_id, consumer_id, consumer_row, provider_id, provider_row
from tests.component.bodies import claim, create, holder, put, release
from tests.component.rig import CLAIMS, Rig
from worker.engine.apply import READ_FIRST_EVERY
from worker.faults import Conflict, LockTimeout, Unconfirmed
from worker.placement.inventory import Inventory, Stock
from worker.placement.snapshot import ConsumerRow

ROW = provider_row(1, {VCPU: Inventory(100)})
FULL = Stock(Inventory(100), 50)


def _move(rig: Rig, provider: int) -> None:
    """Somebody else puts consumer 1 on another provider."""
    row = rig.store.state.consumers[consumer_row(1, {}).row]
    held = {provider_id(provider): {VCPU: 1}}
    rig.store.state.consumers[row.row] = replace(row, allocations=held, generation=row.generation + 1)


def _held_by_one(provider: int) -> ConsumerRow:
    return consumer_row(1, {provider_id(provider): {VCPU: 1}})


async def test_one_claim_twice_in_a_batch_has_one_outcome_and_both_are_acked(rig: Rig) -> None:
    rig.seed(ROW)
    await rig.run(put(1, 1, {1: 4}), put(2, 2, {1: 1}), put(1, 1, {1: 4}))
    assert rig.order() == [1, 2]
    assert [len(rig.bodies_of(number)) for number in (1, 2)] == [1, 1]
    assert rig.used(1) == 5
    assert rig.consumer.acked == [((), 3)]


async def test_of_two_bodies_under_one_id_in_a_batch_the_first_counts_and_the_other_is_parked(rig: Rig) -> None:
    rig.seed(ROW)
    await rig.run(put(1, 1, {1: 4}), put(1, 1, {1: 5}))
    assert rig.used(1) == 4
    (parked,) = rig.dead
    assert (parked.headers or {})["x-parked-reason"] == ParkedReason.CLAIM_ID_REUSED


async def test_key_order_and_spaces_make_no_other_body(rig: Rig) -> None:
    body = b'{"name": "CUSTOM_A", "op": "trait.ensure", "claim_id": "%s"}' % claim_id(1).encode()
    rig.send(claim(1, "trait.ensure", name="CUSTOM_A"))
    rig.send_bytes(body, "trait.ensure")
    await rig.run()
    assert rig.dead == []


async def test_a_batch_is_cut_where_structure_changes_and_the_rest_goes_on_in_order(rig: Rig) -> None:
    await rig.run(
        create(1, 1),
        claim(2, "inventory.create", provider=provider_id(1), resource_class="VCPU", total=10),
        put(3, 1, {1: 4}),
        claim(4, "nonsense"),
        create(5, 2, parent=provider_id(1)),
        put(6, 2, {1: 4}),
    )
    assert rig.codes((1, 2, 3, 5, 6)) == [
        "provider.created", "inventory.changed", "allocation.granted", "provider.created", "allocation.granted",
    ]  # fmt: skip
    assert rig.code(4) == "invalid_message"
    assert [number for number in rig.order() if number != 4] == [1, 2, 3, 5, 6]
    assert len({kept.batch for kept in rig.store.state.inbox.values()}) > 1


async def test_what_a_half_defers_goes_before_the_other_half(rig: Rig) -> None:
    rig.seed(provider_row(2, {VCPU: Inventory(100)}))
    rig.store.fail_next("lock", LockTimeout("55P03"))
    await rig.run(
        create(1, 1),
        claim(2, "inventory.create", provider=provider_id(1), resource_class="VCPU", total=10),
        put(3, 1, {1: 4}),
        put(4, 2, {2: 4}),
    )
    assert rig.order() == [1, 2, 3, 4]
    assert rig.code(3) == "allocation.granted"


async def test_a_claim_carried_over_goes_first_in_the_next_batch() -> None:
    rig = Rig(batch_size_max=2)
    rig.seed(*(provider_row(number, {VCPU: FULL}) for number in (1, 2)), _held_by_one(1))
    gate = rig.store.steps.hold_next("lock")
    rig.send(release(1, 1), put(2, 2, {1: 1}), put(3, 1, {1: 2}))
    async with rig.working():
        await gate.reached()
        _move(rig, 2)
        gate.open()
        await rig.settled()
    assert rig.order() == [2, 1, 3]
    assert rig.told(1)["data"]["changed"] is True


async def test_a_claim_carried_too_often_is_refused() -> None:
    rig = Rig(carries_max=2)
    rig.seed(*(provider_row(number, {VCPU: FULL}) for number in (1, 2)), _held_by_one(1))
    rig.send(release(1, 1))
    gates = [rig.store.steps.hold_next("lock") for _ in range(3)]
    async with rig.working():
        for tries, gate in enumerate(gates):
            await gate.reached()
            _move(rig, 1 if tries % 2 else 2)
            gate.open()
        await rig.settled()
    assert rig.code(1) == "conflict_retries_exhausted"
    assert rig.told(1)["data"]["details"] == {"tries": 2}
    assert rig.store.state.consumer(consumer_id(1)) is not None


async def test_a_carry_in_a_transaction_that_did_not_commit_is_not_counted() -> None:
    rig = Rig(carries_max=1)
    rig.seed(*(provider_row(number, {VCPU: FULL}) for number in (1, 2)), _held_by_one(1))
    rig.send(release(1, 1), put(2, 2, {1: 1}))
    gate = rig.store.steps.hold_next("lock")
    rig.store.fail_next("commit", Conflict("40001"))
    async with rig.working():
        await gate.reached()
        _move(rig, 2)
        gate.open()
        await rig.settled()
    assert rig.codes((1, 2)) == ["allocation.released", "allocation.granted"]
    assert rig.metric("allocation_carried_total") == 1


async def test_after_a_conflict_batches_lock_first_until_conflicts_have_ceased() -> None:
    rig = Rig(batch_size_max=1)
    rig.seed(ROW, _held_by_one(1))
    gate = rig.store.steps.hold_next("lock")
    rig.send(put(1, 1, {1: 2}))
    async with rig.working():
        await gate.reached()
        _move(rig, 1)
        gate.open()
        await rig.settled()
        for number in range(2, 4 + READ_FIRST_EVERY):
            rig.send(put(number, number, {1: 1}))
            await rig.settled()
    transactions = "\n".join(rig.store.steps.taken).split("begin")[1:]
    orders = [[step for step in one.split() if step in {"read", "lock"}] for one in transactions]
    deciding = [order for order in orders if order]
    assert deciding[0] == ["read", "lock", "read"]
    assert deciding[1 : 1 + READ_FIRST_EVERY] == [["lock", "read", "lock"]] * READ_FIRST_EVERY
    assert deciding[1 + READ_FIRST_EVERY :] == [["read", "lock"]] * 2


async def test_a_consumer_that_moves_before_it_is_locked_is_decided_again_when_providers_are_locked_first() -> None:
    rig = Rig(batch_size_max=1)
    rig.seed(ROW, _held_by_one(1))
    async with rig.working():
        gate = rig.store.steps.hold_next("lock")
        rig.send(put(1, 2, {1: 1}))
        await gate.reached()
        rig.store.state.providers[ROW.row] = replace(rig.store.state.providers[ROW.row], generation=ROW.generation + 1)
        gate.open()
        await rig.settled()
        rig.store.steps.taken.clear()
        read = rig.store.steps.hold_next("read")
        rig.send(put(2, 1, {1: 7}))
        await read.reached()
        gate = rig.store.steps.hold_next("lock")
        read.open()
        await gate.reached()
        _move(rig, 1)
        gate.open()
        await rig.settled()
    assert rig.store.steps.taken[:7] == ["begin", "keep_fresh", "lock", "read", "lock", "read", "write"]
    (told,) = rig.told(2)["data"]["consumers"]
    assert (told["generation"], told["after"]) == (3, {provider_id(1): {"VCPU": 7}})


async def test_the_next_batch_tells_the_store_what_is_confirmed(rig: Rig) -> None:
    rig.seed(ROW)
    async with rig.working():
        rig.send(put(1, 1, {1: 1}))
        await rig.settled()
        assert list(rig.store.state.unconfirmed) == [1]
        rig.send(put(2, 2, {1: 1}))
        await rig.settled()
        assert list(rig.store.state.unconfirmed) == [2]


async def test_when_claims_are_idle_the_store_is_told_after_a_second(rig: Rig) -> None:
    rig.seed(ROW)
    async with rig.working():
        rig.send(put(1, 1, {1: 1}))
        await rig.settled()
        rig.clock.advance(1)
        await rig.store.until(lambda: not rig.store.state.unconfirmed, "the batch is confirmed")


async def test_a_transaction_that_failed_has_not_told_the_store(rig: Rig) -> None:
    rig.seed(ROW)
    rig.store.poison[claim_id(2)] = LookupError("a bug")
    async with rig.working():
        rig.send(put(1, 1, {1: 1}))
        await rig.settled()
        rig.send(put(2, 2, {1: 1}))
        await rig.settled()
        assert list(rig.store.state.unconfirmed) == [1]
        rig.send(put(3, 3, {1: 1}))
        await rig.settled()
        assert list(rig.store.state.unconfirmed) == [2]


async def test_outcomes_left_unconfirmed_for_long_are_published_by_the_sweep(rig: Rig) -> None:
    rig.seed(ROW)
    rig.publisher.steps.fail_next("publish", Unconfirmed("nacked"))
    rig.send(put(1, 1, {1: 1}))
    async with rig.working():
        await rig.is_waiting_out()
        rig.broker.queues[CLAIMS].clear()
        rig.clock.advance(400)
        await rig.broker.until(lambda: rig.consumer.is_open, "consuming again")
        assert rig.bodies_of(1) == []
        rig.clock.advance(1)
        await rig.broker.until(lambda: bool(rig.bodies_of(1)), "the outcome is swept")
        rig.clock.advance(1)
        await rig.store.until(lambda: not rig.store.state.unconfirmed, "the batch is confirmed")
    assert rig.code(1) == "allocation.granted"


async def test_old_outcomes_are_deleted(rig: Rig) -> None:
    rig.seed(ROW)
    async with rig.working():
        rig.send(put(1, 1, {1: 1}))
        await rig.settled()
        rig.clock.advance(1)
        await rig.store.until(lambda: not rig.store.state.unconfirmed, "the batch is confirmed")
        rig.clock.advance(31 * 86_400)
        for _ in range(61):
            rig.clock.advance(1)
            rig.send(put(2, 1, {1: 1}))
            await rig.settled()
        await rig.store.until(lambda: claim_id(1) not in rig.store.state.inbox, "the outcome is gone")


async def test_a_consumer_that_is_gone_when_it_is_locked_is_made_anew_in_the_next_batch(rig: Rig) -> None:
    rig.seed(provider_row(1, {VCPU: FULL}), _held_by_one(1))
    gate = rig.store.steps.hold_next("lock")
    rig.send(put(1, 1, {1: 4}), put(2, 2, {1: 1}))
    async with rig.working():
        await gate.reached()
        rig.store.state.consumers.clear()
        gate.open()
        await rig.settled()
    assert rig.order() == [2, 1]
    assert rig.told(1)["data"]["consumers"][0]["before"] == {}
    assert rig.metric("allocation_carried_total") == 1


async def test_a_consumer_that_was_emptied_starts_anew(rig: Rig) -> None:
    rig.seed(provider_row(1, {VCPU: FULL}), _held_by_one(1))
    await rig.run(release(1, 1), put(2, 1, {1: 2}, consumer=holder(1, generation=None)))
    assert rig.told(1)["data"]["consumers"][0]["generation"] is None
    assert rig.told(2)["data"]["consumers"][0]["generation"] == 1


async def test_while_messages_are_read_everything_else_has_its_turn(rig: Rig) -> None:
    rig.send(*(claim(number, "trait.ensure", name=f"CUSTOM_{number}") for number in range(1, 49)))
    gate = rig.store.steps.hold_next("begin")
    read: set[float] = set()
    async with rig.working():
        while 3 not in read:
            await asyncio.sleep(0)
            read.add(rig.metric("allocation_stage_seconds_count", stage="decode"))
        await gate.reached()
        gate.open()
        await rig.settled()
    assert {1, 2, 3} <= read
