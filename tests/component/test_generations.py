"""Claims that name generations which no 32 bits hold, through the whole route."""

import pytest

from tests.builders import VCPU, consumer_row, provider_id, provider_row
from tests.component.bodies import Body, claim, holder, place, put
from tests.component.rig import Rig
from worker.placement.inventory import Inventory, Stock

FAR = 2**31 + 5
ROWS = (
    provider_row(1, {VCPU: Stock(Inventory(10), 1)}, generation=FAR),
    consumer_row(1, {provider_id(1): {VCPU: 1}}, generation=FAR),
)


@pytest.fixture
def late(rig: Rig) -> Rig:
    """A provider and a consumer of it that have both come so far."""
    rig.seed(*ROWS)
    return rig


def reshaped(number: int, generation: int) -> Body:
    """More of the provider."""
    wanted = {"generation": generation, "inventories": {"VCPU": {"total": 20}}}
    return claim(number, "provider.reshape", inventories={provider_id(1): wanted}, allocations=[])


async def test_a_provider_is_claimed_on_by_a_generation_beyond_32_bits(late: Rig) -> None:
    mine = holder(1, generation=FAR)
    await late.run(
        put(1, 1, {1: 2}, consumer=mine, provider_generations={provider_id(1): FAR}),
        place(2, 2, {"VCPU": 3}),
        put(3, 3, {1: 1}, provider_generations={provider_id(1): FAR + 2}),
        reshaped(4, FAR + 3),
    )
    assert late.codes((1, 2, 3, 4)) == ["allocation.granted"] * 3 + ["provider.reshaped"]
    told = [late.told(number)["data"]["providers"][provider_id(1)]["generation"] for number in (1, 2, 3, 4)]
    assert told == [FAR + 1, FAR + 2, FAR + 3, FAR + 4]
    assert late.told(1)["data"]["consumers"][0]["generation"] == FAR + 1


@pytest.mark.parametrize("cut", [FAR & 0x7FFF_FFFF, FAR - 1])
async def test_what_32_bits_leave_of_a_generation_is_a_conflict(late: Rig, cut: int) -> None:
    await late.run(
        put(1, 2, {1: 1}, provider_generations={provider_id(1): cut}),
        put(2, 1, {1: 2}, consumer=holder(1, generation=cut)),
    )
    assert late.codes((1, 2)) == ["provider_generation_conflict", "consumer_generation_conflict"]
    assert [late.told(number)["data"]["details"]["expected"] for number in (1, 2)] == [cut, cut]
    assert [late.told(number)["data"]["details"]["found"] for number in (1, 2)] == [FAR, FAR]
