"""When an allocation claim is refused: units, capacity, generations, and which of several broken rules is told."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.builders import (
    GOLD,
    MEMORY,
    NOW,
    SILVER,
    VCPU,
    adjust_claim,
    consumer,
    consumer_id,
    consumer_row,
    holding,
    provider_id,
    provider_row,
    set_claim,
    snapshot,
)
from tests.unit.placement.verdicts import accepted, refused
from worker.placement.decide import decide
from worker.placement.inventory import Inventory, Stock
from worker.placement.outcomes import Accepted, Code, Rejected

P1, P2 = provider_id(1), provider_id(2)
C1, C2 = consumer_id(1), consumer_id(2)
TEN = Inventory(10)


def test_what_fits_exactly_is_granted_and_one_more_is_not() -> None:
    before = snapshot(provider_row(1, {VCPU: Stock(Inventory(100, allocation_ratio=Decimal("0.29")), 9)}))
    assert accepted(set_claim(1, holding(1, {P1: {VCPU: 20}})), before).changed
    assert refused(set_claim(1, holding(1, {P1: {VCPU: 21}})), before) == (
        Code.CAPACITY_EXCEEDED,
        {
            "provider": P1,
            "resource_class": VCPU,
            "consumer": C1,
            "capacity": 29,
            "used": 9,
            "requested": 21,
            "free": 20,
        },
    )


def test_what_the_consumer_holds_counts_as_free_for_it() -> None:
    before = snapshot(provider_row(1, {VCPU: Stock(TEN, 9)}), consumer_row(1, {P1: {VCPU: 6}}))
    assert accepted(set_claim(1, holding(1, {P1: {VCPU: 7}})), before).changed
    code, details = refused(set_claim(1, holding(1, {P1: {VCPU: 8}})), before)
    assert (code, details["used"], details["free"]) == (Code.CAPACITY_EXCEEDED, 3, 7)


def test_over_capacity_a_claim_may_shrink_or_leave_the_total_but_not_grow_it() -> None:
    before = snapshot(
        provider_row(1, {VCPU: Stock(Inventory(4), 10)}),
        consumer_row(1, {P1: {VCPU: 6}}),
        consumer_row(2, {P1: {VCPU: 4}}),
    )
    assert accepted(set_claim(1, holding(1, {P1: {VCPU: 5}})), before).changed
    assert accepted(set_claim(1, holding(1, {P1: {VCPU: 5}}), holding(2, {P1: {VCPU: 5}})), before).changed
    code, details = refused(set_claim(1, holding(1, {P1: {VCPU: 7}})), before)
    assert (code, details["free"]) == (Code.CAPACITY_EXCEEDED, 0)


@pytest.mark.parametrize(("amount", "rule", "limit"), [(1, "min_unit", 2), (10, "max_unit", 8), (5, "step_size", 2)])
def test_an_amount_keeps_to_the_units(amount: int, rule: str, limit: int) -> None:
    before = snapshot(provider_row(1, {VCPU: Inventory(100, min_unit=2, max_unit=8, step_size=2)}))
    assert refused(set_claim(1, holding(1, {P1: {VCPU: amount}})), before) == (
        Code.UNIT_CONSTRAINT_VIOLATED,
        {"provider": P1, "resource_class": VCPU, "consumer": C1, "amount": amount, "rule": rule, "limit": limit},
    )


def test_units_hold_for_each_consumer_by_itself() -> None:
    before = snapshot(provider_row(1, {VCPU: Inventory(100, min_unit=4, max_unit=8)}))
    assert accepted(set_claim(1, holding(1, {P1: {VCPU: 8}}), holding(2, {P1: {VCPU: 8}})), before).changed
    code, details = refused(set_claim(1, holding(1, {P1: {VCPU: 8}}), holding(2, {P1: {VCPU: 3}})), before)
    assert (code, details["consumer"], details["rule"]) == (Code.UNIT_CONSTRAINT_VIOLATED, C2, "min_unit")


def test_a_ratio_of_0_closes_a_class_to_who_does_not_hold_it() -> None:
    before = snapshot(provider_row(1, {VCPU: Inventory(10, allocation_ratio=Decimal(0))}))
    code, details = refused(set_claim(1, holding(1, {P1: {VCPU: 1}})), before)
    assert (code, details["capacity"], details["free"]) == (Code.CAPACITY_EXCEEDED, 0, 0)


def test_an_adjustment_is_judged_by_what_the_consumer_would_hold() -> None:
    stock = Stock(Inventory(20, max_unit=8, step_size=2), 16)
    before = snapshot(provider_row(1, {VCPU: stock}), consumer_row(1, {P1: {VCPU: 2}}))
    assert accepted(adjust_claim(1, 1, add={P1: {VCPU: 4}}), before).changed
    code, details = refused(adjust_claim(1, 1, add={P1: {VCPU: 1}}), before)
    assert (code, details["amount"], details["rule"]) == (Code.UNIT_CONSTRAINT_VIOLATED, 3, "step_size")
    code, details = refused(adjust_claim(1, 1, add={P1: {VCPU: 6}}), before)
    assert (code, details["used"], details["requested"], details["free"]) == (Code.CAPACITY_EXCEEDED, 14, 8, 6)


def test_amounts_that_the_claim_does_not_change_are_not_checked_again() -> None:
    closed = Stock(Inventory(10, min_unit=5, allocation_ratio=Decimal(0)), 3)
    before = snapshot(provider_row(1, {VCPU: closed, MEMORY: TEN}), consumer_row(1, {P1: {VCPU: 3}}))
    assert accepted(set_claim(1, holding(1, {P1: {VCPU: 3, MEMORY: 1}})), before).changed
    assert accepted(adjust_claim(1, 1, add={P1: {MEMORY: 1}}), before).changed


def test_on_a_draining_provider_no_amount_grows_but_it_may_shrink() -> None:
    before = snapshot(provider_row(1, {VCPU: Stock(TEN, 4)}, state="draining"), consumer_row(1, {P1: {VCPU: 4}}))
    assert accepted(set_claim(1, holding(1, {P1: {VCPU: 3}})), before).changed
    assert refused(set_claim(1, holding(1, {P1: {VCPU: 5}})), before) == (
        Code.PROVIDER_UNAVAILABLE,
        {"provider": P1, "state": "draining"},
    )


def test_a_class_that_exists_but_not_on_the_provider_is_no_inventory() -> None:
    assert refused(set_claim(1, holding(1, {P1: {GOLD: 1}})), snapshot(provider_row(1, {VCPU: TEN}))) == (
        Code.INVENTORY_NOT_FOUND,
        {"provider": P1, "resource_class": GOLD},
    )


def test_missing_providers_and_classes_are_listed() -> None:
    before = snapshot(provider_row(1, {VCPU: TEN}))
    assert refused(set_claim(1, holding(1, {provider_id(4): {SILVER: 1}, P2: {VCPU: 1}})), before) == (
        Code.PROVIDER_NOT_FOUND,
        {"providers": [P2, provider_id(4)]},
    )
    assert refused(adjust_claim(1, 1, remove={P1: {SILVER: 1}}), before) == (
        Code.RESOURCE_CLASS_NOT_FOUND,
        {"resource_classes": [SILVER]},
    )


def test_a_provider_generation_that_is_given_must_be_the_providers() -> None:
    before = snapshot(provider_row(1, {VCPU: TEN}, generation=4))
    assert accepted(set_claim(1, holding(1, {P1: {VCPU: 1}}, {P1: 4})), before).changed
    assert refused(set_claim(1, holding(1, {P1: {VCPU: 1}}, {P1: 3})), before) == (
        Code.PROVIDER_GENERATION_CONFLICT,
        {"provider": P1, "expected": 3, "found": 4},
    )


def test_a_deadline_before_the_transaction_began_is_told_first_of_all() -> None:
    past = NOW - timedelta(microseconds=1)
    assert refused(set_claim(1, holding(1, {P1: {VCPU: 1}}), deadline=past), snapshot()) == (
        Code.DEADLINE_PASSED,
        {"deadline": past, "begun_at": NOW},
    )
    assert refused(set_claim(1, holding(1, {P1: {VCPU: 1}}), deadline=NOW), snapshot())[0] == Code.PROVIDER_NOT_FOUND


def test_the_first_code_in_order_of_precedence_over_all_parts_is_told() -> None:
    before = snapshot(provider_row(1, {VCPU: Inventory(10, max_unit=5)}))
    late = holding(consumer(2, generation=9), {P1: {VCPU: 1}})
    assert refused(set_claim(1, holding(1, {P1: {VCPU: 11}}), late), before)[0] == Code.CONSUMER_GENERATION_CONFLICT
    assert refused(set_claim(1, holding(1, {P1: {VCPU: 11}})), before)[0] == Code.UNIT_CONSTRAINT_VIOLATED


def test_further_places_stand_in_others_by_provider_class_and_consumer_twenty_at_most() -> None:
    before = snapshot(*(provider_row(n, {VCPU: Inventory(100, max_unit=1)}) for n in range(1, 31)))
    claim = set_claim(1, *(holding(n, {provider_id(31 - n): {VCPU: 2}}) for n in range(1, 31)))
    code, details = refused(claim, before)
    assert (code, details["provider"], details["consumer"]) == (Code.UNIT_CONSTRAINT_VIOLATED, P1, consumer_id(30))
    assert [place["provider"] for place in details["others"]] == [provider_id(n) for n in range(2, 22)]


def test_a_refused_claim_leaves_the_room_to_the_next() -> None:
    before = snapshot(provider_row(1, {VCPU: TEN}), provider_row(2, {VCPU: Inventory(1)}))
    batch = [set_claim(1, holding(1, {P1: {VCPU: 10}, P2: {VCPU: 2}})), set_claim(2, holding(2, {P1: {VCPU: 10}}))]
    first, second = decide(batch, before).outcomes
    assert isinstance(first, Rejected)
    assert isinstance(second, Accepted)
