"""Providers and their trees: created, renamed, moved, deleted, declared whole."""

from datetime import timedelta

from tests.builders import (
    AVX2,
    FAST,
    GOLD,
    NOW,
    VCPU,
    aggregate_id,
    claim_id,
    consumer_id,
    consumer_row,
    create_claim,
    declare_claim,
    provider_id,
    provider_row,
    release_claim,
    snapshot,
)
from tests.unit.placement.verdicts import accepted, refused
from worker.placement.claims import UNSET, Claim, DeleteProvider, UpdateProvider
from worker.placement.decide import decide
from worker.placement.ids import ProviderId
from worker.placement.inventory import Inventory, Stock
from worker.placement.outcomes import (
    AggregatesChanged,
    Code,
    InventoryChanged,
    ProviderCreated,
    ProviderDeleted,
    ProviderUpdated,
    TraitsChanged,
)
from worker.placement.plan import Writes
from worker.placement.snapshot import Snapshot, Users

P1, P2, P3, P4 = (provider_id(n) for n in (1, 2, 3, 4))
TEN = Inventory(10)


def rename(name: str, generation: int | None = None) -> UpdateProvider:
    """Provider 1 gets another name."""
    return UpdateProvider(id=claim_id(1), provider=P1, name=name, generation=generation)


def move(provider: ProviderId, parent: ProviderId | None) -> UpdateProvider:
    """A provider gets another parent."""
    return UpdateProvider(id=claim_id(1), provider=provider, parent=parent)


def delete(generation: int | None = None) -> DeleteProvider:
    """Provider 1 goes."""
    return DeleteProvider(id=claim_id(1), provider=P1, generation=generation)


def tree() -> Snapshot:
    """1 with child 2 with child 3; 4 stands alone."""
    return snapshot(
        provider_row(1), provider_row(2, parent=1), provider_row(3, parent=2, root=1), provider_row(4, generation=5)
    )


def test_a_new_provider_starts_at_generation_0_as_its_own_root() -> None:
    told = accepted(create_claim(1, 1), snapshot()).outcome
    assert isinstance(told, ProviderCreated)
    assert (told.provider.generation, told.provider.parent, told.provider.root) == (0, None, P1)
    assert (told.provider.state, told.provider.row, told.provider.created_at) == ("enabled", 1000, NOW)


def test_a_new_child_has_its_parents_root_and_rests_on_both() -> None:
    plan = decide([create_claim(1, 5, parent=3)], tree())
    (new,) = plan.writes.providers_created
    assert (new.parent, new.root) == (P3, P1)
    assert plan.providers == {P1: (1, 0), P3: (3, 0), provider_id(5): None}


def test_a_parent_that_is_the_provider_itself_is_a_loop_before_it_is_missing() -> None:
    assert refused(create_claim(1, 1, parent=1), snapshot()) == (Code.TREE_LOOP, {"path": [P1]})
    assert refused(move(P1, P1), snapshot()) == (Code.TREE_LOOP, {"path": [P1]})
    assert refused(declare_claim(1, 1, parent=1), snapshot()) == (Code.TREE_LOOP, {"path": [P1]})


def test_a_parent_must_exist() -> None:
    assert refused(create_claim(1, 1, parent=2), snapshot()) == (Code.PARENT_NOT_FOUND, {"providers": [P2]})


def test_where_name_and_id_are_taken_the_name_is_told() -> None:
    before = snapshot(provider_row(1), provider_row(2))
    assert refused(create_claim(1, 1, name="provider-2"), before) == (Code.DUPLICATE_NAME, {"name": "provider-2"})
    assert refused(create_claim(1, 1, name="provider-1"), before) == (Code.DUPLICATE_NAME, {"name": "provider-1"})
    assert refused(create_claim(1, 1, name="new"), before) == (Code.DUPLICATE_ID, {"provider": P1})


def test_a_rename_advances_the_generation_and_the_own_name_does_not() -> None:
    before = snapshot(provider_row(1, generation=4), provider_row(2))
    told = accepted(rename("new", generation=4), before).outcome
    assert isinstance(told, ProviderUpdated)
    assert (told.provider.name, told.provider.generation) == ("new", 5)
    assert not accepted(rename("provider-1"), before).changed
    assert refused(rename("provider-2"), before)[0] == Code.DUPLICATE_NAME
    assert refused(rename("new", generation=3), before) == (
        Code.PROVIDER_GENERATION_CONFLICT,
        {"provider": P1, "expected": 3, "found": 4},
    )


def test_descendants_come_under_the_new_root_and_advance() -> None:
    plan = decide([move(P2, P4)], tree())
    edits = {edit.id: (edit.parent, edit.root, edit.generation_to) for edit in plan.writes.providers_edited}
    assert edits == {P2: (P4, P4, 1), P3: (P2, P4, 1)}
    assert plan.providers == {P1: (1, 0), P2: (2, 0), P3: (3, 0), P4: (4, 5)}
    told = accepted(move(P2, P4), tree()).outcome
    assert isinstance(told, ProviderUpdated)
    assert [(change.id, change.root, change.generation) for change in told.roots] == [(P3, P4, 1)]


def test_a_move_within_the_tree_leaves_descendants_as_they_are() -> None:
    before = snapshot(
        provider_row(1), provider_row(2, parent=1), provider_row(3, parent=2, root=1), provider_row(4, parent=1)
    )
    plan = decide([move(P2, P4)], before)
    assert [edit.id for edit in plan.writes.providers_edited] == [P2]
    assert plan.writes.providers_advanced == ()


def test_null_makes_a_provider_a_root_and_no_parent_named_leaves_it() -> None:
    told = accepted(move(P2, None), tree()).outcome
    assert isinstance(told, ProviderUpdated)
    assert (told.provider.parent, told.provider.root) == (None, P2)
    kept = accepted(UpdateProvider(id=claim_id(1), provider=P2, name="new", parent=UNSET), tree()).outcome
    assert isinstance(kept, ProviderUpdated)
    assert kept.provider.parent == P1


def test_a_provider_does_not_go_below_its_own_descendant() -> None:
    assert refused(move(P1, P3), tree()) == (Code.TREE_LOOP, {"path": [P1, P2, P3]})


def test_a_provider_moves_only_below_one_that_exists() -> None:
    missing = provider_id(9)
    assert refused(move(P2, missing), tree()) == (Code.PARENT_NOT_FOUND, {"providers": [missing]})


def test_what_a_provider_has_and_what_is_held_of_it_stay_when_it_moves() -> None:
    before = snapshot(
        provider_row(1), provider_row(2, {VCPU: Stock(TEN, 4)}, parent=1), consumer_row(1, {P2: {VCPU: 4}})
    )
    (edit,) = decide([move(P2, None)], before).writes.providers_edited
    assert decide([move(P2, None)], before).writes == Writes(providers_edited=(edit,))


def test_a_child_made_earlier_in_the_batch_moves_along() -> None:
    batch: list[Claim] = [create_claim(1, 5, parent=3), move(P2, P4)]
    writes = decide(batch, tree()).writes
    (new,) = writes.providers_created
    assert (new.root, new.generation) == (P4, 1)


def test_a_tree_is_followed_through_every_change_of_the_batch() -> None:
    batch: list[Claim] = [move(P4, P1), create_claim(2, 5, parent=3), move(P2, None)]
    writes = decide(batch, tree()).writes
    (new,) = writes.providers_created
    assert (new.root, new.generation) == (P2, 1)
    assert {edit.id: edit.root for edit in writes.providers_edited} == {P2: P2, P3: P2, P4: P1}


def test_a_delete_asks_for_children_first_and_for_allocations_then() -> None:
    row = provider_row(1, {VCPU: Stock(TEN, 2)}, generation=3)
    held = {P1: {VCPU: Users(1, (consumer_id(1),))}}
    family = Snapshot(now=NOW, providers={P1: row, P2: provider_row(2, parent=1)}, holders=held)
    alone = Snapshot(now=NOW, providers={P1: row}, holders=held)
    assert refused(delete(), family) == (Code.PROVIDER_HAS_CHILDREN, {"provider": P1, "count": 1, "examples": [P2]})
    assert refused(delete(), alone) == (
        Code.PROVIDER_IN_USE,
        {"provider": P1, "resource_classes": [VCPU], "count": 1, "examples": [consumer_id(1)]},
    )
    assert refused(delete(generation=2), family)[0] == Code.PROVIDER_GENERATION_CONFLICT


def test_inventories_and_links_go_with_a_provider_which_is_shown_as_it_last_was() -> None:
    before = snapshot(provider_row(1, {VCPU: TEN}, generation=3, traits=[AVX2], aggregates=[aggregate_id(1)]))
    plan = decide([delete()], before)
    assert plan.writes.providers_deleted == ((1, 3),)
    assert plan.writes.inventories_deleted == ((1, VCPU),)
    assert plan.writes.traits_unlinked == ((1, AVX2),)
    assert plan.writes.aggregates_unlinked == ((1, aggregate_id(1)),)
    told = accepted(delete(), before).outcome
    assert isinstance(told, ProviderDeleted)
    assert told.provider.generation == 3


def test_a_declared_provider_is_made_whole_at_generation_0_as_one_change() -> None:
    claim = declare_claim(1, 1, {VCPU: TEN}, traits=[FAST], aggregates=[aggregate_id(1)])
    told = accepted(claim, snapshot())
    assert isinstance(told.outcome, ProviderCreated)
    inventories, traits, aggregates = told.consequences
    assert isinstance(inventories, InventoryChanged)
    assert isinstance(traits, TraitsChanged)
    assert isinstance(aggregates, AggregatesChanged)
    assert {told.outcome.provider.generation, inventories.generation, traits.generation, aggregates.generation} == {0}
    assert (inventories.before, inventories.after) == ({}, {VCPU: Stock(TEN, 0)})


def test_a_provider_is_brought_to_exactly_what_is_declared_in_one_change() -> None:
    before = snapshot(provider_row(1, {VCPU: Stock(TEN, 4), GOLD: TEN}, generation=3, traits=[FAST]))
    told = accepted(declare_claim(1, 1, {VCPU: Inventory(5)}, generation=3), before)
    assert isinstance(told.outcome, ProviderUpdated)
    inventories, traits = told.consequences
    assert isinstance(inventories, InventoryChanged)
    assert isinstance(traits, TraitsChanged)
    assert inventories.after == {VCPU: Stock(Inventory(5), 4)}
    assert (told.outcome.provider.generation, inventories.generation, traits.generation) == (4, 4, 4)


def test_a_declaration_may_move_a_provider_with_its_descendants_and_rests_on_both_trees() -> None:
    plan = decide([declare_claim(1, 2, parent=4)], tree())
    assert {edit.id: (edit.parent, edit.root) for edit in plan.writes.providers_edited} == {P2: (P4, P4), P3: (P2, P4)}
    assert plan.providers == {P1: (1, 0), P2: (2, 0), P3: (3, 0), P4: (4, 5)}


def test_a_declaration_of_what_is_already_so_changes_nothing() -> None:
    before = snapshot(provider_row(1, {VCPU: Stock(TEN, 4)}, traits=[FAST]))
    plan = decide([declare_claim(1, 1, {VCPU: TEN}, traits=[FAST])], before)
    assert not plan.writes.providers_advanced + plan.writes.providers_edited
    assert plan.providers == {P1: (1, 0)}


def test_a_generation_declared_for_a_provider_that_is_not_there_is_a_conflict_found_null() -> None:
    assert refused(declare_claim(1, 1, generation=0), snapshot()) == (
        Code.PROVIDER_GENERATION_CONFLICT,
        {"provider": P1, "expected": 0, "found": None},
    )


def test_a_declaration_cannot_drop_a_class_that_is_held() -> None:
    row = provider_row(1, {VCPU: Stock(TEN, 2)})
    held = {P1: {VCPU: Users(3, (consumer_id(1), consumer_id(2)))}}
    before = Snapshot(now=NOW, providers={P1: row}, names={row.name: P1}, holders=held)
    code, details = refused(declare_claim(1, 1), before)
    assert (code, details["resource_classes"], details["count"]) == (Code.INVENTORY_IN_USE, [VCPU], 3)


def test_what_the_batch_released_is_no_longer_in_use() -> None:
    row, holder = provider_row(1, {VCPU: Stock(TEN, 2)}), consumer_row(1, {P1: {VCPU: 2}})
    before = Snapshot(
        now=NOW,
        providers={P1: row},
        consumers={holder.id: holder},
        holders={P1: {VCPU: Users(1, (holder.id,))}},
    )
    plan = decide([release_claim(2, 1), delete()], before)
    assert plan.writes.providers_deleted == ((1, 0),)
    assert plan.writes.allocations_deleted == ((1, 1, VCPU),)


def test_a_name_freed_in_the_batch_is_taken_in_the_next() -> None:
    batch: list[Claim] = [rename("new"), create_claim(2, 9, name="provider-1"), create_claim(3, 8, name="other")]
    plan = decide(batch, snapshot(provider_row(1)))
    assert plan.carried == (1, 2)
    assert [edit.name for edit in plan.writes.providers_edited] == ["new"]
    assert plan.writes.providers_created == ()


def test_a_change_is_dated_by_its_transaction() -> None:
    before = snapshot(provider_row(1), now=NOW + timedelta(hours=1))
    told = accepted(rename("new"), before).outcome
    assert isinstance(told, ProviderUpdated)
    assert (told.provider.created_at, told.provider.updated_at) == (NOW, NOW + timedelta(hours=1))
