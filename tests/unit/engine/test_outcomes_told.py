"""Outcomes of the core as events: true to their schemas, and cut down where they would be too large."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from schemas.decode import claim_id_of, fingerprint, parse
from schemas.events import AnyEvent, read_exact_event
from schemas.wire import BODY_BYTES_MAX
from tests.builders import GOLD, NOW, VCPU, claim_id, consumer_id, provider_id, provider_row
from tests.component.bodies import Body, claim, encoded, holder
from tests.fakes.broker import FakeProperties
from worker.engine.intake import Incoming
from worker.engine.render import Renderer
from worker.messages import Delivery
from worker.placement.explanation import Explanation, Left, Miss, Step, told
from worker.placement.ids import ConsumerId, ProviderId, ResourceClass, RowId
from worker.placement.inventory import Inventory, Stock
from worker.placement.outcomes import (
    Accepted,
    AllocationsGranted,
    Code,
    ConsumerChange,
    Outcome,
    ProviderLevels,
    ProvidersReshaped,
    ProviderStateChanged,
    Rejected,
)
from worker.placement.rows import shown

RENDERER = Renderer("/worker", "events")
REQUEST = {"groups": {"": {"resources": {"VCPU": 1}}}}
PLACE = claim(1, "allocation.place", consumer=holder(1), request=REQUEST)
SET_STATE = claim(1, "provider.set_state", provider=provider_id(1), state="draining")
RESHAPE = claim(
    1,
    "provider.reshape",
    inventories={provider_id(number): {"generation": 0, "inventories": {}} for number in (2, 1)},
    allocations=[],
)


def told_of(body: Body, outcome: Outcome) -> tuple[AnyEvent, Body]:
    """The one event of the claim, read as strictly as can be, and as plain JSON."""
    whole = encoded(body)
    parsed = parse(whole)
    delivery = Delivery(whole, body["op"], FakeProperties(), 1, 1, False, 0)
    incoming = Incoming(delivery, claim_id(1), fingerprint(parsed), parsed)
    assert claim_id_of(parsed) == claim_id(1)
    record = RENDERER.record(incoming, outcome, NOW)
    (event,) = record.bodies
    assert len(event) <= BODY_BYTES_MAX
    return read_exact_event(event), json.loads(event)


def accepted(change: Any) -> Accepted:
    return Accepted(claim_id(1), True, change)


def held(consumer: ConsumerId, classes: Mapping[ResourceClass, int], generation: int | None = 1) -> ConsumerChange:
    after = {provider_id(1): classes} if classes else {}
    return ConsumerChange(consumer, "project", "user", None, generation, {}, after, {"": (provider_id(1),)})


def levels(number: int, stocks: Mapping[ResourceClass, Stock]) -> ProviderLevels:
    return ProviderLevels(2, RowId(number), stocks)


def test_a_changed_state_is_told_as_provider_get_shows_it() -> None:
    row = provider_row(1, state="draining", generation=4)
    event, plain = told_of(SET_STATE, accepted(ProviderStateChanged(shown(row))))
    assert (event.type, event.subject) == ("provider.state_changed", provider_id(1))
    assert plain["data"]["changed"] is True
    assert {name: plain["data"]["provider"][name] for name in ("provider", "state", "generation", "incarnation")} == {
        "provider": provider_id(1),
        "state": "draining",
        "generation": 4,
        "incarnation": 1,
    }


def test_a_place_is_told_as_a_grant_with_its_mappings() -> None:
    stock = Stock(Inventory(4), 1)
    granted = AllocationsGranted((held(consumer_id(1), {VCPU: 1}),), {provider_id(1): levels(1, {VCPU: stock})})
    event, plain = told_of(PLACE, accepted(granted))
    assert (event.type, event.subject) == ("allocation.granted", consumer_id(1))
    (change,) = plain["data"]["consumers"]
    assert change["mappings"] == {"": [provider_id(1)]}
    assert change["after"] == {provider_id(1): {"VCPU": 1}}


def reshaped(classes: int = 1, consumers: int = 1) -> ProvidersReshaped:
    names = [ResourceClass(f"CUSTOM_{'A' * 200}_{number:05}") for number in range(classes)]
    inventories = {name: Inventory(4, reserved=1) for name in names}
    stocks = {name: Stock(inventory, 1) for name, inventory in inventories.items()}
    return ProvidersReshaped(
        consumers=tuple(held(consumer_id(number), {VCPU: 1}) for number in range(1, consumers + 1)),
        providers={provider_id(1): levels(1, {}), provider_id(2): levels(2, stocks)},
        before={provider_id(2): {}, provider_id(1): inventories},
        after={provider_id(2): inventories, provider_id(1): {}},
    )


def test_a_reshape_tells_inventories_before_and_after_by_provider() -> None:
    event, plain = told_of(RESHAPE, accepted(reshaped()))
    assert (event.type, event.subject) == ("provider.reshaped", provider_id(1))
    data = plain["data"]
    assert list(data["inventories"]) == [provider_id(1), provider_id(2)]
    (name,) = data["inventories"][provider_id(2)]["after"]
    assert data["inventories"][provider_id(1)]["before"][name] == {
        "total": 4,
        "reserved": 1,
        "min_unit": 1,
        "max_unit": 2_147_483_647,
        "step_size": 1,
        "allocation_ratio": 1,
    }
    assert data["inventories"][provider_id(1)]["after"] == data["inventories"][provider_id(2)]["before"] == {}
    assert data["providers"][provider_id(2)]["inventories"] == {name: {"capacity": 3, "used": 1}}
    assert [one["id"] for one in data["consumers"]] == [consumer_id(1)]


def test_a_reshape_too_large_for_an_event_is_told_by_ids_and_counts() -> None:
    _, plain = told_of(RESHAPE, accepted(reshaped(classes=1_500, consumers=3)))
    assert plain["data"] == {
        "changed": True,
        "truncated": True,
        "ids": {
            "consumers": [consumer_id(1), consumer_id(2), consumer_id(3)],
            "providers": [provider_id(1), provider_id(2)],
        },
        "counts": {"consumers": 3, "providers": 2, "inventories": 2},
    }


def explained(groups: int, classes: int) -> Explanation:
    names = [ResourceClass(f"CUSTOM_{'A' * 200}_{number:05}") for number in range(classes)]
    steps = [Left(step, 2) for step in (Step.ALL, Step.ENABLED, Step.IN_TREE, Step.AGGREGATES, Step.TRAITS)]
    for step in (Step.INVENTORY, Step.UNITS, Step.CAPACITY):
        steps += [Left(step, 1, name) for name in names]
    return Explanation(
        groups={f"_{number}": tuple(steps) for number in range(groups)},
        trees=tuple(Left(step, 0) for step in (Step.TREE_MERGE, Step.GROUP_POLICY, Step.SAME_SUBTREE)),
        nearest=tuple(Miss("_0", provider_id(n), GOLD, 4, 8, 9, -1, 5) for n in range(1, 26)),
    )


def refused(explanation: Explanation) -> Rejected:
    return Rejected(claim_id(1), Code.NO_CANDIDATES, "Nobody can give that.", told(explanation))


def test_a_request_that_found_nobody_is_told_with_the_whole_explanation() -> None:
    event, plain = told_of(PLACE, refused(explained(2, 1)))
    assert (event.type, event.subject) == ("claim.rejected", consumer_id(1))
    data = plain["data"]
    assert (data["code"], data["transient"]) == ("no_candidates", True)
    assert [one["step"] for one in data["details"]["groups"]["_1"]] == [
        "all", "enabled", "in_tree", "aggregates", "traits", "inventory", "units", "capacity",
    ]  # fmt: skip
    assert [one["step"] for one in data["details"]["trees"]] == ["tree_merge", "group_policy", "same_subtree"]
    assert len(data["details"]["nearest"]) == 20
    assert data["details"]["nearest"][0]["lacking"] == 5


def test_an_explanation_too_large_for_an_event_is_told_by_counts() -> None:
    _, plain = told_of(PLACE, refused(explained(64, 50)))
    assert plain["data"]["truncated"] is True
    assert plain["data"]["details"] == {"counts": {"groups": 64, "trees": 3, "nearest": 20}}


@pytest.mark.parametrize(
    ("body", "subject"),
    [(PLACE, consumer_id(1)), (SET_STATE, provider_id(1)), (RESHAPE, provider_id(1))],
)
def test_a_refused_claim_is_told_of_whom_it_was_about(body: Body, subject: ProviderId | ConsumerId) -> None:
    missing = Rejected(claim_id(1), Code.PROVIDER_NOT_FOUND, "No.", {"providers": [provider_id(1)]})
    event, _ = told_of(body, missing)
    assert event.subject == subject
