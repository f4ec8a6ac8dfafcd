"""Random claims, in batches by the core and one by one by the naive model: the same outcomes, the same state."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import AVX2 as STANDARD_TRAIT
from tests.builders import FAST, GOLD, MEMORY, SILVER, VCPU, aggregate_id, claim_id, consumer_id, provider_id
from tests.unit.placement.naive import Naive
from tests.unit.placement.world import World, commit, read, seeded_world
from worker.placement.claims import (
    UNSET,
    AdjustAllocations,
    Claim,
    Consumer,
    CreateClass,
    CreateProvider,
    DeclareProvider,
    DeleteClass,
    DeleteInventory,
    DeleteProvider,
    DeleteTrait,
    EnsureTrait,
    Holding,
    NewInventories,
    PutInventory,
    ReleaseAllocations,
    RenameClass,
    ReplaceAggregates,
    ReplaceInventories,
    ReplaceTraits,
    ReshapeProviders,
    SetAllocations,
    SetState,
    UpdateProvider,
)
from worker.placement.cut import cut
from worker.placement.decide import decide
from worker.placement.inventory import Inventory
from worker.placement.outcomes import (
    Accepted,
    AllocationsGranted,
    AllocationsReleased,
    Outcome,
    ProviderCreated,
    ProvidersReshaped,
    ProviderStateChanged,
    ProviderUpdated,
    Rejected,
)
from worker.placement.plan import Lockable
from worker.placement.wanted import wanted

CID = claim_id(0)
providers = st.sampled_from([1, 1, 1, 2, 2, 2, 3, 3, 4, 5]).map(provider_id)
consumers = st.integers(1, 4).map(consumer_id)
classes = st.sampled_from([VCPU, VCPU, VCPU, MEMORY, MEMORY, GOLD, SILVER])
traits = st.frozensets(st.sampled_from([STANDARD_TRAIT, FAST]), max_size=2)
aggregates = st.frozensets(st.integers(1, 2).map(aggregate_id), max_size=2)
names = st.sampled_from(["a", "b", "c", "d", "e", "f"])
generations = st.one_of(st.none(), st.none(), st.none(), st.integers(0, 3))
inventory = st.builds(
    Inventory,
    total=st.integers(1, 12),
    reserved=st.sampled_from([0, 0, 0, 2]),
    min_unit=st.sampled_from([1, 1, 1, 2, 4]),
    max_unit=st.sampled_from([100, 100, 3]),
    step_size=st.sampled_from([1, 1, 1, 2]),
    allocation_ratio=st.sampled_from([Decimal(1), Decimal("1.5"), Decimal("0.29"), Decimal(0)]),
)
inventories = st.dictionaries(classes, inventory, max_size=3)
roomy = st.dictionaries(classes, st.builds(Inventory, total=st.integers(5, 30)), min_size=1, max_size=3)
amounts = st.dictionaries(providers, st.dictionaries(classes, st.integers(1, 6), min_size=1, max_size=2), max_size=2)
some_amounts = st.dictionaries(
    providers, st.dictionaries(classes, st.integers(1, 6), min_size=1, max_size=2), min_size=1, max_size=2
)
consumer = st.builds(
    Consumer,
    id=consumers,
    project=st.sampled_from(["p", "p", "q"]),
    user=st.just("u"),
    type=st.sampled_from([UNSET, UNSET, "VM"]),
    generation=st.sampled_from([UNSET, UNSET, UNSET, UNSET, None, 1, 2]),
)
holding = st.builds(
    Holding,
    consumer=consumer,
    allocations=amounts,
    provider_generations=st.one_of(st.just({}), st.just({}), st.dictionaries(providers, st.integers(0, 3), max_size=1)),
)
holdings = st.lists(holding, min_size=1, max_size=2, unique_by=lambda one: one.consumer.id).map(tuple)
reshapes = st.builds(
    ReshapeProviders,
    id=st.just(CID),
    inventories=st.dictionaries(
        providers,
        st.builds(
            NewInventories, generation=st.sampled_from([0, 1, 1, 2, 2, 3, 4]), inventories=st.one_of(roomy, inventories)
        ),
        min_size=1,
        max_size=2,
    ),
    holdings=st.lists(holding, max_size=2, unique_by=lambda one: one.consumer.id).map(tuple),
)
allocation_claims = st.one_of(
    st.builds(SetAllocations, id=st.just(CID), holdings=holdings),
    st.builds(SetAllocations, id=st.just(CID), holdings=holdings),
    st.builds(AdjustAllocations, id=st.just(CID), consumer=consumer, add=some_amounts, remove=amounts),
    st.builds(AdjustAllocations, id=st.just(CID), consumer=consumer, add=amounts, remove=some_amounts),
    st.builds(
        ReleaseAllocations, id=st.just(CID), consumer=consumers, generation=st.sampled_from([UNSET, UNSET, None, 1])
    ),
)
parents = st.one_of(st.none(), providers)
new_providers = st.builds(
    DeclareProvider,
    id=st.just(CID),
    provider=providers,
    name=names,
    parent=parents,
    inventories=inventories,
    traits=traits,
    aggregates=aggregates,
    generation=generations,
)
other_claims = st.one_of(
    new_providers,
    new_providers,
    st.builds(CreateProvider, id=st.just(CID), provider=providers, name=names, parent=parents),
    st.builds(
        UpdateProvider,
        id=st.just(CID),
        provider=providers,
        name=st.one_of(st.just(UNSET), names),
        parent=parents,
        generation=generations,
    ),
    st.builds(UpdateProvider, id=st.just(CID), provider=providers, name=names, generation=generations),
    st.builds(SetState, id=st.just(CID), provider=providers, state=st.sampled_from(["enabled", "draining"])),
    reshapes,
    reshapes,
    st.builds(DeleteProvider, id=st.just(CID), provider=providers, generation=generations),
    st.builds(
        PutInventory,
        id=st.just(CID),
        provider=providers,
        resource_class=classes,
        inventory=inventory,
        create=st.booleans(),
        generation=generations,
    ),
    st.builds(ReplaceInventories, id=st.just(CID), provider=providers, inventories=inventories, generation=generations),
    st.builds(DeleteInventory, id=st.just(CID), provider=providers, resource_class=classes, generation=generations),
    st.builds(CreateClass, id=st.just(CID), name=classes, ensure=st.booleans()),
    st.builds(RenameClass, id=st.just(CID), name=classes, new_name=st.sampled_from([GOLD, SILVER])),
    st.builds(DeleteClass, id=st.just(CID), name=classes),
    st.builds(EnsureTrait, id=st.just(CID), name=st.sampled_from([STANDARD_TRAIT, FAST])),
    st.builds(DeleteTrait, id=st.just(CID), name=st.sampled_from([STANDARD_TRAIT, FAST])),
    st.builds(ReplaceTraits, id=st.just(CID), provider=providers, traits=traits, generation=generations),
    st.builds(ReplaceAggregates, id=st.just(CID), provider=providers, aggregates=aggregates, generation=generations),
)


def numbered(claims: Sequence[Claim]) -> list[Claim]:
    """The claims with ids of their own."""
    return [replace(claim, id=claim_id(number)) for number, claim in enumerate(claims, 1)]


histories = st.lists(st.one_of(allocation_claims, allocation_claims, other_claims), min_size=8, max_size=30).map(
    numbered
)


def decided_in_batches(claims: list[Claim], sizes: Sequence[int]) -> tuple[World, dict[str, Outcome]]:
    """All claims, in batches of at most these sizes (over and over), what is carried going first in the next one."""
    world, outcomes, turn = seeded_world(), dict[str, Outcome](), 0
    while claims:
        batch = claims[: sizes[turn % len(sizes)]]
        batch = batch[: cut(batch)]
        plan = decide(batch, read(world, wanted(batch)))
        carried = [batch[position] for position in plan.carried]
        assert len(carried) < len(batch)
        world = commit(world, plan)
        outcomes |= {outcome.claim: outcome for outcome in plan.outcomes}
        claims, turn = carried + claims[len(batch) :], turn + 1
    return world, outcomes


def spoken(outcome: Outcome) -> tuple[str, bool | None]:
    """An outcome in the naive model's words."""
    return (outcome.code.value, None) if isinstance(outcome, Rejected) else ("ok", outcome.changed)


def state_of(world: World) -> tuple[Any, ...]:
    """The world in plain values, without row ids."""
    state = world.state
    rows = {
        row.id: (
            row.name, row.generation, row.state, row.parent, row.root, row.traits, row.aggregates,
            {name: (stock.inventory, stock.used) for name, stock in row.inventories.items()},
        )
        for row in state.providers.values()
    }  # fmt: skip
    holders = {
        row.id: (row.project, row.user, row.type, row.generation, row.allocations) for row in state.consumers.values()
    }
    return rows, holders, state.classes, state.traits


def state_of_naive(naive: Naive) -> tuple[Any, ...]:
    """The same of the naive model."""
    rows = {
        name: (
            row["name"], row["generation"], row["state"], row["parent"], naive.root(name),
            row["traits"], row["aggregates"],
            {c: (inventory, naive.used(name, c)) for c, inventory in row["inventories"].items()},
        )
        for name, row in naive.providers.items()
    }  # fmt: skip
    holders = {
        name: (row["project"], row["user"], row["type"], row["generation"], row["held"])
        for name, row in naive.consumers.items()
    }
    return rows, holders, naive.classes, naive.traits


def naive_of(world: World) -> Naive:
    """The naive model of a world."""
    state = world.state
    naive = Naive(set(state.classes), set(state.traits), {*state.standard_classes, *state.standard_traits})
    for row in state.providers.values():
        naive.providers[row.id] = {
            "name": row.name, "generation": row.generation, "state": row.state, "parent": row.parent, "root": row.root,
            "inventories": {name: stock.inventory for name, stock in row.inventories.items()},
            "traits": row.traits, "aggregates": row.aggregates,
        }  # fmt: skip
    for holder in state.consumers.values():
        naive.consumers[holder.id] = {
            "project": holder.project, "user": holder.user, "type": holder.type, "generation": holder.generation,
            "held": {provider: dict(amounts) for provider, amounts in holder.allocations.items()},
        }  # fmt: skip
    return naive


def check_told(outcome: Outcome, naive: Naive) -> None:
    """The numbers of an outcome are those of the naive model right after the claim."""
    if not isinstance(outcome, Accepted):
        return
    for change in (outcome.outcome, *outcome.consequences):
        match change:
            case (
                AllocationsGranted(consumers=told, providers=levels)
                | AllocationsReleased(consumers=told, providers=levels)
                | ProvidersReshaped(consumers=told, providers=levels)
            ):
                for one in told:
                    holds = naive.consumers.get(one.id)
                    assert one.generation == (None if holds is None else holds["generation"])
                    assert one.after == ({} if holds is None else holds["held"])
                for name, level in levels.items():
                    assert level.generation == naive.providers[name]["generation"]
                    assert {c: s.used for c, s in level.inventories.items()} == {
                        c: naive.used(name, c) for c in naive.providers[name]["inventories"]
                    }
            case (
                ProviderCreated(provider=shown) | ProviderUpdated(provider=shown) | ProviderStateChanged(provider=shown)
            ):
                assert shown.generation == naive.providers[shown.id]["generation"]
                assert shown.state == naive.providers[shown.id]["state"]
                assert shown.root == naive.root(shown.id)
            case _:
                pass


@settings(max_examples=300, deadline=None)
@given(histories, st.lists(st.integers(1, 30), min_size=1, max_size=4))
def test_batches_end_as_if_their_claims_had_come_one_by_one(claims: list[Claim], sizes: list[int]) -> None:
    world, outcomes = decided_in_batches(claims, sizes)
    naive = naive_of(seeded_world())
    for claim in claims:
        assert spoken(outcomes[claim.id]) == naive.decide(claim), claim
        check_told(outcomes[claim.id], naive)
    assert state_of(world) == state_of_naive(naive)


@settings(max_examples=150, deadline=None)
@given(histories, st.sets(providers), st.sets(consumers))
def test_carried_claims_leave_no_trace(claims: list[Claim], rows: set[Any], holders: set[Any]) -> None:
    setup, rest = claims[:6], claims[6:]
    world, _ = decided_in_batches(setup, [6])
    batch = rest[: cut(rest)] if rest else []
    snapshot = read(world, wanted(batch))
    plan = decide(batch, snapshot, Lockable(frozenset(rows), frozenset(holders)))
    stayed = [claim for position, claim in enumerate(batch) if position not in plan.carried]
    assert decide(stayed, snapshot) == replace(plan, carried=())
    assert plan.providers.keys() <= rows
    assert plan.consumers.keys() <= holders


@settings(max_examples=100, deadline=None)
@given(histories)
def test_the_same_input_gives_the_same_plan(claims: list[Claim]) -> None:
    world, _ = decided_in_batches(claims[:8], [8])
    batch = claims[8:]
    batch = batch[: cut(batch)] if batch else []
    assert decide(batch, read(world, wanted(batch))) == decide(list(batch), read(world, wanted(batch)))
