"""Random claims of every kind that the naive model knows, on few providers and consumers, so that they meet."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from hypothesis import strategies as st

from tests.builders import AVX2 as STANDARD_TRAIT
from tests.builders import FAST, GOLD, MEMORY, SILVER, VCPU, aggregate_id, claim_id, consumer_id, provider_id
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
from worker.placement.inventory import Inventory

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
