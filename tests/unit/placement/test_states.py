"""Providers are drained and enabled again."""

from tests.builders import (
    VCPU,
    adjust_claim,
    consumer,
    consumer_row,
    holding,
    provider_id,
    provider_row,
    release_claim,
    set_claim,
    snapshot,
    state_claim,
)
from tests.unit.placement.verdicts import accepted, refused
from worker.placement.claims import Claim
from worker.placement.cut import cut
from worker.placement.decide import decide
from worker.placement.inventory import Inventory, Stock
from worker.placement.outcomes import Accepted, Code, ProviderStateChanged, Rejected
from worker.placement.plan import ProviderEdit, Writes
from worker.placement.wanted import wanted

P1, P2 = provider_id(1), provider_id(2)
TEN = Inventory(10)


def test_a_state_is_a_change_of_the_provider_alone_and_is_shown_with_it() -> None:
    before = snapshot(provider_row(1, generation=4), provider_row(2, parent=1))
    plan = decide([state_claim(1, 1, "draining")], before)
    row = before.providers[P1]
    edit = ProviderEdit(row.row, P1, 4, 5, row.name, "draining", None, P1)
    assert plan.writes == Writes(providers_edited=(edit,))
    assert plan.providers == {P1: (1, 4)}
    told = accepted(state_claim(1, 1, "draining"), before)
    assert isinstance(told.outcome, ProviderStateChanged)
    assert (told.changed, told.outcome.provider.state, told.outcome.provider.generation) == (True, "draining", 5)


def test_the_state_that_it_is_in_changes_nothing_but_rests_on_the_row() -> None:
    plan = decide([state_claim(1, 1, "enabled")], snapshot(provider_row(1, generation=4)))
    (told,) = plan.outcomes
    assert isinstance(told, Accepted)
    assert isinstance(told.outcome, ProviderStateChanged)
    assert (told.changed, told.outcome.provider.generation) == (False, 4)
    assert (plan.writes, plan.providers) == (Writes(), {P1: (1, 4)})


def test_the_state_of_a_provider_that_is_not_there_cannot_be_set() -> None:
    assert refused(state_claim(1, 1, "draining"), snapshot()) == (Code.PROVIDER_NOT_FOUND, {"providers": [P1]})


def test_children_of_a_draining_provider_are_given_out_of_as_before() -> None:
    before = snapshot(provider_row(1, {VCPU: TEN}, state="draining"), provider_row(2, {VCPU: TEN}, parent=1))
    accepted(set_claim(1, holding(1, {P2: {VCPU: 1}})), before)


def test_a_claim_of_the_same_batch_sees_the_state_that_was_set() -> None:
    claims: list[Claim] = [
        state_claim(1, 1, "draining"),
        set_claim(2, holding(1, {P1: {VCPU: 1}})),
        state_claim(3, 1, "enabled"),
        set_claim(4, holding(1, {P1: {VCPU: 1}})),
    ]
    assert cut(claims) == 4
    assert wanted(claims).providers == (P1,)
    plan = decide(claims, snapshot(provider_row(1, {VCPU: TEN})))
    refusal = plan.outcomes[1]
    assert isinstance(refusal, Rejected)
    assert (refusal.code, refusal.details) == (Code.PROVIDER_UNAVAILABLE, {"provider": P1, "state": "draining"})
    assert isinstance(plan.outcomes[3], Accepted)
    assert plan.writes.providers_advanced[0].generation_to == 3
    assert not plan.writes.providers_edited


def test_no_amount_on_a_draining_provider_grows_even_where_the_sum_stays() -> None:
    before = snapshot(
        provider_row(1, {VCPU: Stock(TEN, 4)}, state="draining"),
        provider_row(2, {VCPU: TEN}),
        consumer_row(1, {P1: {VCPU: 4}}),
    )
    handed_over = set_claim(1, holding(1, {}), holding(2, {P1: {VCPU: 4}}))
    assert refused(handed_over, before) == (Code.PROVIDER_UNAVAILABLE, {"provider": P1, "state": "draining"})
    grown = adjust_claim(1, 1, add={P1: {VCPU: 1}})
    assert refused(grown, before)[0] is Code.PROVIDER_UNAVAILABLE
    accepted(adjust_claim(1, 1, add={P2: {VCPU: 1}}), before)
    accepted(set_claim(1, holding(consumer(1, project="other"), {P1: {VCPU: 4}})), before)
    accepted(set_claim(1, holding(1, {P1: {VCPU: 3}, P2: {VCPU: 1}})), before)
    accepted(release_claim(1, 1), before)


def test_a_full_draining_provider_is_told_to_be_full() -> None:
    before = snapshot(provider_row(1, {VCPU: Stock(TEN, 10)}, state="draining"))
    assert refused(set_claim(1, holding(1, {P1: {VCPU: 1}})), before)[0] is Code.CAPACITY_EXCEEDED
