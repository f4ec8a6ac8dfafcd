"""The worker finds providers and takes them in one step."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.builders import (
    AVX2,
    FAST,
    GOLD,
    MEMORY,
    NOW,
    SILVER,
    VCPU,
    claim_id,
    consumer,
    consumer_id,
    consumer_row,
    holding,
    place_claim,
    provider_id,
    provider_row,
    release_claim,
    set_claim,
)
from tests.unit.placement.placing import change_of, decided, refusal_of, world_of
from worker.placement.claims import Claim, PlaceAllocations
from worker.placement.cut import cut
from worker.placement.decide import decide
from worker.placement.ids import Trait
from worker.placement.inventory import Inventory, Stock
from worker.placement.outcomes import Accepted, AllocationsGranted, Code
from worker.placement.plan import AllocationPut, ConsumerPut, ProviderAdvance, UsedPut, Writes
from worker.placement.request import Group, Request, Strategy
from worker.placement.snapshot import Wanted
from worker.placement.wanted import wanted

P1, P2, P3 = (provider_id(n) for n in (1, 2, 3))
C1 = consumer_id(1)
TEN = Inventory(10)


def test_the_first_candidate_is_taken_as_a_set_of_it_would_be() -> None:
    world = world_of(provider_row(1, {VCPU: Stock(TEN, 8)}), provider_row(2, {VCPU: TEN}, generation=3))
    plan = decided([place_claim(1, 1, {VCPU: 4})], world)
    same = decided([set_claim(1, replace(holding(1, {P2: {VCPU: 4}}), mappings={"": (P2,)}))], world)
    assert plan.outcomes == same.outcomes
    assert plan.writes == same.writes
    assert (plan.providers, plan.consumers) == ({P2: (2, 3)}, {C1: None})
    assert plan.writes == Writes(
        providers_advanced=(ProviderAdvance(provider_row(2).row, P2, 3, 4),),
        used_put=(UsedPut(provider_row(2).row, VCPU, 4),),
        consumers_put=(ConsumerPut(C1, None, "project", "user", None, None, 1),),
        allocations_put=(AllocationPut(C1, provider_row(2).row, VCPU, 4),),
    )


def test_the_mappings_of_the_candidate_are_told() -> None:
    groups = {"": Group(resources={MEMORY: 1}), "_cpu": Group(resources={VCPU: 2})}
    world = world_of(provider_row(1, {MEMORY: TEN}), provider_row(2, {VCPU: TEN}, parent=1))
    change = change_of(decided([place_claim(1, 1, Request(groups=groups))], world).outcomes[0])
    assert change.after == {P1: {MEMORY: 1}, P2: {VCPU: 2}}
    assert change.mappings == {"": (P1,), "_cpu": (P2,)}


def test_rows_that_the_choice_rests_on_are_locked_and_compared_too() -> None:
    world = world_of(provider_row(1, generation=6, traits=[FAST]), provider_row(2, {VCPU: TEN}, parent=1, generation=2))
    request = Request(groups={"": Group(resources={VCPU: 1})}, root_required=frozenset({FAST}))
    plan = decided([place_claim(1, 1, request)], world)
    assert plan.providers == {P1: (1, 6), P2: (2, 2)}
    assert [advance.id for advance in plan.writes.providers_advanced] == [P2]


def test_what_the_consumer_holds_is_replaced_and_counts_as_free_for_it() -> None:
    world = world_of(provider_row(1, {VCPU: Stock(TEN, 10)}), consumer_row(1, {P1: {VCPU: 10}}))
    change = change_of(decided([place_claim(1, 1, {VCPU: 7})], world).outcomes[0])
    assert (change.before, change.after, change.generation) == ({P1: {VCPU: 10}}, {P1: {VCPU: 7}}, 2)


def test_a_place_that_ends_where_the_consumer_stands_changes_nothing() -> None:
    world = world_of(provider_row(1, {VCPU: Stock(TEN, 7)}), consumer_row(1, {P1: {VCPU: 7}}))
    plan = decided([place_claim(1, 1, {VCPU: 7})], world)
    (outcome,) = plan.outcomes
    assert isinstance(outcome, Accepted)
    assert (outcome.changed, plan.writes, plan.providers) == (False, Writes(), {P1: (1, 0)})


def test_a_later_place_sees_what_earlier_claims_of_the_batch_took_and_left() -> None:
    world = world_of(
        provider_row(1, {VCPU: TEN}), provider_row(2, {VCPU: Stock(TEN, 10)}), consumer_row(9, {P2: {VCPU: 10}})
    )
    batch: list[Claim] = [
        set_claim(1, holding(1, {P1: {VCPU: 6}})),
        place_claim(2, 2, {VCPU: 4}),
        place_claim(3, 3, {VCPU: 1}),
        release_claim(4, 9),
        place_claim(5, 5, {VCPU: 10}),
    ]
    assert cut(batch) == 5
    plan = decided(batch, world)
    assert change_of(plan.outcomes[1]).after == {P1: {VCPU: 4}}
    assert refusal_of(plan.outcomes[2]).code is Code.NO_CANDIDATES
    assert change_of(plan.outcomes[4]).after == {P2: {VCPU: 10}}
    assert [(put.id, put.generation_to) for put in plan.writes.providers_advanced] == [(P1, 2), (P2, 2)]


def test_k_places_on_one_provider_advance_it_by_k_and_each_shows_its_own_number() -> None:
    plan = decided([place_claim(n, n, {VCPU: 3}) for n in (1, 2, 3)], world_of(provider_row(1, {VCPU: TEN})))
    told = [one.outcome for one in plan.outcomes if isinstance(one, Accepted)]
    assert [one.providers[P1].generation for one in told if isinstance(one, AllocationsGranted)] == [1, 2, 3]
    assert plan.writes.providers_advanced == (ProviderAdvance(provider_row(1).row, P1, 0, 3),)


def test_where_nothing_fits_the_refusal_is_the_explanation() -> None:
    world = world_of(provider_row(1, {VCPU: Stock(TEN, 8)}), provider_row(2, {MEMORY: TEN}))
    refusal = refusal_of(decided([place_claim(1, 1, {VCPU: 4})], world).outcomes[0])
    assert refusal.code is Code.NO_CANDIDATES
    steps = refusal.details["groups"]
    assert isinstance(steps, dict)
    assert steps[""][0] == {"step": "all", "left": 2}
    assert steps[""][-1] == {"step": "capacity", "resource_class": VCPU, "left": 0}
    assert refusal.details["nearest"] == [
        {
            "group": "",
            "provider": P1,
            "resource_class": VCPU,
            "requested": 4,
            "capacity": 10,
            "used": 8,
            "free": 2,
            "lacking": 2,
        }
    ]


def test_unknown_classes_and_traits_of_a_request_are_told_before_anything_is_searched() -> None:
    world = world_of(provider_row(1, {VCPU: TEN}))
    groups = {"": Group(resources={SILVER: 1}, required=(frozenset({Trait("CUSTOM_A"), AVX2}),))}
    refusal = refusal_of(decided([place_claim(1, 1, Request(groups=groups))], world).outcomes[0])
    assert (refusal.code, refusal.details) == (Code.RESOURCE_CLASS_NOT_FOUND, {"resource_classes": [SILVER]})
    request = Request(
        groups={"": Group(resources={VCPU: 1}, forbidden=frozenset({Trait("CUSTOM_B")}))},
        root_forbidden=frozenset({Trait("CUSTOM_C")}),
        preferred={Trait("CUSTOM_D"): 1.0},
    )
    refusal = refusal_of(decided([place_claim(1, 1, request)], world).outcomes[0])
    assert (refusal.code, refusal.details) == (
        Code.TRAIT_NOT_FOUND,
        {"traits": ["CUSTOM_B", "CUSTOM_C", "CUSTOM_D"]},
    )


def test_deadline_and_consumer_generation_are_kept_as_for_a_set() -> None:
    world = world_of(provider_row(1, {VCPU: TEN}), consumer_row(1, {P1: {VCPU: 1}}, generation=4))
    late = place_claim(1, 1, {VCPU: 99}, deadline=NOW - timedelta(seconds=1))
    assert refusal_of(decided([late], world).outcomes[0]).code is Code.DEADLINE_PASSED
    wrong = place_claim(1, consumer(1, generation=None), {VCPU: 99})
    refusal = refusal_of(decided([wrong], world).outcomes[0])
    assert (refusal.code, refusal.details) == (
        Code.CONSUMER_GENERATION_CONFLICT,
        {"consumer": C1, "expected": None, "found": 4},
    )
    assert change_of(decided([place_claim(1, consumer(1, generation=4), {VCPU: 2})], world).outcomes[0]).generation == 5


def test_decided_again_a_place_lands_on_a_locked_provider_that_still_fits() -> None:
    world = world_of(*(provider_row(n, {VCPU: TEN}) for n in (1, 2, 3)))
    plan = decided([place_claim(1, 1, {VCPU: 4})], world, among=frozenset({P2, P3}))
    assert change_of(plan.outcomes[0]).after == {P2: {VCPU: 4}}
    assert plan.providers == {P2: (2, 0)}


def test_a_place_that_fits_only_beyond_the_locked_providers_is_carried() -> None:
    world = world_of(provider_row(1, {VCPU: Stock(TEN, 10)}), provider_row(2, {VCPU: TEN}))
    plan = decided([place_claim(1, 1, {VCPU: 4}), place_claim(2, 2, {VCPU: 4})], world, among=frozenset({P1}))
    assert (plan.carried, plan.outcomes, plan.writes) == ((0, 1), (), Writes())


def test_a_place_that_fits_nowhere_at_all_is_refused_whatever_is_locked() -> None:
    plan = decided([place_claim(1, 1, {VCPU: 4})], world_of(provider_row(1, {VCPU: Inventory(3)})), among=frozenset())
    assert refusal_of(plan.outcomes[0]).code is Code.NO_CANDIDATES


def test_random_placement_is_seeded_by_the_claim() -> None:
    world = world_of(*(provider_row(n, {VCPU: TEN}) for n in range(1, 30)))
    request = Request(groups={"": Group(resources={VCPU: 1})}, strategy=Strategy.RANDOM)
    taken = [change_of(decided([place_claim(n, 1, request)], world).outcomes[0]).after for n in (1, 1, 2, 3, 4)]
    assert taken[0] == taken[1]
    assert len({tuple(one) for one in taken}) > 1


def test_a_place_wants_its_consumer_and_the_names_of_its_request() -> None:
    groups = {
        "": Group(resources={VCPU: 1}, required=(frozenset({AVX2, FAST}),), in_tree=P3),
        "_a": Group(resources={GOLD: 1}),
    }
    assert wanted([place_claim(1, 1, Request(groups=groups))]) == Wanted(
        consumers=(C1,), classes=(GOLD, VCPU), traits=(FAST, AVX2)
    )


def test_a_consumer_that_may_hold_nothing_is_placed_in_the_next_batch() -> None:
    place = place_claim(2, 1, {VCPU: 1})
    assert cut([release_claim(1, 1), place]) == 1
    assert cut([release_claim(1, 2), place, place_claim(3, 1, {VCPU: 2})]) == 3


def test_places_of_one_consumer_keep_their_order_when_the_first_is_carried() -> None:
    world = world_of(provider_row(1, {VCPU: TEN}), provider_row(2, {MEMORY: TEN}))
    batch = [place_claim(1, 1, {MEMORY: 1}), place_claim(2, 1, {VCPU: 1}), place_claim(3, 2, {VCPU: 1})]
    plan = decided(batch, world, among=frozenset({P1}))
    assert plan.carried == (0, 1)
    assert [outcome.claim for outcome in plan.outcomes] == [claim_id(3)]


def test_a_place_without_a_fleet_is_our_own_mistake() -> None:
    world = world_of(provider_row(1, {VCPU: TEN}))
    claim: PlaceAllocations = place_claim(1, 1, {VCPU: 1})
    with pytest.raises(AssertionError):
        decide([claim], world.state)
