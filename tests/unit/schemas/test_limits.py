"""Each limit of a claim, at its edge and beyond it."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from tests.unit.schemas.examples import (
    OTHER,
    PROVIDER,
    Body,
    allocation_set,
    claim,
    consumer,
    holding,
    inventory_create,
)
from tests.unit.schemas.judged import accepted, only_violation

MAX_INT = 2_147_483_647
GENERATION_MAX = 9_007_199_254_740_991


def ids(count: int) -> list[str]:
    return [str(UUID(int=number)) for number in range(count)]


def classes(count: int) -> dict[str, int]:
    return {f"CUSTOM_{number}": 1 for number in range(count)}


At = Callable[[Any], Body]


def inventory_with(field: str, value: int) -> Body:
    return inventory_create(**{field: value})


def reshaped_at(generation: int) -> Body:
    emptied = {PROVIDER: {"generation": generation, "inventories": {}}}
    return claim("provider.reshape", inventories=emptied, allocations=[])


LENGTHS: list[tuple[At, Any, Any, Sequence[str | int], str, int]] = [
    (lambda n: claim("provider.create", name=n), "n" * 200, "n" * 201, ["name"], "maxLength", 200),
    (lambda n: claim("provider.create", name=n), "é", "", ["name"], "minLength", 1),
    (lambda n: claim("trait.delete", name=n), "n" * 255, "n" * 256, ["name"], "maxLength", 255),
    (lambda n: claim("trait.delete", name=n), "n", "", ["name"], "minLength", 1),
    (
        lambda n: claim("resource_class.create", name=n),
        "CUSTOM_" + "A" * 248,
        "CUSTOM_" + "A" * 249,
        ["name"],
        "maxLength",
        255,
    ),
    (
        lambda n: allocation_set(consumer=consumer(project=n)),
        "🦊" * 255,
        "🦊" * 256,
        ["consumer", "project"],
        "maxLength",
        255,
    ),
    (lambda n: allocation_set(consumer=consumer(user=n)), "u", "", ["consumer", "user"], "minLength", 1),
    *(
        (at, GENERATION_MAX, GENERATION_MAX + 1, path, "maximum", GENERATION_MAX)
        for at, path in (
            (lambda n: allocation_set(consumer=consumer(generation=n)), ["consumer", "generation"]),
            (lambda n: allocation_set(provider_generations={PROVIDER: n}), ["provider_generations", PROVIDER]),
            (lambda n: inventory_create(generation=n), ["generation"]),
            (reshaped_at, ["inventories", PROVIDER, "generation"]),
        )
    ),
    (lambda n: claim("provider.delete", provider=PROVIDER, generation=n), 0, -1, ["generation"], "minimum", 0),
    (
        lambda n: allocation_set(allocations={PROVIDER: {"VCPU": n}}),
        1,
        0,
        ["allocations", PROVIDER, "VCPU"],
        "minimum",
        1,
    ),
    (
        lambda n: allocation_set(allocations={PROVIDER: {"VCPU": n}}),
        MAX_INT,
        MAX_INT + 1,
        ["allocations", PROVIDER, "VCPU"],
        "maximum",
        MAX_INT,
    ),
    *(
        (partial(inventory_with, field), low, low - 1, [field], "minimum", low)
        for field, low in {"total": 1, "reserved": 0, "min_unit": 1, "max_unit": 1, "step_size": 1}.items()
    ),
    *(
        (partial(inventory_with, field), MAX_INT, MAX_INT + 1, [field], "maximum", MAX_INT)
        for field in ("total", "reserved", "min_unit", "max_unit", "step_size")
    ),
    (lambda n: inventory_create(allocation_ratio=n), 0, -1, ["allocation_ratio"], "minimum", 0),
    (
        lambda n: inventory_create(allocation_ratio=n),
        1_000_000,
        1_000_001,
        ["allocation_ratio"],
        "maximum",
        1_000_000,
    ),
]


@pytest.mark.parametrize(("at", "edge", "beyond", "told"), [(*one[:3], one[3:]) for one in LENGTHS])
def test_a_limit_holds_at_its_edge_and_is_told_beyond_it(at: At, edge: Any, beyond: Any, told: Any) -> None:
    accepted(at(edge))
    found = only_violation(at(beyond))
    assert found[:3] == told
    assert found[3] == (beyond[:200] if isinstance(beyond, str) else beyond)


COUNTS: list[tuple[At, int, list[str | int], str]] = [
    (lambda n: claim("allocation.set_many", claims=[holding(one) for one in ids(n)]), 256, ["claims"], "maxItems"),
    (lambda n: allocation_set(allocations={PROVIDER: classes(n)}), 1000, ["allocations", PROVIDER], "maxProperties"),
    (
        lambda n: allocation_set(allocations={PROVIDER: classes(n - 500), OTHER: classes(500)}),
        1000,
        ["allocations"],
        "maxProperties",
    ),
    (
        lambda n: claim(
            "allocation.set_many",
            claims=[
                holding(allocations={PROVIDER: classes(n - 500)}),
                holding(OTHER, allocations={PROVIDER: classes(500)}),
            ],
        ),
        1000,
        ["claims"],
        "maxProperties",
    ),
    (
        lambda n: claim(
            "allocation.adjust",
            consumer=consumer(),
            add={PROVIDER: classes(n - 500)},
            remove={PROVIDER: classes(500)},
        ),
        1000,
        [],
        "maxProperties",
    ),
    (
        lambda n: claim("provider_traits.replace", provider=PROVIDER, traits=["HW_GPU"] * n),
        1000,
        ["traits"],
        "maxItems",
    ),
    (
        lambda n: allocation_set(mappings={f"_{number}": [PROVIDER] for number in range(n)}),
        64,
        ["mappings"],
        "maxProperties",
    ),
]


@pytest.mark.parametrize(("at", "most", "path", "rule"), COUNTS)
def test_so_many_are_accepted_and_one_more_is_not(at: At, most: int, path: list[str | int], rule: str) -> None:
    accepted(at(most))
    assert only_violation(at(most + 1)) == (path, rule, most, most + 1)
