"""Requests: every rule of their form, told with path, rule, limit and value."""

from decimal import Decimal
from typing import Any

import pytest

from schemas.allocation_claims import AllocationPlace, Consumer
from schemas.decode import parse, validate
from schemas.queries import CandidatesExplain, CandidatesList, validate_query
from schemas.requests import PlaceRequest, RequestGroup, RequestRule
from schemas.violations import Violation
from tests.unit.schemas.examples import (
    CLAIM,
    CONSUMER,
    OTHER,
    PROVIDER,
    WHOLE_REQUEST,
    Body,
    claim,
    consumer,
    place,
    request,
)
from tests.unit.schemas.judged import accepted, only_violation

ONE = {"resources": {"VCPU": 1}}
TWO_NAMED: Body = {"_a": ONE, "_b": ONE}
POLICIES = ["none", "isolate"]
GROUP_PATTERN = "^(_[a-zA-Z0-9_-]{1,64})?$"

Told = tuple[list[str | int], str, Any, Any]


def grouped(name: str = "", **fields: Any) -> Body:
    return {"groups": {name: {**ONE, **fields}}}


RULES: list[tuple[RequestRule, Body, list[str | int], Any, Any]] = [
    (RequestRule.GROUP_POLICY_REQUIRED, {"groups": TWO_NAMED}, ["group_policy"], POLICIES, None),
    (
        RequestRule.GROUP_POLICY_REQUIRED,
        {"groups": {"_a": ONE, "_b": {}}, "same_subtree": [["_b"]]},
        ["group_policy"],
        POLICIES,
        None,
    ),
    (RequestRule.NO_RESOURCES, {"groups": {}}, ["groups"], 1, 0),
    (RequestRule.NO_RESOURCES, {"groups": {"": {"required": ["HW_GPU"]}}}, ["groups"], 1, 0),
    (RequestRule.NO_RESOURCES, {"groups": {"_a": {}}, "same_subtree": [["_a"]]}, ["groups"], 1, 0),
    (RequestRule.RESOURCELESS_GROUP, {"groups": {"": ONE, "_a": {}}}, ["groups", "_a"], None, "_a"),
    (
        RequestRule.RESOURCELESS_GROUP,
        {"groups": {"_b": ONE, "_a": {"resources": {}}}, "group_policy": "none", "same_subtree": [["_b"]]},
        ["groups", "_a"],
        None,
        "_a",
    ),
    (RequestRule.RESOURCELESS_GROUP, {"groups": {"_b": ONE, "": {}}}, ["groups", ""], None, ""),
    (
        RequestRule.UNKNOWN_GROUP,
        {"groups": {"_a": ONE}, "same_subtree": [["_a", "_b"]]},
        ["same_subtree", 0, 1],
        None,
        "_b",
    ),
    (RequestRule.UNKNOWN_GROUP, {"groups": {"": ONE}, "same_subtree": [[""]]}, ["same_subtree", 0, 0], None, ""),
    (RequestRule.UNKNOWN_GROUP, {"groups": {"_a": ONE}, "same_subtree": [["_a"], []]}, ["same_subtree", 1], None, None),
    (
        RequestRule.CONFLICTING_TRAITS,
        grouped("_a", required=["B", "A"], forbidden=["A"]),
        ["groups", "_a", "required", 1],
        None,
        ["A"],
    ),
    (
        RequestRule.CONFLICTING_TRAITS,
        grouped(required=[["A", "B"]], forbidden=["C", "B", "A"]),
        ["groups", "", "required", 0],
        None,
        ["A", "B"],
    ),
    (
        RequestRule.CONFLICTING_TRAITS,
        {"root_required": ["A", "B"], "root_forbidden": ["B"]},
        ["root_required", 1],
        None,
        ["B"],
    ),
]


@pytest.mark.parametrize(("rule", "fields", "path", "limit", "value"), RULES)
def test_a_rule_beyond_schemas_is_told_by_its_name_in_claims_and_queries(
    rule: str, fields: Body, path: list[str | int], limit: Any, value: Any
) -> None:
    assert only_violation(place(**fields)) == (["request", *path], rule, limit, value)
    for op in ("candidates.list", "candidates.explain"):
        found = validate_query({"op": op, "request": request(**fields)})
        assert found == (Violation(("request", *path), rule, limit, value),)


def test_every_rule_beyond_schemas_is_tried() -> None:
    assert {rule for rule, *_ in RULES} == set(RequestRule)


@pytest.mark.parametrize(
    "fields",
    [
        {"groups": {"": ONE, "_a": ONE}},
        {"groups": TWO_NAMED, "group_policy": "none"},
        {"groups": {"_a": ONE, "_b": {}}, "group_policy": "isolate", "same_subtree": [["_a", "_b"]]},
        {"groups": {"_a": ONE}, "same_subtree": [["_a", "_a"]]},
        grouped(required=[["A", "B"]], forbidden=["B"]),
        {"groups": {"": {**ONE, "required": ["A"]}, "_a": {**ONE, "forbidden": ["A"]}}},
        {"root_required": ["A"], **grouped(forbidden=["A"])},
        {"root_forbidden": ["A"], **grouped(required=["A"])},
        {"groups": {"_" + "a" * 64: ONE}},
        {"seed": 5, "strategy": "pack"},
        {"preferred": {"A": -1_000_000, "B": 1_000_000, "C": Decimal("0.1")}},
    ],
)
def test_what_no_rule_forbids_is_accepted(fields: Body) -> None:
    accepted(place(**fields))


WRONG: list[tuple[Body, list[str | int], str, Any, Any]] = [
    ({"groups": {"gpu": ONE}}, ["groups", "gpu"], "pattern", GROUP_PATTERN, "gpu"),
    ({"groups": {"_": ONE}}, ["groups", "_"], "pattern", GROUP_PATTERN, "_"),
    ({"groups": {"_" + "a" * 65: ONE}}, ["groups", "_" + "a" * 65], "pattern", GROUP_PATTERN, "_" + "a" * 65),
    ({"groups": {"_a.b": ONE}}, ["groups", "_a.b"], "pattern", GROUP_PATTERN, "_a.b"),
    ({"groups": []}, ["groups"], "type", "object", []),
    ({"groups": {"": {**ONE, "moon": 1}}}, ["groups", "", "moon"], "additionalProperties", False, 1),
    (grouped(resources={"VCPU": 0}), ["groups", "", "resources", "VCPU"], "minimum", 1, 0),
    (grouped(resources={"VCPU": 2**31}), ["groups", "", "resources", "VCPU"], "maximum", 2**31 - 1, 2**31),
    (grouped(resources={"VCPU": Decimal("1.5")}), ["groups", "", "resources", "VCPU"], "type", "integer", 1.5),
    (grouped(required=[[]]), ["groups", "", "required", 0], "minItems", 1, 0),
    (grouped(required=["A", ["B", 5]]), ["groups", "", "required", 1, 1], "type", "string", 5),
    (grouped(required="A"), ["groups", "", "required"], "type", "array", "A"),
    (grouped(forbidden=[["A"]]), ["groups", "", "forbidden", 0], "type", "string", ["A"]),
    (grouped(member_of=["x"]), ["groups", "", "member_of", 0], "format", "uuid", "x"),
    (grouped(not_member_of=["x"]), ["groups", "", "not_member_of", 0], "format", "uuid", "x"),
    (grouped(in_tree="x"), ["groups", "", "in_tree"], "format", "uuid", "x"),
    ({"group_policy": "some"}, ["group_policy"], "enum", ["none", "isolate"], "some"),
    ({"same_subtree": [5]}, ["same_subtree", 0], "type", "array", 5),
    ({"root_required": [5]}, ["root_required", 0], "type", "string", 5),
    ({"root_forbidden": [""]}, ["root_forbidden", 0], "minLength", 1, ""),
    ({"strategy": "best"}, ["strategy"], "enum", ["first", "pack", "spread", "random"], "best"),
    ({"preferred": {"A": "1"}}, ["preferred", "A"], "type", "number", "1"),
    ({"preferred": {"A": True}}, ["preferred", "A"], "type", "number", True),
    ({"preferred": {"A": Decimal("1e400")}}, ["preferred", "A"], "maximum", 1_000_000, "1E+400"),
    ({"preferred": {"A": Decimal("-1000000.1")}}, ["preferred", "A"], "minimum", -1_000_000, -1000000.1),
    ({"seed": ""}, ["seed"], "minLength", 1, ""),
    ({"seed": "s" * 256}, ["seed"], "maxLength", 255, "s" * 200),
    ({"seed": -1}, ["seed"], "minimum", 0, -1),
    ({"seed": 2**31}, ["seed"], "maximum", 2**31 - 1, 2**31),
    ({"seed": True}, ["seed"], "type", "string", True),
    ({"limit": 1}, ["limit"], "additionalProperties", False, 1),
]


@pytest.mark.parametrize(("fields", "path", "rule", "limit", "value"), WRONG)
def test_what_is_wrong_with_one_field_is_told(
    fields: Body, path: list[str | int], rule: str, limit: Any, value: Any
) -> None:
    assert only_violation(place(**fields)) == (["request", *path], rule, limit, value)


def test_a_place_claim_without_a_request_or_groups_says_what_is_missing() -> None:
    assert only_violation(claim("allocation.place", consumer=consumer())) == (["request"], "required", None, None)
    empty = claim("allocation.place", consumer=consumer(), request={})
    assert only_violation(empty) == (["request", "groups"], "required", None, None)


@pytest.mark.parametrize("op", ["candidates.list", "candidates.explain"])
def test_a_query_has_a_limit_of_one_or_more(op: str) -> None:
    found = validate_query({"op": op, "request": request(limit=1)})
    assert isinstance(found, CandidatesList | CandidatesExplain)
    assert found.request.limit == 1
    none = validate_query({"op": op, "request": request(limit=0)})
    assert none == (Violation(("request", "limit"), "minimum", 1, 0),)


def test_all_rules_that_a_request_breaks_are_told_at_once() -> None:
    conflicts = {**ONE, "required": ["A"], "forbidden": ["A"]}
    broken = place(groups={"_a": conflicts, "_b": conflicts}, same_subtree=[["_c"]])
    found = validate(broken, "allocation.place")
    assert isinstance(found, tuple)
    assert [one.rule for one in found] == [
        "group_policy_required",
        "unknown_group",
        "conflicting_traits",
        "conflicting_traits",
    ]


def test_of_very_many_broken_rules_twenty_are_told() -> None:
    found = validate(place(same_subtree=[["_x"] * 64]), "allocation.place")
    assert isinstance(found, tuple)
    assert len(found) == 20


def groups_with(each: Body, count: int = 2) -> Body:
    return {f"_{number}": each for number in range(count)}


def many(count: int) -> Body:
    return {f"CUSTOM_{number}": 1 for number in range(count)}


@pytest.mark.parametrize(
    ("edge", "beyond", "told"),
    [
        (
            {"groups": groups_with(ONE, 64)},
            {"groups": groups_with(ONE, 65)},
            (["groups"], "maxProperties", 64, 65),
        ),
        (
            {"groups": groups_with({"resources": many(500)})},
            {"groups": {**groups_with({"resources": many(500)}), "": ONE}},
            (["groups"], "maxProperties", 1000, 1001),
        ),
        (
            grouped(required=[["A"] * 500], forbidden=["B"] * 497)
            | {"root_required": ["A"], "root_forbidden": ["B"], "preferred": {"C": 1}},
            grouped(required=[["A"] * 500], forbidden=["B"] * 498)
            | {"root_required": ["A"], "root_forbidden": ["B"], "preferred": {"C": 1}},
            ([], "maxItems", 1000, 1001),
        ),
    ],
)
def test_groups_amounts_and_traits_are_counted_over_the_whole_request(edge: Body, beyond: Body, told: Told) -> None:
    accepted(place(**edge, group_policy="none"))
    assert only_violation(place(**beyond, group_policy="none")) == (["request", *told[0]], *told[1:])


def test_one_name_stands_for_a_list_of_one_and_ids_are_canonical() -> None:
    kept: AllocationPlace = accepted(claim("allocation.place", consumer=consumer(), request=WHOLE_REQUEST))
    unnamed = kept.request.groups[""]
    assert unnamed.required == (("HW_CPU_X86_AVX2",), ("GPU_A", "GPU_B"))
    assert unnamed.member_of == ((OTHER, CLAIM), (PROVIDER,))
    assert unnamed.in_tree is None
    spelled: AllocationPlace = accepted(place(**grouped(in_tree=PROVIDER.replace("-", "").upper())))
    assert spelled.request.groups[""].in_tree == PROVIDER


@pytest.mark.parametrize(("said", "kept"), [("7", "7"), (7, "7"), ("x", "x")])
def test_a_seed_is_text_or_a_number_which_counts_as_its_text(said: str | int, kept: str) -> None:
    found: AllocationPlace = accepted(place(seed=said, strategy="random"))
    assert found.request.seed == kept


def test_a_request_takes_its_defaults() -> None:
    found: AllocationPlace = accepted(place())
    assert (found.request.strategy, found.request.group_policy, found.request.seed) == ("first", None, None)
    assert (found.request.same_subtree, found.request.preferred) == ((), {})


def test_a_place_claim_built_in_python_is_read_as_the_same_claim() -> None:
    built = AllocationPlace(
        op="allocation.place",
        claim_id=CLAIM,
        consumer=Consumer(id=CONSUMER, project="p", user="u"),
        request=PlaceRequest(
            groups={"": RequestGroup(resources={"VCPU": 1}, required=(("A", "B"),))}, preferred={"A": 0.1}
        ),
    )
    assert accepted(parse(built.to_json())) == built
