"""Row 1 of the table of what is better here than in OpenStack Placement: generations count every change, once."""

from dataclasses import replace

import pytest

from tests.builders import (
    AVX2,
    FAST,
    GOLD,
    VCPU,
    adjust_claim,
    aggregate_id,
    claim_id,
    consumer_id,
    consumer_row,
    declare_claim,
    holding,
    provider_id,
    provider_row,
    release_claim,
    reshape_claim,
    set_claim,
    snapshot,
    state_claim,
)
from worker.placement.claims import (
    Claim,
    DeleteInventory,
    PutInventory,
    ReplaceAggregates,
    ReplaceInventories,
    ReplaceTraits,
    UpdateProvider,
)
from worker.placement.decide import decide
from worker.placement.inventory import Inventory, Stock
from worker.placement.plan import Writes
from worker.placement.snapshot import Users

P1, P2, P3 = (provider_id(number) for number in (1, 2, 3))
CID = claim_id(1)
TEN, GOLDEN = Inventory(10), Inventory(4)
AS_IT_IS = {VCPU: TEN, GOLD: GOLDEN}

BEFORE = replace(
    snapshot(
        provider_row(1, {VCPU: Stock(TEN, 4), GOLD: GOLDEN}, generation=3, traits=[FAST], aggregates=[aggregate_id(1)]),
        provider_row(2, {VCPU: TEN}, generation=5),
        provider_row(3, generation=7, parent=1),
        consumer_row(1, {P1: {VCPU: 4}}),
    ),
    holders={P1: {VCPU: Users(1, (consumer_id(1),))}},
)


def inventory(of: Inventory, *, create: bool = False) -> PutInventory:
    """What provider 1 has of CUSTOM_GOLD, or provider 3 of VCPU for the first time."""
    name, provider = (VCPU, P3) if create else (GOLD, P1)
    return PutInventory(id=CID, provider=provider, resource_class=name, inventory=of, create=create)


CHANGES: dict[str, tuple[Claim, dict[str, int]]] = {
    "a grant": (set_claim(1, holding(2, {P1: {VCPU: 1, GOLD: 1}})), {P1: 4}),
    "a release": (release_claim(1, 1), {P1: 4}),
    "an empty set": (set_claim(1, holding(1, {})), {P1: 4}),
    "both ends of a move": (set_claim(1, holding(1, {P2: {VCPU: 4}})), {P1: 4, P2: 6}),
    "other holders, the same sum": (set_claim(1, holding(1, {}), holding(2, {P1: {VCPU: 4}})), {P1: 4}),
    "an adjustment up and down": (adjust_claim(1, 1, add={P1: {GOLD: 1}}, remove={P1: {VCPU: 1}}), {P1: 4}),
    "a name": (UpdateProvider(id=CID, provider=P1, name="new"), {P1: 4}),
    "a parent, and the root of those below": (UpdateProvider(id=CID, provider=P1, parent=P2), {P1: 4, P3: 8}),
    "a state": (state_claim(1, 1, "draining"), {P1: 4}),
    "a new inventory": (inventory(TEN, create=True), {P3: 8}),
    "another inventory": (inventory(TEN), {P1: 4}),
    "an inventory less": (DeleteInventory(id=CID, provider=P1, resource_class=GOLD), {P1: 4}),
    "several inventories": (ReplaceInventories(id=CID, provider=P1, inventories={VCPU: GOLDEN}), {P1: 4}),
    "traits": (ReplaceTraits(id=CID, provider=P1, traits=frozenset({AVX2})), {P1: 4}),
    "aggregates": (ReplaceAggregates(id=CID, provider=P1, aggregates=frozenset()), {P1: 4}),
    "everything": (declare_claim(1, 1, {VCPU: TEN}, name="new", parent=2), {P1: 4, P3: 8}),
    "a reshape of a provider and of who holds it": (
        reshape_claim(1, {1: (3, {GOLD: TEN}), 3: (7, {VCPU: TEN})}, holding(1, {P3: {VCPU: 4}})),
        {P1: 4, P3: 8},
    ),
}


@pytest.mark.parametrize(("claim", "advanced"), CHANGES.values(), ids=CHANGES)
def test_1_every_change_of_a_provider_advances_it_by_one(claim: Claim, advanced: dict[str, int]) -> None:
    writes = decide([claim], BEFORE).writes
    counted = {one.id: one.generation_to for one in writes.providers_advanced}
    edited = {one.id: one.generation_to for one in writes.providers_edited}
    assert {**counted, **edited} == advanced


NO_CHANGES: dict[str, Claim] = {
    "amounts": set_claim(1, holding(1, {P1: {VCPU: 4}})),
    "an amount taken and given back": adjust_claim(1, 1, add={P1: {VCPU: 1}}, remove={P1: {VCPU: 1}}),
    "nothing released": release_claim(1, 2),
    "a name": UpdateProvider(id=CID, provider=P1, name="provider-1"),
    "a parent": UpdateProvider(id=CID, provider=P3, parent=P1),
    "a state": state_claim(1, 1, "enabled"),
    "an inventory": inventory(GOLDEN),
    "inventories": ReplaceInventories(id=CID, provider=P1, inventories=AS_IT_IS),
    "traits": ReplaceTraits(id=CID, provider=P1, traits=frozenset({FAST})),
    "aggregates": ReplaceAggregates(id=CID, provider=P1, aggregates=frozenset({aggregate_id(1)})),
    "everything": declare_claim(1, 1, AS_IT_IS, traits=[FAST], aggregates=[aggregate_id(1)]),
    "a reshape": reshape_claim(1, {1: (3, AS_IT_IS)}, holding(1, {P1: {VCPU: 4}})),
}


@pytest.mark.parametrize("claim", NO_CHANGES.values(), ids=NO_CHANGES)
def test_1_what_leaves_everything_as_it_was_advances_nothing(claim: Claim) -> None:
    assert decide([claim], BEFORE).writes == Writes()
