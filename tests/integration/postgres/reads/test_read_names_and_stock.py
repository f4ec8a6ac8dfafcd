"""Queries about names, and about what hangs on one provider."""

from decimal import Decimal

import pytest

from tests.contract.batches import (
    DISK,
    GOLD,
    P1,
    VCPU,
    aggregate_id,
)
from tests.integration.postgres.reads.asking import SILVER, UNKNOWN, ask, refusal
from worker.postgres.reads import Reads


async def test_inventories_are_told_with_all_fields_and_the_generation(reads: Reads) -> None:
    told = await ask(reads, "inventory.list", provider=P1)
    vcpu = {
        "total": 10,
        "reserved": 1,
        "min_unit": 2,
        "max_unit": 8,
        "step_size": 2,
        "allocation_ratio": Decimal("1.5"),
    }
    assert told["generation"] == 1
    assert list(told["inventories"]) == [DISK, VCPU]
    assert told["inventories"][VCPU] == vcpu
    one = await ask(reads, "inventory.get", provider=P1, resource_class=VCPU)
    assert one == {"provider": P1, "generation": 1, "resource_class": VCPU, "inventory": vcpu}


async def test_inventory_get_says_which_of_the_three_is_missing(reads: Reads) -> None:
    asked = {"provider": P1, "resource_class": SILVER}
    assert await refusal(reads, "inventory.get", **asked) == ("inventory_not_found", asked)
    assert (await refusal(reads, "inventory.get", provider=P1, resource_class="N"))[0] == "resource_class_not_found"
    assert (await refusal(reads, "inventory.get", provider=UNKNOWN, resource_class="N"))[0] == "provider_not_found"


async def test_names_are_listed_standard_ones_first(reads: Reads) -> None:
    classes = (await ask(reads, "resource_class.list"))["names"]
    assert (classes[0], classes[1], classes[-1]) == ("VCPU", "MEMORY_MB", SILVER)
    traits = (await ask(reads, "trait.list"))["names"]
    assert traits[-1] == GOLD
    assert len(traits) > 300


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"prefix": "CUSTOM_"}, [GOLD]),
        ({"prefix": "custom"}, []),
        ({"names": [GOLD, "HW_CPU_X86_AVX2"]}, ["HW_CPU_X86_AVX2", GOLD]),
        ({"associated": True}, [GOLD]),
        ({"associated": False, "names": [GOLD]}, []),
    ],
)
async def test_traits_are_filtered(reads: Reads, filters: dict[str, object], expected: list[str]) -> None:
    assert await ask(reads, "trait.list", **filters) == {"names": expected}


async def test_a_name_is_told_where_it_exists_and_refused_where_not(reads: Reads) -> None:
    assert await ask(reads, "trait.get", name=GOLD) == {"name": GOLD}
    assert await ask(reads, "resource_class.get", name=SILVER) == {"name": SILVER}
    assert await refusal(reads, "trait.get", name="no such") == ("trait_not_found", {"traits": ["no such"]})
    assert (await refusal(reads, "resource_class.get", name="no such"))[0] == "resource_class_not_found"
    assert (await refusal(reads, "trait.list", names=["no such"]))[0] == "trait_not_found"


async def test_links_of_a_provider_are_sorted(reads: Reads) -> None:
    traits = await ask(reads, "provider_traits.get", provider=P1)
    assert traits == {"provider": P1, "generation": 1, "traits": [GOLD]}
    aggregates = await ask(reads, "provider_aggregates.get", provider=P1)
    assert aggregates == {"provider": P1, "generation": 1, "aggregates": [aggregate_id(1), aggregate_id(2)]}
    for op in ("provider_traits.get", "provider_aggregates.get", "inventory.list"):
        assert (await refusal(reads, op, provider=UNKNOWN))[0] == "provider_not_found"
