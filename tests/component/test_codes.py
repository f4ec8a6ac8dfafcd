"""Every code, by a claim that brings it about through the whole route; its details are held to their schema."""

import re
from decimal import Decimal
from typing import Any

import pytest

from schemas.codes import Code
from tests.builders import FAST, GOLD, VCPU, claim_id, consumer_id, consumer_row, provider_id, provider_row
from tests.component.bodies import Body, amounts, claim, create, declare, holder, place, put, release
from tests.component.rig import Rig
from worker.placement.inventory import Inventory, Stock
from worker.placement.outcomes import Code as CoreCode

UNITS = Inventory(10, min_unit=2, max_unit=8, step_size=2)
ROWS = (
    provider_row(1, {VCPU: Stock(UNITS, 4)}, generation=3),
    provider_row(2, {GOLD: Inventory(1)}, parent=1, traits=(FAST,)),
    provider_row(3, {VCPU: Inventory(10)}, state="draining"),
    consumer_row(1, {provider_id(1): {VCPU: 4}}, generation=2),
)


def _inventory(op: str, provider: int, resource_class: str = "VCPU", **fields: Any) -> Body:
    return claim(1, op, provider=provider_id(provider), resource_class=resource_class, **fields)


CLAIMS: dict[Code, list[Body]] = {
    Code.INVALID_MESSAGE: [claim(1, "trait.ensure"), {"op": 1, "claim_id": claim_id(1)}],
    Code.DEADLINE_PASSED: [put(1, 2, {1: 2}, deadline="2020-01-01T00:00:00Z")],
    Code.TREE_LOOP: [
        claim(1, "provider.update", provider=provider_id(1), parent=provider_id(2)),
        create(1, 9, parent=provider_id(9)),
    ],
    Code.PROVIDER_NOT_FOUND: [put(1, 2, {9: 2}), claim(1, "provider.delete", provider=provider_id(9))],
    Code.PARENT_NOT_FOUND: [create(1, 8, parent=provider_id(9))],
    Code.RESOURCE_CLASS_NOT_FOUND: [
        claim(1, "allocation.set", consumer=holder(2), allocations={provider_id(1): {"CUSTOM_NONE": 1}}),
        _inventory("inventory.create", 1, "CUSTOM_NONE", total=1),
        claim(1, "resource_class.delete", name="CUSTOM_NONE"),
    ],
    Code.TRAIT_NOT_FOUND: [
        claim(1, "trait.delete", name="CUSTOM_NONE"),
        claim(1, "provider_traits.replace", provider=provider_id(1), traits=["CUSTOM_NONE"]),
    ],
    Code.DUPLICATE_NAME: [create(1, 9, name="provider-1"), claim(1, "resource_class.create", name=GOLD)],
    Code.DUPLICATE_ID: [create(1, 1, name="another")],
    Code.INVENTORY_EXISTS: [_inventory("inventory.create", 1, total=1)],
    Code.STANDARD_IMMUTABLE: [
        claim(1, "resource_class.delete", name="VCPU"),
        claim(1, "trait.delete", name="HW_CPU_X86_AVX2"),
        claim(1, "resource_class.rename", name="VCPU", new_name="CUSTOM_VCPU"),
    ],
    Code.CONSUMER_GENERATION_CONFLICT: [
        put(1, 1, {1: 2}, consumer=holder(1, generation=None)),
        put(1, 2, {1: 2}, consumer=holder(2, generation=1)),
        claim(1, "allocation.release", consumer={"id": consumer_id(1), "generation": 1}),
    ],
    Code.PROVIDER_GENERATION_CONFLICT: [
        put(1, 2, {1: 2}, provider_generations={provider_id(1): 2}),
        declare(1, 9, generation=0),
    ],
    Code.INVENTORY_NOT_FOUND: [
        put(1, 2, {2: 2}),
        _inventory("inventory.update", 2, total=1),
        _inventory("inventory.delete", 2),
    ],
    Code.INVALID_INVENTORY: [_inventory("inventory.update", 1, total=1, reserved=2)],
    Code.UNIT_CONSTRAINT_VIOLATED: [put(1, 2, {1: 1}), put(1, 2, {1: 3}), put(1, 2, {1: 10})],
    Code.CAPACITY_EXCEEDED: [put(1, 2, {1: 8})],
    Code.PROVIDER_UNAVAILABLE: [put(1, 2, {3: 2})],
    Code.ALLOCATION_NOT_FOUND: [
        claim(1, "allocation.adjust", consumer=holder(2), remove=amounts({1: 2})),
        claim(1, "allocation.adjust", consumer=holder(1), remove=amounts({1: 6})),
    ],
    Code.NO_CANDIDATES: [place(1, 2, {"VCPU": 10}), place(1, 2, {"DISK_GB": 2})],
    Code.PROVIDER_HAS_CHILDREN: [claim(1, "provider.delete", provider=provider_id(1))],
    Code.PROVIDER_IN_USE: [claim(1, "provider.delete", provider=provider_id(4))],
    Code.INVENTORY_IN_USE: [
        _inventory("inventory.delete", 1),
        claim(1, "inventory.clear", provider=provider_id(1)),
        declare(1, 1, inventories={}),
    ],
    Code.RESOURCE_CLASS_IN_USE: [claim(1, "resource_class.delete", name=GOLD)],
    Code.TRAIT_IN_USE: [claim(1, "trait.delete", name=FAST)],
}
ELSEWHERE = {
    Code.NOT_PERMITTED: "tests/component/test_access.py",
    Code.CONFLICT_RETRIES_EXHAUSTED: "tests/component/test_batches.py",
}


@pytest.mark.parametrize(("code", "body"), [(code, body) for code, bodies in CLAIMS.items() for body in bodies])
async def test_each_code_is_brought_about_by_a_claim(rig: Rig, code: Code, body: Body) -> None:
    told = await _rejected(rig, body)
    (event,) = rig.events
    assert event.type == "claim.rejected"
    assert (told["code"], told["transient"]) == (code.value, code.transient)
    assert "{" not in told["message"]
    assert told["op"] == (body["op"] if isinstance(body["op"], str) else None)


TOLD: dict[Code, Any] = {
    Code.INVALID_MESSAGE: [{"path": ["name"], "rule": "required", "limit": None, "value": None}],
    Code.DEADLINE_PASSED: {"deadline": "2020-01-01T00:00:00Z", "begun_at": "2026-01-02T03:04:05.000001Z"},
    Code.TREE_LOOP: {"path": [provider_id(1), provider_id(2)]},
    Code.PROVIDER_NOT_FOUND: {"providers": [provider_id(9)]},
    Code.PARENT_NOT_FOUND: {"providers": [provider_id(9)]},
    Code.RESOURCE_CLASS_NOT_FOUND: {"resource_classes": ["CUSTOM_NONE"]},
    Code.TRAIT_NOT_FOUND: {"traits": ["CUSTOM_NONE"]},
    Code.DUPLICATE_NAME: {"name": "provider-1"},
    Code.DUPLICATE_ID: {"provider": provider_id(1)},
    Code.INVENTORY_EXISTS: {"provider": provider_id(1), "resource_class": VCPU},
    Code.STANDARD_IMMUTABLE: {"name": VCPU},
    Code.CONSUMER_GENERATION_CONFLICT: {"consumer": consumer_id(1), "expected": None, "found": 2},
    Code.PROVIDER_GENERATION_CONFLICT: {"provider": provider_id(1), "expected": 2, "found": 3},
    Code.INVENTORY_NOT_FOUND: {"provider": provider_id(2), "resource_class": VCPU},
    Code.INVALID_INVENTORY: {
        "provider": provider_id(1), "resource_class": VCPU, "field": "reserved", "value": 2,
        "rule": "reserved_above_total",
    },
    Code.UNIT_CONSTRAINT_VIOLATED: {
        "provider": provider_id(1), "resource_class": VCPU, "consumer": consumer_id(2), "amount": 1,
        "rule": "min_unit", "limit": 2,
    },
    Code.CAPACITY_EXCEEDED: {
        "provider": provider_id(1), "resource_class": VCPU, "consumer": consumer_id(2), "capacity": 10, "used": 4,
        "requested": 8, "free": 6,
    },
    Code.PROVIDER_UNAVAILABLE: {"provider": provider_id(3), "state": "draining"},
    Code.ALLOCATION_NOT_FOUND: {
        "consumer": consumer_id(2), "provider": provider_id(1), "resource_class": VCPU, "held": 0, "requested": 2,
    },
    Code.NO_CANDIDATES: {
        "groups": {
            "": [
                *({"step": step, "left": left} for step, left in [("all", 4), ("enabled", 3), ("in_tree", 3)]),
                *({"step": step, "left": 3} for step in ("aggregates", "traits")),
                *(
                    {"step": step, "resource_class": VCPU, "left": left}
                    for step, left in [("inventory", 2), ("units", 1), ("capacity", 0)]
                ),
            ]
        },
        "trees": [{"step": step, "left": 0} for step in ("tree_merge", "group_policy", "same_subtree")],
        "nearest": [
            {
                "group": "", "provider": provider_id(4), "resource_class": VCPU, "requested": 10, "capacity": 10,
                "used": 1, "free": 9, "lacking": 1,
            }
        ],
    },
    Code.PROVIDER_HAS_CHILDREN: {"provider": provider_id(1), "count": 1, "examples": [provider_id(2)]},
    Code.PROVIDER_IN_USE: {
        "provider": provider_id(4), "resource_classes": [VCPU], "count": 1, "examples": [consumer_id(4)],
    },
    Code.INVENTORY_IN_USE: {
        "provider": provider_id(1), "resource_classes": [VCPU], "count": 1, "examples": [consumer_id(1)],
    },
    Code.RESOURCE_CLASS_IN_USE: {"resource_classes": [GOLD], "count": 1, "examples": [provider_id(2)]},
    Code.TRAIT_IN_USE: {"traits": [FAST], "count": 1, "examples": [provider_id(2)]},
}  # fmt: skip
"""The details of the first claim of each code, whole."""


async def _rejected(rig: Rig, body: Body) -> dict[str, Any]:
    in_use = provider_row(4, {VCPU: Stock(Inventory(10), 1)})
    rig.seed(*ROWS, in_use, consumer_row(4, {provider_id(4): {VCPU: 1}}))
    await rig.run(body)
    told: dict[str, Any] = rig.told(1)["data"]
    return told


@pytest.mark.parametrize("code", CLAIMS)
async def test_the_details_of_a_refusal_have_the_numbers_it_was_made_on(rig: Rig, code: Code) -> None:
    assert (await _rejected(rig, CLAIMS[code][0]))["details"] == TOLD[code]


IN_DETAILS_ALONE: dict[Code, set[str]] = {
    Code.CAPACITY_EXCEEDED: {"used"},  # capacity less what is free, which are both said
    Code.INVALID_MESSAGE: {"path", "rule", "limit", "value"},  # a list, of which the message says how long it is
    Code.NO_CANDIDATES: {"groups", "trees", "nearest"},  # tables
}


@pytest.mark.parametrize(("code", "body"), [(code, body) for code, bodies in CLAIMS.items() for body in bodies])
async def test_the_message_of_a_refusal_says_the_numbers_in_its_details(rig: Rig, code: Code, body: Body) -> None:
    told = await _rejected(rig, body)
    details = told["details"] if isinstance(told["details"], dict) else {}
    skipped = IN_DETAILS_ALONE.get(code, set()) | {"examples", "others"}
    said = {name: value for name, value in details.items() if name not in skipped}
    assert [one for one in _leaves(said) if not re.search(rf"(?<![\w-]){one}(?![\w-])", told["message"])] == []


def _leaves(details: dict[str, Any]) -> list[str]:
    """Patterns of all that is to be said."""
    values = [one for value in details.values() for one in (value if isinstance(value, list) else [value])]
    return ["none" if value is None else re.escape(str(value)) for value in values]


def test_no_code_is_left_out() -> None:
    assert CLAIMS.keys() | ELSEWHERE.keys() == set(Code)
    assert not CLAIMS.keys() & ELSEWHERE.keys()
    assert TOLD.keys() == CLAIMS.keys()


def test_the_core_has_the_codes_of_the_contract_in_their_order() -> None:
    core = [code.value for code in CoreCode]
    assert core == [code.value for code in Code if code is not Code.INVALID_MESSAGE]


async def test_a_ratio_is_told_as_exactly_the_decimal_it_was(rig: Rig) -> None:
    rig.seed(provider_row(1))
    rig.send_bytes(
        b'{"op":"inventory.create","claim_id":"%s","provider":"%s","resource_class":"VCPU","total":100,'
        b'"allocation_ratio":0.29}' % (claim_id(1).encode(), provider_id(1).encode()),
        "inventory.create",
    )
    await rig.run()
    assert b'"allocation_ratio":0.29}' in rig.bodies_of(1)[0]
    row = rig.store.state.provider(provider_id(1))
    assert row is not None
    assert row.inventories[VCPU].inventory.allocation_ratio == Decimal("0.29")
    assert row.inventories[VCPU].inventory.capacity == 29


async def test_a_release_of_what_holds_nothing_is_an_outcome_that_changed_nothing(rig: Rig) -> None:
    await rig.run(release(1, 1))
    assert rig.told(1)["data"]["changed"] is False
