"""Where batches end, what they read, and what is carried into the next."""

from tests.builders import (
    AVX2,
    FAST,
    GOLD,
    MEMORY,
    SILVER,
    VCPU,
    adjust_claim,
    claim_id,
    consumer_id,
    consumer_row,
    create_claim,
    declare_claim,
    holding,
    provider_id,
    provider_row,
    release_claim,
    set_claim,
    snapshot,
)
from worker.placement.claims import (
    Claim,
    CreateClass,
    DeleteClass,
    DeleteInventory,
    DeleteProvider,
    EnsureTrait,
    RenameClass,
    ReplaceTraits,
    UpdateProvider,
)
from worker.placement.cut import cut
from worker.placement.decide import decide
from worker.placement.inventory import Inventory, Stock
from worker.placement.outcomes import Code, Rejected
from worker.placement.plan import Lockable
from worker.placement.refusals import exhausted
from worker.placement.snapshot import Wanted
from worker.placement.wanted import wanted

P1, P2, P3 = provider_id(1), provider_id(2), provider_id(3)
TEN = Inventory(10)
GIVE = set_claim(9, holding(9, {P1: {VCPU: 1}}))


def test_a_batch_is_cut_before_a_claim_that_touches_what_an_earlier_one_made() -> None:
    assert cut([create_claim(1, 1), GIVE]) == 1
    assert cut([UpdateProvider(id=claim_id(1), provider=P1, name="new"), create_claim(2, 2, parent=1)]) == 1
    assert cut([DeleteProvider(id=claim_id(1), provider=P1), create_claim(2, 2, parent=1)]) == 1
    assert cut([CreateClass(id=claim_id(1), name=GOLD, ensure=True), declare_claim(2, 2, {GOLD: TEN})]) == 1
    assert cut([EnsureTrait(id=claim_id(1), name=FAST), declare_claim(2, 2, traits=[FAST])]) == 1
    assert cut([create_claim(1, 1, name="a"), create_claim(2, 2, name="a")]) == 1


def test_a_batch_is_cut_before_a_claim_that_shapes_what_an_earlier_one_touched() -> None:
    assert cut([GIVE, DeleteProvider(id=claim_id(2), provider=P1)]) == 1
    assert cut([create_claim(1, 2, parent=1), UpdateProvider(id=claim_id(2), provider=P1, name="new")]) == 1
    assert cut([GIVE, release_claim(2, 1), DeleteProvider(id=claim_id(2), provider=P2)]) == 3


def test_a_rename_or_deletion_of_a_class_starts_its_batch() -> None:
    unnamed = DeleteInventory(id=claim_id(1), provider=P1, resource_class=MEMORY)
    assert cut([unnamed, DeleteClass(id=claim_id(2), name=GOLD)]) == 1
    assert cut([DeleteClass(id=claim_id(2), name=GOLD), unnamed]) == 2


def test_a_rename_is_alone_in_its_batch() -> None:
    rename = RenameClass(id=claim_id(1), name=GOLD, new_name=SILVER)
    assert cut([rename, GIVE]) == 1
    assert cut([GIVE, rename]) == 1


def test_a_fleet_is_declared_in_one_batch() -> None:
    fleet = [declare_claim(n, n, {VCPU: TEN}, parent=999, traits=[AVX2]) for n in range(1, 257)]
    assert cut(fleet) == 256


def test_trees_are_declared_in_one_batch_parents_first() -> None:
    trees: list[Claim] = []
    for root in range(1, 100, 3):
        trees += [declare_claim(root, root), declare_claim(root + 1, root + 1, parent=root)]
        trees.append(create_claim(root + 2, root + 2, parent=root + 1))
    assert cut(trees) == len(trees)
    plan = decide(trees, snapshot())
    assert [one.root for one in plan.writes.providers_created[:3]] == [P1, P1, P1]
    assert len(plan.writes.providers_created) == len(trees)
    assert not plan.carried


def test_a_parent_that_was_moved_earlier_in_the_batch_gives_its_new_root() -> None:
    before = snapshot(provider_row(1), provider_row(2, generation=3))
    batch: list[Claim] = [declare_claim(1, 2, parent=1), declare_claim(2, 3, parent=2)]
    assert cut(batch) == 2
    plan = decide(batch, before)
    assert [(one.parent, one.root) for one in plan.writes.providers_created] == [(P2, P1)]
    assert plan.providers == {P1: (1, 0), P2: (2, 3), provider_id(3): None}


def test_a_loop_over_a_parent_of_the_same_batch_is_refused() -> None:
    before = snapshot(provider_row(1), provider_row(2, parent=1), provider_row(3))
    batch: list[Claim] = [declare_claim(1, 3, parent=2), UpdateProvider(id=claim_id(2), provider=P1, parent=P3)]
    assert cut(batch) == 2
    refusal = decide(batch, before).outcomes[1]
    assert isinstance(refusal, Rejected)
    assert (refusal.code, refusal.details) == (Code.TREE_LOOP, {"path": [P1, P2, P3]})


def test_a_child_of_a_refused_parent_is_refused() -> None:
    batch: list[Claim] = [declare_claim(1, 1, {SILVER: TEN}), declare_claim(2, 2, parent=1)]
    assert [one.code for one in decide(batch, snapshot()).outcomes if isinstance(one, Rejected)] == [
        Code.RESOURCE_CLASS_NOT_FOUND,
        Code.PARENT_NOT_FOUND,
    ]


def test_allocation_claims_of_one_provider_and_consumer_stay_in_one_batch() -> None:
    assert cut([set_claim(n, holding(1, {P1: {VCPU: n}})) for n in range(1, 11)]) == 10
    assert cut([release_claim(1, 1), release_claim(2, 1)]) == 2


def test_a_consumer_that_may_hold_nothing_is_given_nothing_in_the_same_batch() -> None:
    give = set_claim(2, holding(1, {P1: {VCPU: 1}}))
    assert cut([release_claim(1, 1), give]) == 1
    assert cut([set_claim(1, holding(1, {})), give]) == 1
    assert cut([adjust_claim(1, 1, remove={P1: {VCPU: 1}}), adjust_claim(2, 1, add={P1: {VCPU: 1}})]) == 1
    assert cut([release_claim(1, 2), give]) == 2


def test_there_is_always_a_first_claim_in_a_batch() -> None:
    assert cut([DeleteClass(id=claim_id(1), name=GOLD)]) == 1


def test_a_batch_wants_exactly_the_rows_that_its_claims_name() -> None:
    claims: list[Claim] = [
        set_claim(1, holding(1, {P1: {VCPU: 1}}, {P2: 0})),
        declare_claim(2, 4, {MEMORY: TEN}, name="four", parent=3, traits=[AVX2]),
        ReplaceTraits(id=claim_id(3), provider=P2, traits=frozenset({FAST})),
        DeleteClass(id=claim_id(4), name=SILVER),
    ]
    assert wanted(claims) == Wanted(
        providers=(P1, P2, provider_id(3), provider_id(4)),
        consumers=(consumer_id(1),),
        names=("four",),
        classes=(SILVER, MEMORY, VCPU),
        traits=(FAST, AVX2),
        trees=(provider_id(4),),
        linked=(P2, provider_id(4)),
        held=(provider_id(4),),
        classes_used=(SILVER,),
        new_providers=1,
    )


def test_a_claim_that_needs_a_row_outside_is_carried_with_later_ones_of_its_consumer() -> None:
    before = snapshot(
        provider_row(1, {VCPU: TEN}), provider_row(2, {VCPU: Stock(TEN, 1)}), consumer_row(1, {P2: {VCPU: 1}})
    )
    batch: list[Claim] = [
        set_claim(1, holding(1, {P1: {VCPU: 10}})),
        set_claim(2, holding(2, {P1: {VCPU: 10}})),
        release_claim(3, 1),
    ]
    plan = decide(batch, before, Lockable(frozenset({P1}), frozenset({consumer_id(1), consumer_id(2)})))
    assert plan.carried == (0, 2)
    assert [outcome.claim for outcome in plan.outcomes] == [claim_id(2)]
    assert plan.providers == {P1: (1, 0)}


def test_what_is_no_allocation_claim_does_not_overtake_a_carried_one() -> None:
    before = snapshot(provider_row(1, {VCPU: TEN}), provider_row(2, {VCPU: TEN}))
    drop = DeleteInventory(id=claim_id(2), provider=P2, resource_class=VCPU)
    batch: list[Claim] = [set_claim(1, holding(1, {P1: {VCPU: 1}})), drop, set_claim(3, holding(2, {P2: {VCPU: 1}}))]
    plan = decide(batch, before, Lockable(frozenset({P2}), frozenset({consumer_id(1), consumer_id(2)})))
    assert plan.carried == (0, 1, 2)


def test_a_refused_claim_needs_no_lock() -> None:
    plan = decide([GIVE], snapshot(), Lockable(frozenset(), frozenset()))
    assert plan.carried == ()


def test_exhausted_retries_are_a_refusal_with_their_number() -> None:
    told = exhausted(claim_id(1), 8)
    assert (told.code, told.details) == (Code.CONFLICT_RETRIES_EXHAUSTED, {"tries": 8})
