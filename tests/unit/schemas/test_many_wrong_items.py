"""However many items are wrong, finding out costs little: one of them, or their number, is told."""

from typing import Any

import pytest

from schemas.decode import Violation, validate
from tests.builders import claim_id, consumer_id, provider_id

MANY = 2_000
WHO = {"id": consumer_id(1), "project": "project", "user": "user"}
WRONG_KEYS = {f"wrong {number}": 0 for number in range(MANY)}


ALMOST = {f"wrong {number}": 0 for number in range(1_000)}
EMPTIED = {provider_id(1): {"generation": 1, "inventories": {}}}


def asking(**fields: Any) -> dict[str, Any]:
    return {"consumer": WHO, "request": {"groups": {"": {"resources": {"VCPU": 1}}}, **fields}}


def grouped(**fields: Any) -> dict[str, Any]:
    return asking(groups={"": fields})


@pytest.mark.parametrize(
    ("op", "fields", "rule"),
    [
        ("provider_traits.replace", {"provider": provider_id(1), "traits": [1] * MANY}, "maxItems"),
        ("provider_aggregates.replace", {"provider": provider_id(1), "aggregates": [1] * MANY}, "type"),
        ("inventory.replace", {"provider": provider_id(1), "inventories": WRONG_KEYS}, "maxProperties"),
        ("allocation.set", {"consumer": WHO, "allocations": WRONG_KEYS}, "maxProperties"),
        ("allocation.set", {"consumer": WHO, "allocations": {provider_id(1): WRONG_KEYS}}, "maxProperties"),
        ("allocation.set", {"consumer": WHO, "allocations": {}, "mappings": {"": [1] * MANY}}, "type"),
        ("allocation.set", {"consumer": WHO, "allocations": {}, "mappings": WRONG_KEYS}, "maxProperties"),
        ("allocation.set_many", {"claims": [1] * MANY}, "maxItems"),
        ("provider.reshape", {"inventories": WRONG_KEYS, "allocations": []}, "maxProperties"),
        ("provider.reshape", {"inventories": EMPTIED, "allocations": [1] * MANY}, "maxItems"),
        ("allocation.place", asking(groups=WRONG_KEYS), "maxProperties"),
        ("allocation.place", asking(groups={key: {"resources": ALMOST} for key in ("_a", "_b")}), "maxProperties"),
        ("allocation.place", asking(same_subtree=[1] * MANY), "maxItems"),
        ("allocation.place", asking(same_subtree=[[1] * MANY]), "maxItems"),
        ("allocation.place", asking(root_required=[1] * 1_000), "type"),
        ("allocation.place", asking(preferred=WRONG_KEYS), "maxProperties"),
        ("allocation.place", grouped(resources=WRONG_KEYS), "maxProperties"),
        ("allocation.place", grouped(required=[1] * 1_000), "type"),
        ("allocation.place", grouped(required=[[1] * MANY] * 1_000), "maxItems"),
        ("allocation.place", grouped(forbidden=[1] * 1_000), "type"),
        ("allocation.place", grouped(member_of=[[1] * 1_000] * 1_000), "type"),
        ("allocation.place", grouped(not_member_of=[1] * MANY), "maxItems"),
    ],
)
def test_of_many_wrong_items_one_thing_is_told(op: str, fields: dict[str, Any], rule: str) -> None:
    found = validate({"op": op, "claim_id": claim_id(1), "generation": 1, **fields}, op)
    assert isinstance(found, tuple)
    told: list[Violation] = [one for one in found if one.path != ("generation",)]
    assert [one.rule for one in told] == [rule]
