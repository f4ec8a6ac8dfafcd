"""Provider queries: what they answer, how they page, and what they refuse."""

from collections.abc import Mapping
from datetime import datetime

import pytest

from tests.contract.batches import (
    DISK,
    GOLD,
    P1,
    P2,
    P3,
    VCPU,
    aggregate_id,
)
from tests.integration.postgres.reads.asking import SILVER, UNKNOWN, ask, listed, refusal
from worker.placement.ids import ProviderId, RowId
from worker.postgres.reads import Reads


async def test_provider_get_shows_a_provider_whole(reads: Reads, rows: Mapping[ProviderId, RowId]) -> None:
    told = await ask(reads, "provider.get", provider=P2)
    moments = {name: told.pop(name) for name in ("created_at", "updated_at")}
    assert told == {
        "provider": P2,
        "name": f"name {P2}",
        "generation": 1,
        "incarnation": rows[P2],
        "parent": P1,
        "root": P1,
        "state": "enabled",
    }
    assert all(moment.endswith("Z") for moment in moments.values())
    assert datetime.fromisoformat(moments["updated_at"]) > datetime.fromisoformat(moments["created_at"])


async def test_provider_get_refuses_an_unknown_one(reads: Reads) -> None:
    code = "provider_not_found"
    assert await refusal(reads, "provider.get", provider=UNKNOWN) == (code, {"providers": [UNKNOWN]})


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, [P1, P2, P3]),
        ({"providers": [P3, P1, UNKNOWN]}, [P1, P3]),
        ({"providers": []}, []),
        ({"name": f"name {P2}"}, [P2]),
        ({"name": "other"}, []),
        ({"in_tree": P2}, [P1, P2]),
        ({"in_tree": UNKNOWN}, []),
        ({"state": "draining"}, [P3]),
        ({"member_of": [aggregate_id(2)]}, [P1, P2]),
        ({"member_of": [aggregate_id(1), aggregate_id(2)]}, [P1]),
        ({"member_of": [[aggregate_id(1), aggregate_id(2)]]}, [P1, P2]),
        ({"member_of": [aggregate_id(9)]}, []),
        ({"not_member_of": [aggregate_id(1), aggregate_id(9)]}, [P2, P3]),
        ({"required": [GOLD]}, [P1]),
        ({"required": [[GOLD, "HW_CPU_X86_AVX2"]]}, [P1]),
        ({"required": [GOLD, "HW_CPU_X86_AVX2"]}, []),
        ({"forbidden": [GOLD]}, [P2, P3]),
        ({"forbidden": []}, [P1, P2, P3]),
        ({"in_tree": P1, "forbidden": [GOLD], "state": "enabled"}, [P2]),
    ],
)
async def test_provider_list_has_those_that_pass_every_filter(
    reads: Reads, filters: dict[str, object], expected: list[str]
) -> None:
    assert await listed(reads, **filters) == expected


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ({VCPU: 6}, [P1, P2, P3]),
        ({VCPU: 8}, [P2, P3]),  # 13 less the 6 used on P1 leaves 7
        ({VCPU: 7}, []),  # step size 2
        ({VCPU: 10}, []),  # max_unit 8
        ({DISK: 5}, [P1, P2, P3]),
        ({DISK: 6}, []),
        ({VCPU: 2, DISK: 5}, [P1, P2, P3]),
        ({VCPU: 2, SILVER: 1}, []),
    ],
)
async def test_provider_list_looks_at_own_units_and_free_capacity(
    reads: Reads, resources: dict[str, int], expected: list[str]
) -> None:
    assert await listed(reads, resources=resources) == expected


async def test_provider_list_is_paged_by_id(reads: Reads) -> None:
    first = await ask(reads, "provider.list", page_size=2)
    assert [one["provider"] for one in first["providers"]] == [P1, P2]
    assert first["next"] == P2
    second = await ask(reads, "provider.list", page_size=2, after=first["next"])
    assert [one["provider"] for one in second["providers"]] == [P3]
    assert second["next"] is None


async def test_provider_list_refuses_unknown_names(reads: Reads) -> None:
    assert await refusal(reads, "provider.list", required=[["CUSTOM_B", "CUSTOM_A"]]) == (
        "trait_not_found",
        {"traits": ["CUSTOM_A", "CUSTOM_B"]},
    )
    assert (await refusal(reads, "provider.list", forbidden=["CUSTOM_A"]))[0] == "trait_not_found"
    assert await refusal(reads, "provider.list", resources={"CUSTOM_A": 1}) == (
        "resource_class_not_found",
        {"resource_classes": ["CUSTOM_A"]},
    )
