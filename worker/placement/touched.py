"""Which providers, names, classes and traits a claim names, and which of them it makes, ends, renames or moves."""

from dataclasses import dataclass, field
from typing import assert_never

from worker.placement.claims import (
    AdjustAllocations,
    Claim,
    CreateClass,
    CreateProvider,
    DeclareProvider,
    DeleteClass,
    DeleteInventory,
    DeleteProvider,
    DeleteTrait,
    EnsureTrait,
    PutInventory,
    ReleaseAllocations,
    RenameClass,
    ReplaceAggregates,
    ReplaceInventories,
    ReplaceTraits,
    SetAllocations,
    UpdateProvider,
)
from worker.placement.ids import Amounts, ConsumerId

Key = tuple[str, str]
"""(kind, id)."""

AllocationClaim = SetAllocations | AdjustAllocations | ReleaseAllocations


@dataclass(slots=True)
class Keys:
    """`named`: used as they are. `shaped`: created, deleted, renamed or re-parented, or it is tried."""

    named: set[Key] = field(default_factory=set)
    shaped: set[Key] = field(default_factory=set)


def consumers_of(claim: Claim) -> tuple[ConsumerId, ...]:
    """The consumers that a claim names."""
    match claim:
        case SetAllocations(holdings=holdings):
            return tuple(holding.consumer.id for holding in holdings)
        case AdjustAllocations(consumer=consumer):
            return (consumer.id,)
        case ReleaseAllocations(consumer=consumer_id):
            return (consumer_id,)
        case _:
            return ()


def amounts_of(claim: AllocationClaim) -> tuple[Amounts, ...]:
    """The amounts that a claim names."""
    match claim:
        case SetAllocations(holdings=holdings):
            return tuple(holding.allocations for holding in holdings)
        case AdjustAllocations(add=add, remove=remove):
            return (add, remove)
        case ReleaseAllocations():
            return ()
        case _:
            assert_never(claim)


def keys_of(claim: Claim) -> Keys:
    """What the claim touches by name; what a consumer holds or a provider has beyond that is not known yet."""
    match claim:
        case SetAllocations() | AdjustAllocations() | ReleaseAllocations():
            return _allocation_keys(claim)
        case CreateProvider() | UpdateProvider() | DeclareProvider() | DeleteProvider():
            return _provider_keys(claim)
        case (
            PutInventory(provider=provider, resource_class=name)
            | DeleteInventory(provider=provider, resource_class=name)
        ):
            return Keys({("provider", provider), ("class", name)})
        case ReplaceInventories(provider=provider, inventories=inventories):
            return Keys({("provider", provider), *(("class", name) for name in inventories)})
        case ReplaceTraits(provider=provider, traits=traits):
            return Keys({("provider", provider), *(("trait", name) for name in traits)})
        case ReplaceAggregates(provider=provider):
            return Keys({("provider", provider)})
        case RenameClass(name=name, new_name=new_name):
            return Keys(shaped={("class", name), ("class", new_name)})
        case CreateClass(name=name) | DeleteClass(name=name):
            return Keys(shaped={("class", name)})
        case EnsureTrait(name=trait) | DeleteTrait(name=trait):
            return Keys(shaped={("trait", trait)})
        case _:
            assert_never(claim)


def _allocation_keys(claim: AllocationClaim) -> Keys:
    keys = Keys()
    for amounts in amounts_of(claim):
        for provider, by_class in amounts.items():
            keys.named.add(("provider", provider))
            keys.named.update(("class", name) for name in by_class)
    if isinstance(claim, SetAllocations):
        for holding in claim.holdings:
            keys.named.update(("provider", provider) for provider in holding.provider_generations)
    return keys


def _provider_keys(claim: CreateProvider | UpdateProvider | DeclareProvider | DeleteProvider) -> Keys:
    keys = Keys(shaped={("provider", claim.provider)})
    if isinstance(claim, DeleteProvider):
        return keys
    if isinstance(claim.name, str):
        keys.shaped.add(("name", claim.name))
    if isinstance(claim.parent, str):
        keys.named.add(("provider", claim.parent))
    if isinstance(claim, DeclareProvider):
        keys.named.update(("class", name) for name in claim.inventories)
        keys.named.update(("trait", name) for name in claim.traits)
    return keys
