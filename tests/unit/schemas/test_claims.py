"""Claims: each limit at its edge and beyond it, and how what is wrong is told."""

from decimal import Decimal
from typing import Any

import pytest

from schemas import UNSET, Unset
from schemas.allocation_claims import AllocationRelease, AllocationSet, Consumer
from schemas.claims import CLAIMS, AnyClaim
from schemas.decode import Violation, parse, validate
from schemas.inventory_claims import InventoryCreate
from schemas.provider_claims import ProviderUpdate
from tests.unit.schemas.examples import (
    CLAIM,
    CONSUMER,
    NOW,
    OTHER,
    PROVIDER,
    Body,
    allocation_set,
    claim,
    consumer,
    holding,
    inventory_create,
)
from tests.unit.schemas.examples import CLAIMS as EXAMPLES
from tests.unit.schemas.judged import accepted, only_violation

MAX_INT = 2_147_483_647


@pytest.mark.parametrize("body", [body for body in EXAMPLES if "allocation_ratio" not in str(body)])
def test_each_example_is_accepted_alone_and_in_the_union(body: Body) -> None:
    assert accepted(body) == CLAIMS.validate_python(body)


WRONG: list[tuple[Body, list[str | int], str, Any, Any]] = [
    (claim("allocation.set_many", claims=[]), ["claims"], "minItems", 1, 0),
    (allocation_set(allocations={PROVIDER: {}}), ["allocations", PROVIDER], "minProperties", 1, 0),
    (allocation_set(allocations={"no-id": {"A": 1}}), ["allocations", "no-id"], "format", "uuid", "no-id"),
    (allocation_set(allocations=[]), ["allocations"], "type", "object", []),
    (allocation_set(mappings={"": []}), ["mappings", ""], "minItems", 1, 0),
    (allocation_set(mappings={"": [PROVIDER, 5]}), ["mappings", "", 1], "type", "string", 5),
    (
        allocation_set(mappings={"gpu": [PROVIDER]}),
        ["mappings", "gpu"],
        "pattern",
        "^(_[a-zA-Z0-9_-]{1,64})?$",
        "gpu",
    ),
    (allocation_set(consumer=consumer(type="task")), ["consumer", "type"], "pattern", "^[A-Z0-9_]+$", "task"),
    (allocation_set(consumer=consumer(type=None)), ["consumer", "type"], "type", "string", None),
    (allocation_set(consumer=consumer(project="a\0b")), ["consumer", "project"], "pattern", r"^[^\x00]*$", "a\ufffdb"),
    (
        allocation_set(consumer=consumer(user="a\ud800b")),
        ["consumer", "user"],
        "pattern",
        r"^[^\x00]*$",
        "a\ufffdb",
    ),
    (allocation_set(extra={"a": 1}), ["extra"], "additionalProperties", False, '{"a": 1}'),
    (claim("allocation.set", consumer=consumer()), ["allocations"], "required", None, None),
    (claim("allocation.release", consumer=consumer()["id"]), ["consumer"], "type", "object", CONSUMER),
    (allocation_set(deadline="2026-03-01T12:00:00"), ["deadline"], "format", "date-time", "2026-03-01T12:00:00"),
    (allocation_set(deadline="2026-02-30T12:00:00Z"), ["deadline"], "format", "date-time", "2026-02-30T12:00:00Z"),
    (
        allocation_set(deadline="9999-12-31T23:59:59-23:59"),
        ["deadline"],
        "format",
        "date-time",
        "9999-12-31T23:59:59-23:59",
    ),
    (allocation_set(deadline=1), ["deadline"], "type", "string", 1),
    (allocation_set(deadline=None), ["deadline"], "type", "string", None),
    (claim("provider.update", provider=PROVIDER), [], "anyOf", ["name", "parent"], None),
    (claim("provider.update", provider=PROVIDER, name=None), ["name"], "type", "string", None),
    (claim("provider.delete", provider=PROVIDER, generation=None), ["generation"], "type", "integer", None),
    (claim("allocation.adjust", consumer=consumer(), add={}), [], "anyOf", ["add", "remove"], None),
    (claim("provider.create", name="n", provider="x"), ["provider"], "format", "uuid", "x"),
    (claim("trait.ensure", name="HW_GPU"), ["name"], "pattern", "^CUSTOM_[A-Z0-9_]+$", "HW_GPU"),
    (
        claim("provider_aggregates.replace", provider=PROVIDER, aggregates=[OTHER, OTHER.replace("-", "")]),
        ["aggregates"],
        "uniqueItems",
        True,
        OTHER,
    ),
    (
        claim("allocation.set_many", claims=[holding(), holding(CONSUMER.upper())]),
        ["claims"],
        "uniqueItems",
        True,
        CONSUMER,
    ),
    (
        allocation_set(allocations={PROVIDER: {"A": 1}, PROVIDER.upper(): {"A": 1}}),
        ["allocations"],
        "uniqueItems",
        True,
        PROVIDER.upper(),
    ),
    (
        allocation_set(provider_generations={PROVIDER: 1, PROVIDER.replace("-", ""): 1}),
        ["provider_generations"],
        "uniqueItems",
        True,
        PROVIDER.replace("-", ""),
    ),
    (allocation_set(mappings={"": ["x"]}), ["mappings", "", 0], "format", "uuid", "x"),
    (
        claim("allocation.set_many", claims=[{"consumer": consumer()}]),
        ["claims", 0, "allocations"],
        "required",
        None,
        None,
    ),
    (inventory_create(total=True), ["total"], "type", "integer", True),
    (inventory_create(total="1"), ["total"], "type", "integer", "1"),
    (inventory_create(total=Decimal("1.0")), ["total"], "type", "integer", 1.0),
    (inventory_create(total=10**400), ["total"], "maximum", MAX_INT, "1" + "0" * 199),
    (inventory_create(allocation_ratio="1.5"), ["allocation_ratio"], "type", "number", "1.5"),
    (inventory_create(allocation_ratio=True), ["allocation_ratio"], "type", "number", True),
    (
        inventory_create(allocation_ratio=Decimal("0.1234567")),
        ["allocation_ratio"],
        "multipleOf",
        0.000001,
        0.1234567,
    ),
]


@pytest.mark.parametrize(("body", "path", "rule", "limit", "value"), WRONG)
def test_what_is_wrong_is_told_with_path_rule_limit_and_value(
    body: Body, path: list[str | int], rule: str, limit: Any, value: Any
) -> None:
    assert only_violation(body) == (path, rule, limit, value)


@pytest.mark.parametrize(
    "body",
    [
        claim("provider.create", name="n"),
        claim("provider.update", provider=PROVIDER, name="n"),
        claim("provider.declare", provider=PROVIDER, name="n", inventories={}, traits=[], aggregates=[]),
    ],
)
def test_a_root_is_never_given(body: Body) -> None:
    accepted(body)
    assert only_violation({**body, "root": OTHER}) == (["root"], "additionalProperties", False, OTHER)


@pytest.mark.parametrize(
    "name", ["VCPU", "HW_CPU_X86_AVX2", "CUSTOM_", "CUSTOM_a", "CUSTOM_A-B", "custom_A", "XCUSTOM_A"]
)
def test_only_custom_names_are_created(name: str) -> None:
    for op in ("resource_class.create", "resource_class.ensure", "trait.ensure"):
        assert only_violation(claim(op, name=name)) == (["name"], "pattern", "^CUSTOM_[A-Z0-9_]+$", name)
    renamed = claim("resource_class.rename", name="CUSTOM_A", new_name=name)
    assert only_violation(renamed) == (["new_name"], "pattern", "^CUSTOM_[A-Z0-9_]+$", name)


@pytest.mark.parametrize(
    ("op", "routing_key", "rule", "limit"),
    [
        ("allocation.set", "allocation.release", "const", "allocation.release"),
        (7, "allocation.set", "type", "string"),
    ],
)
def test_an_op_that_is_not_the_routing_key_is_told_as_such(op: Any, routing_key: str, rule: str, limit: Any) -> None:
    result = validate({**allocation_set(), "op": op}, routing_key)
    assert result == (Violation(("op",), rule, limit, op),)


def test_an_unknown_op_is_told_with_the_known_ones() -> None:
    (one,) = only_of(validate(claim("allocation.steal"), "allocation.steal"))
    assert (one.path, one.rule, one.value) == (("op",), "enum", "allocation.steal")
    assert "allocation.set" in one.limit


def test_a_missing_op_is_required() -> None:
    assert validate({"claim_id": CLAIM}, "allocation.set") == (Violation(("op",), "required", None, None),)


def only_of(result: AnyClaim | tuple[Violation, ...]) -> tuple[Violation, ...]:
    assert isinstance(result, tuple)
    return result


def test_all_that_is_wrong_is_told_at_once_but_twenty_at_most() -> None:
    assert len(only_of(validate(inventory_create(total=0, reserved=-1, min_unit=0), "inventory.create"))) == 3
    assert len(only_of(validate(allocation_set(**{f"x{number}": 1 for number in range(100)}), "allocation.set"))) == 20


def test_ids_are_kept_dashed_and_in_lower_case() -> None:
    bare = PROVIDER.replace("-", "").upper()
    body = allocation_set(
        claim_id=CLAIM.upper(),
        allocations={bare: {"A": 1}},
        provider_generations={bare: 1},
        mappings={"": [bare]},
    )
    kept: AllocationSet = accepted(body)
    assert kept.claim_id == CLAIM
    assert kept.allocations == {PROVIDER: {"A": 1}}
    assert kept.provider_generations == {PROVIDER: 1}
    assert kept.mappings == {"": (PROVIDER,)}


@pytest.mark.parametrize(("said", "kept"), [({}, UNSET), ({"generation": None}, None), ({"generation": 3}, 3)])
def test_a_consumers_generation_left_out_null_and_given_are_three_things(said: Body, kept: int | Unset | None) -> None:
    held: AllocationSet = accepted(allocation_set(consumer=consumer(**said)))
    released: AllocationRelease = accepted(claim("allocation.release", consumer={"id": CONSUMER, **said}))
    assert held.consumer.generation == kept
    assert released.consumer.generation == kept


def test_a_parent_left_out_and_a_null_parent_are_two_things() -> None:
    stays: ProviderUpdate = accepted(claim("provider.update", provider=PROVIDER, name="n"))
    root: ProviderUpdate = accepted(claim("provider.update", provider=PROVIDER, parent=None))
    assert (stays.parent, root.parent) == (UNSET, None)


@pytest.mark.parametrize(
    ("text", "ratio"), [("0.29", "0.29"), ("1.50", "1.5"), ("1e2", "100"), ("0.000001", "0.000001"), ("-0.0", "0")]
)
def test_a_ratio_is_its_decimal_text(text: str, ratio: str) -> None:
    body = allocation_ratio_body(text)
    kept: InventoryCreate = accepted(parse(body))
    assert str(kept.allocation_ratio) == ratio


def allocation_ratio_body(text: str) -> bytes:
    plain = InventoryCreate(
        op="inventory.create", claim_id=CLAIM, provider=PROVIDER, resource_class="A", total=1
    ).to_json()
    return plain[:-1] + b',"allocation_ratio":' + text.encode() + b"}"


def test_inventory_fields_left_out_take_their_defaults() -> None:
    kept: InventoryCreate = accepted(inventory_create())
    assert (kept.reserved, kept.min_unit, kept.max_unit, kept.step_size) == (0, 1, MAX_INT, 1)
    assert kept.allocation_ratio == 1


def test_a_deadline_is_kept_as_the_same_moment() -> None:
    early: AllocationSet = accepted(allocation_set(deadline=NOW))
    same: AllocationSet = accepted(allocation_set(deadline="2026-03-01t13:00:00.123456+01:00"))
    assert early.deadline == same.deadline
    assert same.deadline is not None
    assert same.deadline.isoformat() == "2026-03-01T12:00:00.123456+00:00"


def test_a_claim_built_in_python_is_read_as_the_same_claim() -> None:
    built = InventoryCreate(
        op="inventory.create",
        claim_id=CLAIM,
        provider=PROVIDER,
        resource_class="A",
        total=1,
        allocation_ratio=Decimal("0.1"),
    )
    assert accepted(parse(built.to_json())) == built
    held = AllocationSet(
        op="allocation.set",
        claim_id=CLAIM,
        consumer=Consumer(id=CONSUMER, project="p", user="u"),
        allocations={PROVIDER: {"A": 1}},
    )
    assert accepted(parse(held.to_json())) == held
