"""What a provider has to give, and its traits and aggregates."""

from tests.builders import (
    AVX2,
    FAST,
    GOLD,
    MEMORY,
    NOW,
    SILVER,
    VCPU,
    aggregate_id,
    claim_id,
    consumer_id,
    provider_id,
    provider_row,
    snapshot,
)
from tests.unit.placement.verdicts import accepted, refused
from worker.placement.claims import (
    DeleteInventory,
    PutInventory,
    ReplaceAggregates,
    ReplaceInventories,
    ReplaceTraits,
)
from worker.placement.decide import decide
from worker.placement.ids import ResourceClass, Trait
from worker.placement.inventory import Inventory, Stock
from worker.placement.outcomes import Code, InventoryChanged, TraitsChanged
from worker.placement.plan import InventoryPut
from worker.placement.snapshot import Snapshot, Users

P1, P2 = provider_id(1), provider_id(2)
CID = claim_id(1)
TEN = Inventory(10)


def put(name: ResourceClass, inventory: Inventory, *, create: bool, generation: int | None = None) -> PutInventory:
    """`inventory.create` or `.update` on provider 1."""
    return PutInventory(
        id=CID, provider=P1, resource_class=name, inventory=inventory, create=create, generation=generation
    )


def test_an_inventory_is_created_once_and_updated_only_if_it_is_there() -> None:
    before = snapshot(provider_row(1, {VCPU: TEN}))
    where = {"provider": P1, "resource_class": VCPU}
    assert refused(put(VCPU, TEN, create=True), before) == (Code.INVENTORY_EXISTS, where)
    assert refused(put(MEMORY, TEN, create=False), before) == (
        Code.INVENTORY_NOT_FOUND,
        {**where, "resource_class": MEMORY},
    )
    assert accepted(put(MEMORY, TEN, create=True), before).changed


def test_the_generation_given_with_a_new_inventory_is_checked() -> None:
    before = snapshot(provider_row(1, generation=2))
    assert refused(put(VCPU, TEN, create=True, generation=1), before)[0] == Code.PROVIDER_GENERATION_CONFLICT


def test_shrinking_below_what_is_used_is_allowed_and_said() -> None:
    before = snapshot(provider_row(1, {VCPU: Stock(TEN, 8), MEMORY: TEN}, generation=1))
    told = accepted(put(VCPU, Inventory(5), create=False), before).outcome
    assert isinstance(told, InventoryChanged)
    assert told.over_capacity == (VCPU,)
    assert told.before == {VCPU: TEN, MEMORY: TEN}
    assert told.after == {VCPU: Stock(Inventory(5), 8), MEMORY: Stock(TEN, 0)}
    assert told.generation == 2


def test_reserved_may_equal_the_total_and_not_exceed_it() -> None:
    before = snapshot(provider_row(1, {VCPU: TEN}))
    assert accepted(put(VCPU, Inventory(10, reserved=10), create=False), before).changed
    assert refused(put(VCPU, Inventory(10, reserved=11), create=False), before) == (
        Code.INVALID_INVENTORY,
        {"provider": P1, "resource_class": VCPU, "field": "reserved", "value": 11, "rule": "reserved_above_total"},
    )


def test_min_unit_above_max_unit_is_refused() -> None:
    before = snapshot(provider_row(1, {VCPU: TEN}))
    code, details = refused(put(VCPU, Inventory(10, min_unit=3, max_unit=2), create=False), before)
    assert (code, details["field"], details["value"]) == (Code.INVALID_INVENTORY, "min_unit", 3)


def test_an_inventory_as_it_was_changes_nothing() -> None:
    plan = decide([put(VCPU, Inventory(10), create=False)], snapshot(provider_row(1, {VCPU: TEN}, generation=1)))
    assert not plan.writes.providers_advanced
    assert plan.providers == {P1: (1, 1)}


def test_replacing_adds_changes_and_drops_in_one_step_and_keeps_what_is_used() -> None:
    before = snapshot(provider_row(1, {VCPU: Stock(TEN, 4), MEMORY: TEN}))
    claim = ReplaceInventories(id=CID, provider=P1, inventories={VCPU: Inventory(20), GOLD: TEN})
    writes = decide([claim], before).writes
    assert writes.inventories_put == (
        InventoryPut(provider_row(1).row, GOLD, TEN, 0),
        InventoryPut(provider_row(1).row, VCPU, Inventory(20), 4),
    )
    assert writes.inventories_deleted == ((1, MEMORY),)
    assert writes.providers_advanced[0].generation_to == 1


def test_an_empty_replacement_clears_all() -> None:
    before = snapshot(provider_row(1, {VCPU: TEN, MEMORY: TEN}))
    writes = decide([ReplaceInventories(id=CID, provider=P1, inventories={})], before).writes
    assert (writes.inventories_put, writes.inventories_deleted) == ((), ((1, MEMORY), (1, VCPU)))


def test_a_class_that_is_held_cannot_be_dropped_and_its_holders_are_told() -> None:
    row = provider_row(1, {VCPU: Stock(TEN, 4), MEMORY: Stock(TEN, 1)})
    users = Users(2, (consumer_id(1), consumer_id(2)))
    before = Snapshot(
        now=NOW, providers={P1: row}, standard_classes=frozenset({VCPU}), holders={P1: {VCPU: users, MEMORY: users}}
    )
    told = {"provider": P1, "resource_classes": [VCPU], "count": 2, "examples": [consumer_id(1), consumer_id(2)]}
    drop = DeleteInventory(id=CID, provider=P1, resource_class=VCPU)
    clear = ReplaceInventories(id=CID, provider=P1, inventories={})
    assert refused(drop, before) == (Code.INVENTORY_IN_USE, told)
    code, details = refused(clear, before)
    assert (code, details["resource_classes"]) == (Code.INVENTORY_IN_USE, [MEMORY])
    assert details["others"] == [told]


def test_an_inventory_that_is_not_there_cannot_be_deleted() -> None:
    drop = DeleteInventory(id=CID, provider=P1, resource_class=VCPU)
    assert refused(drop, snapshot(provider_row(1)))[0] == Code.INVENTORY_NOT_FOUND
    assert refused(drop, snapshot())[0] == Code.PROVIDER_NOT_FOUND


def test_unknown_classes_and_traits_are_listed() -> None:
    before = snapshot(provider_row(1))
    classes = ReplaceInventories(id=CID, provider=P1, inventories={SILVER: TEN, VCPU: TEN})
    assert refused(classes, before) == (Code.RESOURCE_CLASS_NOT_FOUND, {"resource_classes": [SILVER]})
    traits = ReplaceTraits(id=CID, provider=P1, traits=frozenset({Trait("CUSTOM_B"), Trait("CUSTOM_A"), FAST}))
    assert refused(traits, before) == (Code.TRAIT_NOT_FOUND, {"traits": ["CUSTOM_A", "CUSTOM_B"]})


def test_traits_are_replaced_as_a_set_and_only_the_difference_is_written() -> None:
    before = snapshot(provider_row(1, traits=[FAST]))
    claim = ReplaceTraits(id=CID, provider=P1, traits=frozenset({AVX2}))
    writes = decide([claim], before).writes
    assert (writes.traits_linked, writes.traits_unlinked) == (((1, AVX2),), ((1, FAST),))
    told = accepted(claim, before).outcome
    assert isinstance(told, TraitsChanged)
    assert (told.before, told.after, told.generation) == (frozenset({FAST}), frozenset({AVX2}), 1)


def test_the_same_traits_and_aggregates_change_nothing() -> None:
    before = snapshot(provider_row(1, traits=[FAST], aggregates=[aggregate_id(1)]))
    assert not accepted(ReplaceTraits(id=CID, provider=P1, traits=frozenset({FAST})), before).changed
    same = ReplaceAggregates(id=CID, provider=P1, aggregates=frozenset({aggregate_id(1)}))
    assert not accepted(same, before).changed


def test_aggregates_are_made_on_first_mention() -> None:
    claim = ReplaceAggregates(id=CID, provider=P1, aggregates=frozenset({aggregate_id(1)}), generation=0)
    assert decide([claim], snapshot(provider_row(1))).writes.aggregates_linked == ((1, aggregate_id(1)),)
