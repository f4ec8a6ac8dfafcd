"""Claims for which the worker finds the providers, through the whole route."""

from types import SimpleNamespace

import pytest

from tests.builders import VCPU, provider_id, provider_row
from tests.component.bodies import Body, declare, holder, place, put, release
from tests.component.rig import Rig
from tests.fakes.broker import FakeBroker
from worker.faults import Conflict
from worker.placement.inventory import Inventory

HOSTS = tuple(provider_row(number, {VCPU: Inventory(10)}) for number in (1, 2, 3))


@pytest.fixture
def hosts(rig: Rig) -> Rig:
    """Three providers with room for ten each."""
    rig.seed(*HOSTS)
    return rig


def taken(rig: Rig, number: int) -> list[str]:
    """Where a claim was placed."""
    (consumer,) = rig.told(number)["data"]["consumers"]
    return list(consumer["after"])


async def test_what_a_claim_took_is_not_there_for_the_next(hosts: Rig) -> None:
    await hosts.run(*(place(number, number, {"VCPU": 6}) for number in (1, 2, 3, 4)))
    assert [taken(hosts, number) for number in (1, 2, 3)] == [[provider_id(1)], [provider_id(2)], [provider_id(3)]]
    assert hosts.code(4) == "no_candidates"
    said = hosts.told(4)["data"]["message"]
    assert "of 3 providers none was left at the step capacity of VCPU; the nearest, " in said
    assert said.endswith(" lacked 2 of 6 VCPU.")


async def test_batches_one_after_the_other_see_what_the_ones_before_took() -> None:
    rig = Rig(batch_size_max=1)
    rig.seed(*HOSTS)
    await rig.run(*(place(number, number, {"VCPU": 6}) for number in (1, 2, 3, 4)))
    assert [taken(rig, number) for number in (1, 2, 3)] == [[provider_id(1)], [provider_id(2)], [provider_id(3)]]
    assert rig.code(4) == "no_candidates"


async def test_named_claims_and_placed_ones_of_one_batch_see_each_other(hosts: Rig) -> None:
    await hosts.run(put(1, 1, {1: 10}), place(2, 2, {"VCPU": 4}), put(3, 3, {2: 7}), declare(4, 1, 30))
    assert taken(hosts, 2) == [provider_id(2)]
    assert hosts.code(3) == "capacity_exceeded"


@pytest.mark.parametrize(
    "freed", [release(2, 1), put(2, 1, {}), declare(2, 4, 10)], ids=["released", "emptied", "a new provider"]
)
async def test_room_that_comes_in_between_is_found(hosts: Rig, freed: Body) -> None:
    hosts.seed(provider_row(5, {VCPU: Inventory(10)}))
    await hosts.run(place(1, 1, {"VCPU": 9}, strategy="first"))
    again = Rig(hosts)
    await again.run(freed)
    third = Rig(hosts)
    await third.run(*(place(number, number, {"VCPU": 9}) for number in (11, 12, 13)))
    assert [third.code(number) for number in (11, 12, 13)] == ["allocation.granted"] * 3


async def test_what_the_consumer_holds_counts_as_free_for_it(hosts: Rig) -> None:
    await hosts.run(place(1, 1, {"VCPU": 9}), place(2, 1, {"VCPU": 10}))
    assert taken(hosts, 2) == [provider_id(1)]
    assert hosts.used(1) == 10


async def test_a_place_that_another_worker_took_first_lands_elsewhere() -> None:
    first = Rig(batch_size_max=1)
    first.seed(*HOSTS)
    elsewhere = Rig(SimpleNamespace(clock=first.clock, store=first.store, broker=FakeBroker()))
    gate = first.store.steps.hold_next("lock")
    first.send(place(1, 1, {"VCPU": 6}))
    async with first.working():
        await gate.reached()
        await elsewhere.run(put(2, 2, {1: 6}))
        gate.open()
        await first.settled()
    assert taken(first, 1) == [provider_id(2)]


@pytest.mark.parametrize("step", ["write", "commit"])
async def test_what_a_failed_batch_would_have_taken_is_free_again(step: str) -> None:
    rig = Rig(batch_size_max=1)
    rig.seed(HOSTS[0])
    rig.store.fail_next(step, Conflict("40001"))
    await rig.run(place(1, 1, {"VCPU": 6}), place(2, 2, {"VCPU": 4}), place(3, 3, {"VCPU": 1}))
    assert rig.codes([1, 2, 3]) == ["allocation.granted", "allocation.granted", "no_candidates"]
    assert rig.used(1) == 10


async def test_a_refusal_explains_itself_and_its_counts_add_up(hosts: Rig) -> None:
    await hosts.run(place(1, 1, {"VCPU": 11}))
    details = hosts.told(1)["data"]["details"]
    left = [step["left"] for step in details["groups"][""]]
    assert left == sorted(left, reverse=True)
    assert (left[0], left[-1]) == (3, 0)
    assert details["nearest"][0]["lacking"] == 1


async def test_unknown_names_in_a_request_are_refused_by_their_codes(hosts: Rig) -> None:
    await hosts.run(
        place(1, 1, {"CUSTOM_NONE": 1}),
        {**place(2, 2, {"VCPU": 1}), "consumer": holder(2, generation=7)},
    )
    assert hosts.codes([1, 2]) == ["resource_class_not_found", "consumer_generation_conflict"]
