"""Claims of the wire as the core sees them."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.decode import parse, validate
from schemas.queries import CandidatesList, validate_query
from tests.builders import claim_id, consumer_id, provider_id
from tests.component.bodies import claim, holder
from tests.unit.engine.requests_drawn import valid_requests
from tests.unit.schemas.examples import CLAIMS, Body
from worker.engine.requested import request_of
from worker.engine.translate import to_core
from worker.placement.claims import (
    UNSET,
    Claim,
    Consumer,
    NewInventories,
    PlaceAllocations,
    ReshapeProviders,
    SetState,
)
from worker.placement.inventory import MAX_INT, Inventory
from worker.placement.request import Group, Request, Strategy

_FEW = settings(max_examples=200)


def translated(body: Body) -> Claim:
    model = validate(body, body["op"])
    assert not isinstance(model, tuple), model
    return to_core(model)


def sets(items: list[Any]) -> tuple[frozenset[str], ...]:
    return tuple(frozenset([item] if isinstance(item, str) else item) for item in items)


@pytest.mark.parametrize("body", CLAIMS)
def test_every_example_becomes_a_claim_under_its_own_id(body: Body) -> None:
    assert translated(parse(json.dumps(body).encode())).id == body["claim_id"]


@_FEW
@given(valid_requests())
def test_any_request_of_good_form_is_the_same_to_the_core(body: Body) -> None:
    made = translated(claim(1, "allocation.place", consumer=holder(1), request=body))
    assert isinstance(made, PlaceAllocations)
    request = made.request
    assert {name: dict(group.resources) for name, group in request.groups.items()} == {
        name: group.get("resources", {}) for name, group in body["groups"].items()
    }
    for name, group in body["groups"].items():
        kept = request.groups[name]
        assert kept.required == sets(group.get("required", []))
        assert kept.member_of == sets(group.get("member_of", []))
        assert kept.forbidden == frozenset(group.get("forbidden", []))
        assert kept.not_member_of == frozenset(group.get("not_member_of", []))
        assert kept.in_tree == group.get("in_tree")
    assert request.same_subtree == tuple(frozenset(names) for names in body["same_subtree"])
    assert request.group_policy == body.get("group_policy")
    assert request.strategy == body.get("strategy", "first")
    assert request.preferred == body.get("preferred", {})
    assert request.seed == (None if "seed" not in body else str(body["seed"]))
    assert request.root_required == frozenset(body.get("root_required", []))
    assert request.root_forbidden == frozenset(body.get("root_forbidden", []))
    assert request.limit is None


@_FEW
@given(valid_requests(), st.integers(1, MAX_INT))
def test_a_query_asks_what_a_claim_would_and_has_a_limit(body: Body, limit: int) -> None:
    query = validate_query({"op": "candidates.list", "request": {**body, "limit": limit}})
    assert isinstance(query, CandidatesList)
    asked = request_of(query.request)
    made = translated(claim(1, "allocation.place", consumer=holder(1), request=body))
    assert isinstance(made, PlaceAllocations)
    assert asked.limit == limit
    assert asked.groups == made.request.groups


def test_a_request_takes_the_defaults_of_the_core() -> None:
    made = translated(
        claim(1, "allocation.place", consumer=holder(1), request={"groups": {"": {"resources": {"VCPU": 1}}}})
    )
    plain = Request(groups={"": Group(resources={"VCPU": 1})})  # type: ignore[dict-item]  # a plain name
    assert made == PlaceAllocations(
        id=claim_id(1), consumer=Consumer(id=consumer_id(1), project="project", user="user", type=UNSET), request=plain
    )
    assert plain.strategy is Strategy.FIRST


def test_a_state_is_set_on_its_provider() -> None:
    made = translated(claim(1, "provider.set_state", provider=provider_id(1), state="draining"))
    assert made == SetState(id=claim_id(1), provider=provider_id(1), state="draining")


def test_a_reshape_has_inventories_whole_and_holdings_in_their_order() -> None:
    holdings = [
        {"consumer": holder(2), "allocations": {provider_id(2): {"VCPU": 3}}},
        {"consumer": holder(1, generation=None), "allocations": {}},
    ]
    made = translated(
        claim(
            1,
            "provider.reshape",
            inventories={
                provider_id(2): {"generation": 4, "inventories": {"VCPU": {"total": 8, "reserved": 1}}},
                provider_id(1): {"generation": 7, "inventories": {}},
            },
            allocations=holdings,
        )
    )
    assert isinstance(made, ReshapeProviders)
    assert made.inventories == {
        provider_id(2): NewInventories(generation=4, inventories={"VCPU": Inventory(8, reserved=1)}),  # type: ignore[dict-item]  # a plain name
        provider_id(1): NewInventories(generation=7, inventories={}),
    }
    assert [(one.consumer.id, one.consumer.generation, one.allocations) for one in made.holdings] == [
        (consumer_id(2), UNSET, {provider_id(2): {"VCPU": 3}}),
        (consumer_id(1), None, {}),
    ]
