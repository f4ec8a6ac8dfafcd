"""Resource classes and traits: standard ones stand, custom ones come and go."""

import pytest

from tests.builders import (
    AVX2,
    FAST,
    GOLD,
    NOW,
    SILVER,
    VCPU,
    claim_id,
    consumer_row,
    provider_id,
    provider_row,
    snapshot,
)
from tests.unit.placement.verdicts import accepted, refused
from worker.placement.claims import Claim, CreateClass, DeleteClass, DeleteTrait, EnsureTrait, RenameClass
from worker.placement.decide import decide
from worker.placement.ids import ResourceClass, Trait
from worker.placement.inventory import Inventory, Stock
from worker.placement.outcomes import ClassRenamed, Code
from worker.placement.plan import Writes
from worker.placement.snapshot import Snapshot, Users

CID = claim_id(1)
NEW_TRAIT = Trait("CUSTOM_NEW")


def test_creating_what_exists_is_refused_and_ensuring_it_changes_nothing() -> None:
    assert refused(CreateClass(id=CID, name=GOLD, ensure=False), snapshot()) == (Code.DUPLICATE_NAME, {"name": GOLD})
    assert not accepted(CreateClass(id=CID, name=GOLD, ensure=True), snapshot()).changed
    assert not accepted(EnsureTrait(id=CID, name=FAST), snapshot()).changed


@pytest.mark.parametrize("ensure", [True, False])
def test_a_new_class_is_written(ensure: bool) -> None:
    plan = decide([CreateClass(id=CID, name=SILVER, ensure=ensure)], snapshot())
    assert plan.writes.classes_created == (SILVER,)


def test_a_new_trait_is_written() -> None:
    assert decide([EnsureTrait(id=CID, name=NEW_TRAIT)], snapshot()).writes.traits_created == (NEW_TRAIT,)


@pytest.mark.parametrize(
    "claim",
    [
        DeleteClass(id=CID, name=VCPU),
        RenameClass(id=CID, name=VCPU, new_name=SILVER),
        DeleteTrait(id=CID, name=AVX2),
    ],
)
def test_standard_names_are_neither_deleted_nor_renamed(claim: Claim) -> None:
    code, details = refused(claim, snapshot())
    assert code == Code.STANDARD_IMMUTABLE
    assert details == {"name": AVX2 if isinstance(claim, DeleteTrait) else VCPU}


def test_what_does_not_exist_is_not_found() -> None:
    missing = ResourceClass("no such class")
    assert refused(DeleteClass(id=CID, name=missing), snapshot()) == (
        Code.RESOURCE_CLASS_NOT_FOUND,
        {"resource_classes": [missing]},
    )
    assert refused(RenameClass(id=CID, name=missing, new_name=SILVER), snapshot())[0] == Code.RESOURCE_CLASS_NOT_FOUND
    assert refused(DeleteTrait(id=CID, name=NEW_TRAIT), snapshot()) == (Code.TRAIT_NOT_FOUND, {"traits": [NEW_TRAIT]})


def test_a_class_is_renamed_to_a_free_name() -> None:
    plan = decide([RenameClass(id=CID, name=GOLD, new_name=SILVER)], snapshot())
    assert plan.writes.classes_renamed == ((GOLD, SILVER),)
    taken = RenameClass(id=CID, name=GOLD, new_name=VCPU)
    assert refused(taken, snapshot()) == (Code.DUPLICATE_NAME, {"name": VCPU})


def test_a_class_in_use_is_renamed_without_a_change_of_any_provider() -> None:
    before = snapshot(provider_row(1, {GOLD: Stock(Inventory(4), 1)}), consumer_row(1, {provider_id(1): {GOLD: 1}}))
    plan = decide([RenameClass(id=CID, name=GOLD, new_name=SILVER)], before)
    assert (plan.writes, plan.providers) == (Writes(classes_renamed=((GOLD, SILVER),)), {})


def test_a_rename_to_its_own_name_changes_nothing() -> None:
    told = accepted(RenameClass(id=CID, name=GOLD, new_name=GOLD), snapshot())
    assert (told.changed, told.outcome) == (False, ClassRenamed(GOLD, GOLD))


def test_what_is_in_use_is_not_deleted_and_its_users_are_told() -> None:
    users = Users(30, (provider_id(1), provider_id(2)))
    before = Snapshot(
        now=NOW,
        classes=frozenset({GOLD}),
        traits=frozenset({FAST}),
        class_users={GOLD: users},
        trait_users={FAST: users},
    )
    told = {"count": 30, "examples": [provider_id(1), provider_id(2)]}
    assert refused(DeleteClass(id=CID, name=GOLD), before) == (
        Code.RESOURCE_CLASS_IN_USE,
        {"resource_classes": [GOLD], **told},
    )
    assert refused(DeleteTrait(id=CID, name=FAST), before) == (Code.TRAIT_IN_USE, {"traits": [FAST], **told})


def test_what_nobody_uses_goes() -> None:
    assert decide([DeleteClass(id=CID, name=GOLD)], snapshot()).writes.classes_deleted == (GOLD,)
    assert decide([DeleteTrait(id=CID, name=FAST)], snapshot()).writes.traits_deleted == (FAST,)
