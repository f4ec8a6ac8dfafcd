"""Who holds what after an allocation claim, and how generations count it."""

from tests.builders import (
    MEMORY,
    VCPU,
    adjust_claim,
    consumer,
    consumer_id,
    consumer_row,
    holding,
    provider_id,
    provider_row,
    release_claim,
    set_claim,
    snapshot,
)
from tests.unit.placement.verdicts import accepted, granted, refused
from worker.placement.decide import decide
from worker.placement.inventory import Inventory, Stock
from worker.placement.outcomes import Accepted, AllocationsGranted, AllocationsReleased, Code, ConsumerChange
from worker.placement.plan import AllocationPut, ConsumerPut, ProviderAdvance, UsedPut

P1, P2 = provider_id(1), provider_id(2)
C1, C2 = consumer_id(1), consumer_id(2)
TEN = Inventory(10)


def test_a_first_grant_starts_the_consumer_at_generation_1_and_advances_the_provider_by_one() -> None:
    plan = decide([set_claim(1, holding(1, {P1: {VCPU: 4}}))], snapshot(provider_row(1, {VCPU: TEN}, generation=7)))
    assert plan.writes.consumers_put == (ConsumerPut(C1, None, "project", "user", None, None, 1),)
    assert plan.writes.allocations_put == (AllocationPut(C1, provider_row(1).row, VCPU, 4),)
    assert plan.writes.used_put == (UsedPut(provider_row(1).row, VCPU, 4),)
    assert plan.writes.providers_advanced == (ProviderAdvance(provider_row(1).row, P1, 7, 8),)
    assert plan.providers == {P1: (1, 7)}
    assert plan.consumers == {C1: None}


def test_a_grant_tells_amounts_before_and_after_and_every_provider_left_behind() -> None:
    before = snapshot(
        provider_row(1, {VCPU: Stock(TEN, 4)}), provider_row(2, {VCPU: TEN}), consumer_row(1, {P1: {VCPU: 4}})
    )
    told = granted(set_claim(1, holding(1, {P2: {VCPU: 2}})), before)
    assert told.consumers == (
        ConsumerChange(C1, "project", "user", None, 2, {P1: {VCPU: 4}}, {P2: {VCPU: 2}}, None),
    )  # fmt: skip
    assert {name: (level.generation, level.inventories[VCPU].used) for name, level in told.providers.items()} == {
        P1: (1, 0),
        P2: (1, 2),
    }


def test_k_claims_of_a_batch_advance_a_provider_by_k_and_each_shows_its_own_number() -> None:
    batch = [set_claim(n, holding(n, {P1: {VCPU: 2}})) for n in (1, 2, 3)]
    plan = decide(batch, snapshot(provider_row(1, {VCPU: TEN})))
    shown = [outcome.outcome.providers[P1].generation for outcome in plan.outcomes]  # type: ignore[union-attr]
    assert shown == [1, 2, 3]
    assert plan.writes.providers_advanced == (ProviderAdvance(provider_row(1).row, P1, 0, 3),)


def test_a_set_that_leaves_everything_as_it_was_changes_nothing_but_rests_on_the_rows() -> None:
    before = snapshot(provider_row(1, {VCPU: Stock(TEN, 4)}, generation=3), consumer_row(1, {P1: {VCPU: 4}}))
    plan = decide([set_claim(1, holding(1, {P1: {VCPU: 4}}))], before)
    (outcome,) = plan.outcomes
    assert isinstance(outcome, Accepted)
    assert not outcome.changed
    assert isinstance(outcome.outcome, AllocationsGranted)
    assert outcome.outcome.consumers[0].generation == 1
    assert not (plan.writes.providers_advanced or plan.writes.consumers_put)
    assert (plan.providers, plan.consumers) == ({P1: (1, 3)}, {C1: (1, 1)})


def test_another_project_advances_the_consumer_and_no_provider() -> None:
    before = snapshot(provider_row(1, {VCPU: Stock(TEN, 4)}), consumer_row(1, {P1: {VCPU: 4}}, type="VM"))
    told = granted(set_claim(1, holding(consumer(1, project="other"), {P1: {VCPU: 4}})), before)
    assert (told.consumers[0].generation, told.consumers[0].project, told.consumers[0].type) == (2, "other", "VM")
    assert told.providers[P1].generation == 0


def test_another_user_advances_the_consumer_and_no_provider() -> None:
    before = snapshot(provider_row(1, {VCPU: Stock(TEN, 4)}), consumer_row(1, {P1: {VCPU: 4}}))
    told = granted(set_claim(1, holding(consumer(1, user="other"), {P1: {VCPU: 4}})), before)
    assert (told.consumers[0].generation, told.consumers[0].user, told.providers[P1].generation) == (2, "other", 0)


def test_another_type_is_a_change_and_no_type_keeps_the_one_there_is() -> None:
    before = snapshot(provider_row(1, {VCPU: Stock(TEN, 4)}), consumer_row(1, {P1: {VCPU: 4}}, type="VM"))
    assert granted(set_claim(1, holding(consumer(1, type="POD"), {P1: {VCPU: 4}})), before).consumers[0].type == "POD"
    assert not accepted(set_claim(1, holding(1, {P1: {VCPU: 4}})), before).changed


def test_an_empty_set_releases_and_leaves_no_ghost() -> None:
    before = snapshot(provider_row(1, {VCPU: Stock(TEN, 4)}), consumer_row(1, {P1: {VCPU: 4}}))
    plan = decide([set_claim(1, holding(1, {})), set_claim(2, holding(2, {}))], before)
    assert [outcome.changed for outcome in plan.outcomes if isinstance(outcome, Accepted)] == [True, False]
    assert plan.writes.consumers_deleted == ((1, 1),)
    assert plan.writes.allocations_deleted == ((1, 1, VCPU),)
    assert plan.writes.consumers_put == ()
    assert plan.consumers == {C1: (1, 1), C2: None}


def test_a_release_tells_what_was_held() -> None:
    before = snapshot(provider_row(1, {VCPU: Stock(TEN, 4)}), consumer_row(1, {P1: {VCPU: 4}}, generation=5))
    told = accepted(release_claim(1, 1, generation=5), before).outcome
    assert isinstance(told, AllocationsReleased)
    assert (told.consumers[0].before, told.consumers[0].after, told.consumers[0].generation) == (
        {P1: {VCPU: 4}},
        {},
        None,
    )
    assert told.providers[P1].inventories[VCPU].used == 0


def test_a_release_of_what_holds_nothing_changes_nothing() -> None:
    outcome = accepted(release_claim(1, 1, generation=None), snapshot())
    assert not outcome.changed
    assert outcome.outcome == AllocationsReleased(C1, (), {})


def test_a_release_with_a_number_for_what_holds_nothing_is_a_conflict_found_null() -> None:
    assert refused(release_claim(1, 1, generation=3), snapshot()) == (
        Code.CONSUMER_GENERATION_CONFLICT,
        {"consumer": C1, "expected": 3, "found": None},
    )


def test_generation_null_means_the_consumer_must_hold_nothing_yet() -> None:
    before = snapshot(provider_row(1, {VCPU: Stock(TEN, 4)}), consumer_row(1, {P1: {VCPU: 4}}))
    assert refused(set_claim(1, holding(consumer(1, generation=None), {P1: {VCPU: 1}})), before) == (
        Code.CONSUMER_GENERATION_CONFLICT,
        {"consumer": C1, "expected": None, "found": 1},
    )
    assert accepted(set_claim(1, holding(consumer(2, generation=None), {P1: {VCPU: 1}})), before).changed


def test_an_amount_moves_from_one_consumer_to_another_in_one_claim_even_on_a_full_provider() -> None:
    before = snapshot(provider_row(1, {VCPU: Stock(TEN, 10)}), consumer_row(1, {P1: {VCPU: 10}}))
    told = granted(set_claim(1, holding(1, {}), holding(2, {P1: {VCPU: 10}})), before)
    assert [change.generation for change in told.consumers] == [None, 1]
    assert told.providers[P1].generation == 1, "who holds it changed, even where the sum stays"


def test_a_set_of_many_is_all_or_nothing() -> None:
    before = snapshot(provider_row(1, {VCPU: TEN}))
    code, details = refused(set_claim(1, holding(1, {P1: {VCPU: 6}}), holding(2, {P1: {VCPU: 6}})), before)
    assert code == Code.CAPACITY_EXCEEDED
    assert details["requested"] == 12


def test_an_adjustment_takes_away_and_adds_and_keeps_the_rest() -> None:
    before = snapshot(
        provider_row(1, {VCPU: Stock(TEN, 4), MEMORY: Stock(TEN, 2)}), consumer_row(1, {P1: {VCPU: 4, MEMORY: 2}})
    )
    claim = adjust_claim(1, 1, remove={P1: {MEMORY: 2}}, add={P1: {VCPU: 3}})
    assert granted(claim, before).consumers[0].after == {P1: {VCPU: 7}}


def test_removing_more_than_is_held_is_refused_with_what_is_held() -> None:
    before = snapshot(provider_row(1, {VCPU: Stock(TEN, 4)}), consumer_row(1, {P1: {VCPU: 4}}))
    assert refused(adjust_claim(1, 1, remove={P1: {VCPU: 5}}), before) == (
        Code.ALLOCATION_NOT_FOUND,
        {"consumer": C1, "provider": P1, "resource_class": VCPU, "held": 4, "requested": 5},
    )


def test_what_an_adjustment_adds_is_not_there_to_be_removed() -> None:
    before = snapshot(provider_row(1, {VCPU: Stock(TEN, 4)}), consumer_row(1, {P1: {VCPU: 4}}))
    both = adjust_claim(1, 1, add={P1: {VCPU: 2}}, remove={P1: {VCPU: 5}})
    code, details = refused(both, before)
    assert (code, details["held"], details["requested"]) == (Code.ALLOCATION_NOT_FOUND, 4, 5)


def test_removing_the_last_amount_ends_the_consumer() -> None:
    before = snapshot(provider_row(1, {VCPU: Stock(TEN, 4)}), consumer_row(1, {P1: {VCPU: 4}}))
    plan = decide([adjust_claim(1, 1, remove={P1: {VCPU: 4}})], before)
    assert plan.writes.consumers_deleted == ((1, 1),)


def test_a_consumer_made_and_gone_within_a_batch_is_not_written() -> None:
    plan = decide(
        [set_claim(1, holding(1, {P1: {VCPU: 1}})), release_claim(2, 1)], snapshot(provider_row(1, {VCPU: TEN}))
    )
    assert plan.writes.consumers_put + plan.writes.allocations_put + plan.writes.used_put == ()
    assert plan.writes.providers_advanced[0].generation_to == 2
