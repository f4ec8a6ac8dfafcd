"""What a batch leaves for the next one though it once stood, so that nobody waited for its end any more."""

from tests.builders import VCPU, consumer_row, provider_id, provider_row
from tests.component.bodies import put
from tests.component.rig import Rig
from tests.fakes.signals import Gate
from worker.faults import Conflict
from worker.placement.inventory import Inventory, Stock


def carrying() -> tuple[Rig, Gate]:
    """An engine that has to try its first batch again, and the gate in which that try waits for its locks."""
    rig = Rig(batch_size_max=1)
    rig.seed(*(provider_row(number, {VCPU: Inventory(10)}) for number in (1, 2, 3)))
    return rig, armed(rig)


def armed(rig: Rig) -> Gate:
    """The gate in which the second try of the next batch waits for its locks; the first fails at its end."""
    rig.store.fail_next("write", Conflict("40001"))
    rig.store.steps.hold_next("lock").open()
    return rig.store.steps.hold_next("lock")


def give_elsewhere(rig: Rig) -> None:
    """As another worker would: the consumer holds something on a provider that no claim names."""
    rig.seed(provider_row(2, {VCPU: Stock(Inventory(10), 1)}, generation=1))
    rig.seed(consumer_row(1, {provider_id(2): {VCPU: 1}}))


async def test_a_claim_carried_over_by_a_later_try_is_decided_though_nothing_else_arrives() -> None:
    rig, gate = carrying()
    rig.send(put(1, 1, {1: 6}))
    async with rig.working():
        await gate.reached()
        give_elsewhere(rig)
        gate.open()
        await rig.settled()
    assert rig.code(1) == "allocation.granted"
    assert (rig.used(1), rig.used(2)) == (6, 0)


async def test_it_goes_before_a_claim_that_arrives_afterwards() -> None:
    rig, gate = carrying()
    rig.send(put(1, 1, {1: 6}))
    async with rig.working():
        await gate.reached()
        give_elsewhere(rig)
        gate.open()
        await rig.store.until(lambda: rig.store.steps.taken.count("commit") >= 1, "the claim is carried over")
        rig.send(put(2, 2, {1: 5}))
        await rig.settled()
    assert rig.order() == [1, 2]


async def test_it_is_taken_up_though_a_batch_of_known_claims_went_through_behind_the_first_try() -> None:
    rig = Rig(batch_size_max=1)
    rig.seed(*(provider_row(number, {VCPU: Inventory(10)}) for number in (1, 2, 3)))
    known = put(9, 9, {3: 1})
    async with rig.working():
        rig.send(known)
        await rig.settled()
        first_try, second_try = rig.store.steps.hold_next("write"), armed(rig)
        rig.send(put(1, 1, {1: 6}), known)
        await first_try.reached()
        await rig.store.until(lambda: rig.store.steps.taken.count("commit") == 2, "the known claim is through")
        first_try.open()
        await second_try.reached()
        give_elsewhere(rig)
        second_try.open()
        await rig.settled()
    assert rig.code(1) == "allocation.granted"
    assert (rig.used(1), rig.used(2)) == (6, 0)
