"""Reshapes and states: their limits, and how what is wrong with them is told."""

from typing import Any

import pytest

from schemas.provider_claims import ProviderSetState
from schemas.reshape_claim import ProviderReshape
from tests.unit.schemas.examples import CONSUMER, OTHER, PROVIDER, Body, claim, holding
from tests.unit.schemas.judged import accepted, only_violation

NONE: Body = {"generation": 0, "inventories": {}}


def reshape(**fields: Any) -> Body:
    return claim("provider.reshape", **{"inventories": {PROVIDER: NONE}, "allocations": [], **fields})


def stocked(classes: int) -> Body:
    return {"generation": 0, "inventories": {f"CUSTOM_{number}": {"total": 1} for number in range(classes)}}


WRONG: list[tuple[Body, list[str | int], str, Any, Any]] = [
    ({"inventories": {}}, ["inventories"], "minProperties", 1, 0),
    ({"inventories": {"x": NONE}}, ["inventories", "x"], "format", "uuid", "x"),
    (
        {"inventories": {PROVIDER: NONE, PROVIDER.upper(): NONE}},
        ["inventories"],
        "uniqueItems",
        True,
        PROVIDER.upper(),
    ),
    (
        {"inventories": {PROVIDER: {"inventories": {}}}},
        ["inventories", PROVIDER, "generation"],
        "required",
        None,
        None,
    ),
    (
        {"inventories": {PROVIDER: {**NONE, "generation": None}}},
        ["inventories", PROVIDER, "generation"],
        "type",
        "integer",
        None,
    ),
    (
        {"inventories": {PROVIDER: {"generation": 0, "inventories": {"A": {"total": 0}}}}},
        ["inventories", PROVIDER, "inventories", "A", "total"],
        "minimum",
        1,
        0,
    ),
    ({"allocations": [holding(), holding()]}, ["allocations"], "uniqueItems", True, CONSUMER),
    ({"allocations": {}}, ["allocations"], "type", "array", "{}"),
    (
        {"inventories": {PROVIDER: stocked(500), OTHER: stocked(501)}},
        ["inventories"],
        "maxProperties",
        1000,
        1001,
    ),
]


@pytest.mark.parametrize(("fields", "path", "rule", "limit", "value"), WRONG)
def test_what_is_wrong_with_a_reshape_is_told(
    fields: Body, path: list[str | int], rule: str, limit: Any, value: Any
) -> None:
    assert only_violation(reshape(**fields)) == (path, rule, limit, value)


@pytest.mark.parametrize("field", ["inventories", "allocations"])
def test_a_reshape_says_both_what_providers_have_and_what_consumers_hold(field: str) -> None:
    body = {key: value for key, value in reshape().items() if key != field}
    assert only_violation(body) == ([field], "required", None, None)


def test_a_thousand_records_over_all_providers_are_accepted() -> None:
    kept: ProviderReshape = accepted(reshape(inventories={PROVIDER: stocked(500), OTHER: stocked(500)}))
    assert [len(one.inventories) for one in kept.inventories.values()] == [500, 500]


@pytest.mark.parametrize("state", ["enabled", "draining"])
def test_a_provider_is_enabled_or_draining(state: str) -> None:
    kept: ProviderSetState = accepted(claim("provider.set_state", provider=PROVIDER, state=state))
    assert kept.state == state


def test_another_state_is_told_with_those_there_are() -> None:
    gone = claim("provider.set_state", provider=PROVIDER, state="gone")
    assert only_violation(gone) == (["state"], "enum", ["enabled", "draining"], "gone")
    assert only_violation(claim("provider.set_state", provider=PROVIDER)) == (["state"], "required", None, None)
