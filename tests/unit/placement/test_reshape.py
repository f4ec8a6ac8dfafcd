"""Inventories move between providers under live allocations."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from tests.builders import (
    GOLD,
    MEMORY,
    SILVER,
    VCPU,
    claim_id,
    consumer,
    consumer_id,
    consumer_row,
    holding,
    provider_id,
    provider_row,
    release_claim,
    reshape_claim,
    set_claim,
    snapshot,
)
from tests.unit.placement.verdicts import accepted, refused
from worker.placement.claims import DeleteProvider, ReshapeProviders
from worker.placement.cut import cut
from worker.placement.decide import decide
from worker.placement.ids import ProviderId, ResourceClass
from worker.placement.inventory import Inventory, Stock
from worker.placement.outcomes import Accepted, Code, ProvidersReshaped, Rejected
from worker.placement.plan import AllocationPut, InventoryPut, Lockable, ProviderAdvance, UsedPut, Writes
from worker.placement.snapshot import Snapshot, Users
from worker.placement.wanted import wanted

P1, P2, P3 = (provider_id(n) for n in (1, 2, 3))
C1, C2 = consumer_id(1), consumer_id(2)
TEN = Inventory(10)


def full(**more: Any) -> Snapshot:
    """1 with VCPU and MEMORY_MB, of which consumer 1 holds 8 and consumer 2 the rest; its child 2 is empty."""
    rows = (
        provider_row(1, {VCPU: Stock(TEN, 10), MEMORY: Stock(TEN, 4)}, generation=3),
        provider_row(2, parent=1, generation=5),
        consumer_row(1, {P1: {VCPU: 8}}),
        consumer_row(2, {P1: {VCPU: 2, MEMORY: 4}}),
    )
    holders: Mapping[ProviderId, Mapping[ResourceClass, Users]] = {
        P1: {VCPU: Users(2, (C1, C2)), MEMORY: Users(1, (C2,))},
        P2: {},
    }
    return replace(snapshot(*rows), holders=holders, **more)


def split(*holdings: Any) -> ReshapeProviders:
    """VCPU goes from 1 to its child 2."""
    return reshape_claim(1, {1: (3, {MEMORY: TEN}), 2: (5, {VCPU: TEN})}, *holdings)


BOTH = (holding(1, {P2: {VCPU: 8}}), holding(2, {P1: {MEMORY: 4}, P2: {VCPU: 2}}))


def test_a_full_provider_is_split_as_one_change_of_each_provider() -> None:
    plan = decide([split(*BOTH)], full())
    assert plan.writes.providers_advanced == (
        ProviderAdvance(provider_row(1).row, P1, 3, 4),
        ProviderAdvance(provider_row(2).row, P2, 5, 6),
    )
    assert plan.writes.inventories_put == (InventoryPut(provider_row(2).row, VCPU, TEN, 10),)
    assert plan.writes.inventories_deleted == ((provider_row(1).row, VCPU),)
    assert plan.writes.allocations_put == (
        AllocationPut(C1, provider_row(2).row, VCPU, 8),
        AllocationPut(C2, provider_row(2).row, VCPU, 2),
    )
    assert plan.writes.allocations_deleted == ((1, 1, VCPU), (2, 1, VCPU))
    assert [put.generation_to for put in plan.writes.consumers_put] == [2, 2]


def test_a_reshape_rests_on_every_row_that_it_names() -> None:
    plan = decide([split(*BOTH)], full())
    assert (plan.providers, plan.consumers) == ({P1: (1, 3), P2: (2, 5)}, {C1: (1, 1), C2: (2, 1)})
    unchanged = decide([reshape_claim(1, {2: (5, {})})], full())
    assert (unchanged.writes, unchanged.providers) == (Writes(), {P2: (2, 5)})
    outside = decide([split(*BOTH)], full(), Lockable(frozenset({P1}), frozenset({C1, C2})))
    assert outside.carried == (0,)


def test_a_reshape_tells_consumers_and_providers_as_grants_do_and_inventories_before_and_after() -> None:
    told = accepted(split(*BOTH), full()).outcome
    assert isinstance(told, ProvidersReshaped)
    assert [(one.id, one.generation, one.before, one.after) for one in told.consumers] == [
        (C1, 2, {P1: {VCPU: 8}}, {P2: {VCPU: 8}}),
        (C2, 2, {P1: {VCPU: 2, MEMORY: 4}}, {P1: {MEMORY: 4}, P2: {VCPU: 2}}),
    ]
    assert {name: (level.generation, level.inventories) for name, level in told.providers.items()} == {
        P1: (4, {MEMORY: Stock(TEN, 4)}),
        P2: (6, {VCPU: Stock(TEN, 10)}),
    }
    assert told.before == {P1: {VCPU: TEN, MEMORY: TEN}, P2: {}}
    assert told.after == {P1: {MEMORY: TEN}, P2: {VCPU: TEN}}


def test_a_reshape_into_what_is_already_so_changes_nothing() -> None:
    told = accepted(reshape_claim(1, {1: (3, {VCPU: TEN, MEMORY: TEN})}, holding(1, {P1: {VCPU: 8}})), full())
    assert not told.changed
    assert isinstance(told.outcome, ProvidersReshaped)
    assert told.outcome.providers[P1].generation == 3


def test_consumers_that_are_not_listed_keep_theirs_and_keep_the_class_from_going() -> None:
    code, details = refused(split(BOTH[0]), full())
    assert code is Code.INVENTORY_IN_USE
    assert details == {"provider": P1, "resource_classes": [VCPU], "count": 1, "examples": [C2]}


def test_what_a_listed_consumer_takes_of_a_class_that_goes_keeps_it_from_going() -> None:
    taking = holding(1, {P1: {MEMORY: 1}})
    code, details = refused(reshape_claim(1, {1: (3, {VCPU: TEN})}, taking), full())
    assert (code, details["count"], details["examples"]) == (Code.INVENTORY_IN_USE, 2, [C1, C2])


def test_what_the_batch_did_before_counts_for_who_holds_a_class() -> None:
    plan = decide(
        [release_claim(9, 2), reshape_claim(1, {1: (4, {MEMORY: TEN}), 2: (5, {VCPU: TEN})}, BOTH[0])], full()
    )
    assert [type(outcome) for outcome in plan.outcomes] == [Accepted, Accepted]
    assert plan.writes.providers_advanced[0].generation_to == 5


def test_every_given_generation_is_checked() -> None:
    code, details = refused(reshape_claim(1, {1: (2, {}), 2: (6, {})}), full())
    assert code is Code.PROVIDER_GENERATION_CONFLICT
    assert details == {
        "provider": P1,
        "expected": 2,
        "found": 3,
        "others": [{"provider": P2, "expected": 6, "found": 5}],
    }
    stale = holding(1, {P1: {VCPU: 8}}, {P2: 4})
    code, details = refused(reshape_claim(1, {1: (3, {VCPU: TEN, MEMORY: TEN})}, stale), full())
    assert (code, details["provider"]) == (Code.PROVIDER_GENERATION_CONFLICT, P2)
    new = holding(consumer(1, generation=None), {P1: {VCPU: 8}})
    assert refused(split(new), full())[0] is Code.CONSUMER_GENERATION_CONFLICT


def test_unknown_providers_and_classes_of_both_parts_are_told_together() -> None:
    claim = reshape_claim(1, {3: (0, {SILVER: TEN})}, holding(1, {provider_id(4): {ResourceClass("CUSTOM_TIN"): 1}}))
    assert refused(claim, full()) == (Code.PROVIDER_NOT_FOUND, {"providers": [P3, provider_id(4)]})
    claim = reshape_claim(1, {1: (3, {SILVER: TEN})}, holding(1, {P1: {ResourceClass("CUSTOM_TIN"): 1}}))
    assert refused(claim, full()) == (Code.RESOURCE_CLASS_NOT_FOUND, {"resource_classes": [SILVER, "CUSTOM_TIN"]})


def test_holdings_are_judged_on_old_and_new_inventories_together() -> None:
    missing = refused(split(holding(1, {P2: {GOLD: 1}})), full())
    assert missing == (Code.INVENTORY_NOT_FOUND, {"provider": P2, "resource_class": GOLD})
    code, details = refused(split(holding(1, {P2: {VCPU: 11}}), BOTH[1]), full())
    assert (code, details["capacity"], details["requested"]) == (Code.CAPACITY_EXCEEDED, 10, 13)
    stepped = reshape_claim(1, {2: (5, {VCPU: Inventory(20, step_size=3)})}, holding(1, {P2: {VCPU: 8}}))
    assert refused(stepped, full())[0] is Code.UNIT_CONSTRAINT_VIOLATED


def test_new_inventories_whose_fields_contradict_each_other_are_refused_before_amounts_are_looked_at() -> None:
    wrong = reshape_claim(1, {2: (5, {VCPU: Inventory(1, reserved=2)})}, holding(1, {P2: {VCPU: 1}}))
    code, details = refused(wrong, full())
    assert (code, details["rule"]) == (Code.INVALID_INVENTORY, "reserved_above_total")
    wrong = reshape_claim(1, {2: (5, {VCPU: Inventory(1, min_unit=3, max_unit=2)})})
    assert refused(wrong, full())[0] is Code.INVALID_INVENTORY
    unheld = reshape_claim(1, {2: (5, {VCPU: Inventory(1, reserved=2)})}, holding(1, {P2: {GOLD: 1}}))
    assert refused(unheld, full())[0] is Code.INVENTORY_NOT_FOUND


def test_what_is_not_moved_may_end_over_capacity() -> None:
    told = accepted(reshape_claim(1, {1: (3, {VCPU: Inventory(4), MEMORY: TEN})}), full()).outcome
    assert isinstance(told, ProvidersReshaped)
    assert told.providers[P1].inventories[VCPU] == Stock(Inventory(4), 10)


def test_a_provider_that_holdings_alone_touch_advances_once_too() -> None:
    before = full()
    rows = {**before.providers, P3: provider_row(3, {VCPU: TEN}, generation=7)}
    plan = decide(
        [reshape_claim(1, {2: (5, {VCPU: TEN})}, holding(1, {P2: {VCPU: 4}, P3: {VCPU: 4}}))],
        replace(before, providers=rows),
    )
    assert [(put.id, put.generation_to) for put in plan.writes.providers_advanced] == [(P1, 4), (P2, 6), (P3, 8)]
    assert plan.writes.used_put == (UsedPut(provider_row(1).row, VCPU, 2), UsedPut(provider_row(3).row, VCPU, 4))


def test_a_ratio_counts_as_it_will_be() -> None:
    doubled = reshape_claim(1, {2: (5, {VCPU: Inventory(5, allocation_ratio=Decimal(2))})}, holding(1, {P2: {VCPU: 8}}))
    accepted(doubled, full())


def test_a_reshape_wants_every_row_that_it_names_and_who_holds_what_it_may_drop() -> None:
    names = wanted([split(holding(1, {P3: {GOLD: 8}}, {provider_id(4): 0}))])
    assert names.providers == (P1, P2, P3, provider_id(4))
    assert (names.consumers, names.classes, names.held) == ((C1,), (GOLD, MEMORY, VCPU), (P1, P2))


def test_a_batch_is_cut_before_a_provider_of_a_reshape_goes_and_before_a_consumer_is_revived_by_one() -> None:
    assert cut([split(), DeleteProvider(id=claim_id(2), provider=P2)]) == 1
    assert cut([release_claim(2, 1), split(BOTH[0])]) == 1
    assert cut([split(holding(1, {})), set_claim(2, holding(1, {P1: {VCPU: 1}}))]) == 1
    assert cut([split(), set_claim(2, holding(1, {P1: {VCPU: 1}}))]) == 2


def test_neither_does_a_reshape_overtake_a_carried_claim_nor_is_it_overtaken() -> None:
    other = consumer_id(3)
    reach = Lockable(frozenset({P1, P2}), frozenset({C1, C2, other}))
    before = full()
    rows = {**before.providers, P3: provider_row(3, {VCPU: TEN})}
    away = set_claim(2, holding(3, {P3: {VCPU: 1}}))
    late = set_claim(3, holding(3, {P1: {MEMORY: 1}}))
    first = decide([away, split(*BOTH)], replace(before, providers=rows), reach)
    assert first.carried == (0, 1)
    reach = Lockable(frozenset({P1}), frozenset({C1, C2, other}))
    assert decide([split(*BOTH), late], replace(before, providers=rows), reach).carried == (0, 1)


def test_a_refused_reshape_leaves_everything_to_the_next_claim() -> None:
    plan = decide([split(BOTH[0]), split(*BOTH)], full())
    assert [type(outcome) for outcome in plan.outcomes] == [Rejected, Accepted]
