"""What the fleet is told of a batch, and what is not taken from a fleet that knows other rows than the batch read."""

from dataclasses import replace

from tests.builders import (
    AVX2,
    FAST,
    VCPU,
    aggregate_id,
    claim_id,
    consumer_row,
    create_claim,
    declare_claim,
    holding,
    place_claim,
    provider_id,
    provider_row,
    release_claim,
    reshape_claim,
    set_claim,
    state_claim,
)
from tests.unit.placement.placing import change_of, decided, fleet_of, refusal_of, world_of
from tests.unit.placement.world import commit
from worker.placement.claims import Claim, DeleteProvider, PutInventory, ReplaceTraits, UpdateProvider
from worker.placement.ids import Trait
from worker.placement.inventory import Inventory, Stock
from worker.placement.outcomes import Accepted, Code
from worker.placement.request import Group, Request, Strategy
from worker.placement.search.rows import Rows
from worker.placement.search.tree import SHARES

P1, P2, P3 = (provider_id(n) for n in (1, 2, 3))
TEN = Inventory(10)


def with_trait(trait: Trait) -> Request:
    """One VCPU of a provider that has the trait."""
    return Request(groups={"": Group(resources={VCPU: 1}, required=(frozenset({trait}),))})


def put_inventory(number: int, provider: int, total: int) -> PutInventory:
    """`inventory.create` of VCPU."""
    inventory = Inventory(total)
    return PutInventory(
        id=claim_id(number), provider=provider_id(provider), resource_class=VCPU, inventory=inventory, create=True
    )


def test_a_tree_that_is_declared_earlier_in_the_batch_is_given_out_of() -> None:
    fleet = Rows()
    batch: list[Claim] = [
        declare_claim(1, 1, aggregates=[aggregate_id(1)]),
        declare_claim(2, 2, {VCPU: TEN}, parent=1, traits=[AVX2]),
        place_claim(3, 1, with_trait(AVX2)),
    ]
    plan = decided(batch, world_of(), fleet=fleet)
    assert change_of(plan.outcomes[2]).after == {P2: {VCPU: 1}}
    assert [(new.id, new.generation) for new in plan.writes.providers_created] == [(P1, 0), (P2, 1)]
    assert [(put.inventory, put.used) for put in plan.writes.inventories_put] == [(TEN, 1)]
    assert plan.providers == {P1: None, P2: None}
    assert list(fleet.roots()) == [P1]


def test_what_a_batch_changes_of_a_provider_leaves_its_links_to_later_places() -> None:
    world = world_of(provider_row(1, traits=[AVX2], aggregates=[aggregate_id(7)]))
    fleet = fleet_of(world)
    batch: list[Claim] = [
        put_inventory(1, 1, 10),
        UpdateProvider(id=claim_id(2), provider=P1, name="new"),
        place_claim(3, 1, with_trait(AVX2)),
    ]
    plan = decided(batch, world, fleet=fleet)
    assert change_of(plan.outcomes[2]).after == {P1: {VCPU: 1}}
    known = fleet.row(P1)
    assert known is not None
    assert (known.name, known.generation, known.traits, known.aggregates) == (
        "new",
        3,
        frozenset({AVX2}),
        frozenset({aggregate_id(7)}),
    )
    assert not plan.writes.traits_linked
    assert not plan.writes.traits_unlinked


def test_traits_and_states_of_the_batch_count_for_later_places() -> None:
    world = world_of(provider_row(1, {VCPU: TEN}, traits=[AVX2]), provider_row(2, {VCPU: TEN}))
    batch: list[Claim] = [
        ReplaceTraits(id=claim_id(1), provider=P2, traits=frozenset({AVX2})),
        ReplaceTraits(id=claim_id(2), provider=P1, traits=frozenset()),
        place_claim(3, 1, with_trait(AVX2)),
        state_claim(4, 2, "draining"),
        place_claim(5, 2, with_trait(AVX2)),
    ]
    plan = decided(batch, world)
    assert change_of(plan.outcomes[2]).after == {P2: {VCPU: 1}}
    assert refusal_of(plan.outcomes[4]).code is Code.NO_CANDIDATES


def test_a_reshape_counts_for_later_places() -> None:
    world = world_of(provider_row(1, {VCPU: Stock(TEN, 4)}), provider_row(2), consumer_row(1, {P1: {VCPU: 4}}))
    batch: list[Claim] = [
        reshape_claim(1, {1: (0, {}), 2: (0, {VCPU: TEN})}, holding(1, {P2: {VCPU: 4}})),
        place_claim(2, 2, {VCPU: 6}),
        place_claim(3, 3, {VCPU: 1}),
    ]
    plan = decided(batch, world)
    assert change_of(plan.outcomes[1]).after == {P2: {VCPU: 6}}
    assert refusal_of(plan.outcomes[2]).code is Code.NO_CANDIDATES


def test_what_is_to_be_placed_after_a_tree_was_taken_apart_waits_for_the_next_batch() -> None:
    world = world_of(provider_row(1), provider_row(2, {VCPU: TEN}, parent=1), provider_row(3))
    move = UpdateProvider(id=claim_id(1), provider=P2, parent=P3)
    for taken_apart in (move, DeleteProvider(id=claim_id(1), provider=P2)):
        plan = decided([taken_apart, place_claim(2, 1, {VCPU: 1}), release_claim(3, 2)], world)
        assert (len(plan.outcomes), plan.undecided, plan.carried) == (1, 2, ())


def test_a_place_after_a_move_is_the_best_by_its_strategy_all_the_same() -> None:
    world = world_of(provider_row(1, {VCPU: Inventory(6)}), provider_row(2, {VCPU: Inventory(5)}))
    grown = declare_claim(1, 2, {VCPU: Inventory(7)}, parent=1)
    spread = place_claim(2, 1, Request(groups={"": Group(resources={VCPU: 1})}, strategy=Strategy.SPREAD))
    plan = decided([grown, spread], world)
    assert plan.undecided == 1
    later = decided([spread], commit(world, plan))
    assert change_of(later.outcomes[0]).after == {P2: {VCPU: 1}}


def test_a_child_under_a_parent_that_the_fleet_does_not_know_waits_for_the_next_batch() -> None:
    world = world_of(provider_row(1))
    batch: list[Claim] = [declare_claim(1, 2, {VCPU: TEN}, parent=1), place_claim(2, 1, {VCPU: 1})]
    plan = decided(batch, world, fleet=Rows())
    assert isinstance(plan.outcomes[0], Accepted)
    assert plan.undecided == 1


def test_a_place_on_a_row_that_was_read_in_another_version_is_carried() -> None:
    world = world_of(provider_row(1, {VCPU: TEN}, generation=4, traits=[AVX2]))
    batch: list[Claim] = [set_claim(1, holding(1, {P1: {VCPU: 1}})), place_claim(2, 2, {VCPU: 1})]
    for generation in (3, 5):
        fleet = Rows([provider_row(1, {VCPU: TEN}, generation=generation)])
        plan = decided(batch, world, fleet=fleet)
        assert (len(plan.outcomes), plan.carried) == (1, (1,))
        assert fleet.row(P1) == provider_row(1, {VCPU: TEN}, generation=generation)


def test_a_row_that_was_made_anew_under_its_old_id_is_another_version() -> None:
    world = world_of(replace(provider_row(1, {VCPU: TEN}), row=provider_row(9).row))
    fleet = Rows([provider_row(1, {VCPU: TEN})])
    plan = decided([set_claim(1, holding(1, {P1: {VCPU: 1}})), place_claim(2, 2, {VCPU: 1})], world, fleet=fleet)
    assert plan.carried == (1,)


def test_nothing_is_refused_while_the_fleet_lacks_something_that_was_granted() -> None:
    world = world_of(provider_row(1, {VCPU: Stock(TEN, 10)}, generation=4), consumer_row(1, {P1: {VCPU: 10}}))
    stale = Rows([provider_row(1, {VCPU: Stock(TEN, 10)}, generation=3)])
    batch: list[Claim] = [release_claim(1, 1), place_claim(2, 2, {VCPU: 1})]
    assert decided(batch, world, fleet=stale).carried == (1,)
    assert decided(batch[1:], world, fleet=stale).carried == ()


def test_nothing_is_refused_to_a_holder_whose_provider_the_fleet_has_in_another_version() -> None:
    world = world_of(provider_row(1, {VCPU: Stock(TEN, 6)}, generation=4), consumer_row(1, {P1: {VCPU: 6}}))
    stale = Rows([provider_row(1, {VCPU: Stock(TEN, 10)}, generation=3)])
    assert decided([place_claim(1, 1, {VCPU: 7})], world, fleet=stale).carried == (0,)


def test_a_row_of_the_fleet_alone_is_compared_before_anything_is_written() -> None:
    fleet = Rows([provider_row(1, {VCPU: TEN}, generation=3)])
    plan = decided([place_claim(1, 1, {VCPU: 1})], world_of(provider_row(1, {VCPU: TEN}, generation=4)), fleet=fleet)
    assert plan.providers == {P1: (1, 3)}


def test_what_is_carried_or_refused_is_not_told() -> None:
    world = world_of(provider_row(1, {VCPU: TEN}), provider_row(2, {VCPU: TEN}))
    fleet = fleet_of(world)
    batch: list[Claim] = [
        set_claim(1, holding(1, {P1: {VCPU: 11}})),
        set_claim(2, holding(2, {P2: {VCPU: 3}})),
        create_claim(3, 3, name="provider-1"),
    ]
    decided(batch, world, fleet=fleet, among=frozenset({P1}))
    assert [fleet.row(name) for name in (P1, P2, P3)] == [world.state.providers[P1], world.state.providers[P2], None]


def test_what_was_told_can_be_undone_so_that_the_batch_is_decided_again() -> None:
    world = world_of(provider_row(1, {VCPU: TEN}))
    fleet = fleet_of(world)
    batch: list[Claim] = [declare_claim(1, 2, {VCPU: TEN}, parent=1), place_claim(2, 1, {VCPU: 10})]
    first = decided(batch, world, fleet=fleet)
    fleet.undo()
    assert decided(batch, world, fleet=fleet) == first


def test_a_sharing_provider_and_the_member_that_it_is_attached_by_are_both_rested_on() -> None:
    world = world_of(
        provider_row(1, aggregates=[aggregate_id(1)], generation=2),
        provider_row(2, {VCPU: TEN}, traits=[SHARES, FAST], aggregates=[aggregate_id(1)], generation=3),
    )
    request = Request(groups={"": Group(resources={VCPU: 1})}, root_forbidden=frozenset({FAST}))
    plan = decided([place_claim(1, 1, request)], world)
    assert change_of(plan.outcomes[0]).after == {P2: {VCPU: 1}}
    assert plan.providers == {P1: (1, 2), P2: (2, 3)}
