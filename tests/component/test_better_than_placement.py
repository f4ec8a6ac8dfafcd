"""Rows 3, 5, 8 and 10 of the table of what is better here than in OpenStack Placement, each by its number."""

import pytest

from tests.builders import AVX2, FAST, VCPU, consumer_row, provider_id, provider_row
from tests.component.bodies import Body, claim, put, release
from tests.component.rig import Rig
from worker.placement.inventory import Inventory, Stock
from worker.placement.snapshot import ProviderRow

TEN = Inventory(10)
LIKED = [provider_row(1), provider_row(2, traits=[FAST])]


async def overtaken(rows: list[ProviderRow], late: Body, early: Body) -> Rig:
    """The worker to whom the claim 1 came, which another's claim 2 overtook between its read and its locks."""
    first = Rig()
    second = Rig(first)
    first.seed(*rows)
    gate = first.store.steps.hold_next("lock")
    first.send(late)
    async with first.working():
        await gate.reached()
        await first.consumer.cancel()
        second.send(early)
        async with second.working():
            await second.broker.until(lambda: bool(second.bodies_of(2)), "the other worker's claim is decided")
        gate.open()
        await first.settled()
    assert first.metric("allocation_conflicts_total") == 1
    return first


@pytest.mark.parametrize("moved", [1, 2, 3])
async def test_3_whichever_provider_of_a_claim_moved_it_is_read_and_decided_again(moved: int) -> None:
    rows = [provider_row(number, {VCPU: TEN}) for number in (1, 2, 3)]
    rig = await overtaken(rows, put(1, 1, {1: 4, 2: 4, 3: 4}), put(2, 2, {moved: 6}))
    assert rig.codes((2, 1)) == ["allocation.granted"] * 2
    generations = {name: told["generation"] for name, told in rig.told(1)["data"]["providers"].items()}
    assert generations == {provider_id(number): 2 if number == moved else 1 for number in (1, 2, 3)}


async def test_5_an_empty_set_for_an_unknown_consumer_leaves_nothing(rig: Rig) -> None:
    await rig.run(put(1, 1, {}))
    assert rig.told(1)["data"]["changed"] is False
    assert rig.store.state.consumers == {}


def traits(number: int, *names: str, **fields: int) -> Body:
    return claim(number, "provider_traits.replace", provider=provider_id(1), traits=names, **fields)


async def test_8_a_race_while_setting_traits_is_a_conflict_of_generations() -> None:
    rig = await overtaken(LIKED, traits(1, AVX2, generation=0), traits(2, FAST))
    assert rig.code(1) == "provider_generation_conflict"
    assert rig.told(1)["data"]["details"] == {"provider": provider_id(1), "expected": 0, "found": 1}


async def test_8_who_names_no_generation_wins_the_race_by_being_last() -> None:
    rig = await overtaken(LIKED, traits(1, AVX2), traits(2, FAST))
    told = rig.told(1)["data"]
    assert (told["generation"], told["before"], told["after"]) == (2, [FAST], [AVX2])


async def test_10_an_outcome_has_new_generations_and_usage_and_the_amounts_before_and_after(rig: Rig) -> None:
    rig.seed(
        provider_row(1, {VCPU: Stock(TEN, 4)}, generation=3),
        provider_row(2, {VCPU: TEN}, generation=7),
        consumer_row(1, {provider_id(1): {VCPU: 4}}, generation=5),
    )
    await rig.run(put(1, 1, {2: 6}), release(2, 1))
    held, freed = rig.told(1)["data"], rig.told(2)["data"]
    p1, p2 = provider_id(1), provider_id(2)
    assert [(one["generation"], one["before"], one["after"]) for one in (*held["consumers"], *freed["consumers"])] == [
        (6, {p1: {VCPU: 4}}, {p2: {VCPU: 6}}),
        (None, {p2: {VCPU: 6}}, {}),
    ]
    assert {name: (one["generation"], one["inventories"]) for name, one in held["providers"].items()} == {
        p1: (4, {VCPU: {"capacity": 10, "used": 0}}),
        p2: (8, {VCPU: {"capacity": 10, "used": 6}}),
    }
    assert freed["providers"][p2]["inventories"] == {VCPU: {"capacity": 10, "used": 0}}
