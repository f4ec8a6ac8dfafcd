"""Which providers, names, classes and traits a claim names, and which of them it makes, ends, renames or moves."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, assert_never

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
    Holding,
    PlaceAllocations,
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
from worker.placement.ids import Amounts, ConsumerId
from worker.placement.request import classes_of, traits_of

Key = tuple[str, str]
"""(kind, id)."""

AllocationClaim = SetAllocations | AdjustAllocations | ReleaseAllocations

_OF_HOLDINGS: Final = (SetAllocations, ReshapeProviders)
_OF_ONE: Final = (AdjustAllocations, PlaceAllocations)


@dataclass(slots=True)
class Keys:
    """`named`: used as they are. `shaped`: created, deleted, renamed or re-parented, or it is tried.

    `made`: those of `shaped` that exist after the claim as it says, if it is granted. `parents`: used as parents alone.
    """

    named: set[Key] = field(default_factory=set)
    shaped: set[Key] = field(default_factory=set)
    made: set[Key] = field(default_factory=set)
    parents: set[Key] = field(default_factory=set)


def consumers_of(claim: Claim) -> tuple[ConsumerId, ...]:
    """The consumers that a claim names."""
    # asked several times a claim: a match on classes takes three times as long
    if isinstance(claim, _OF_HOLDINGS):
        return tuple([holding.consumer.id for holding in claim.holdings])
    if isinstance(claim, _OF_ONE):
        return (claim.consumer.id,)
    return (claim.consumer,) if isinstance(claim, ReleaseAllocations) else ()


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
        case PlaceAllocations(request=request):
            classes, traits = classes_of(request), traits_of(request)
            return Keys({*(("class", name) for name in classes), *(("trait", name) for name in traits)})
        case ReshapeProviders():
            return _reshape_keys(claim)
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
        case ReplaceAggregates(provider=provider) | SetState(provider=provider):
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
        _add_amounts(keys, amounts)
    if isinstance(claim, SetAllocations):
        _add_generations(keys, claim.holdings)
    return keys


def _reshape_keys(claim: ReshapeProviders) -> Keys:
    keys = Keys()
    for holding in claim.holdings:
        _add_amounts(keys, holding.allocations)
    _add_generations(keys, claim.holdings)
    for provider, new in claim.inventories.items():
        keys.named.add(("provider", provider))
        keys.named.update(("class", name) for name in new.inventories)
    return keys


def _add_amounts(keys: Keys, amounts: Amounts) -> None:
    for provider, by_class in amounts.items():
        keys.named.add(("provider", provider))
        keys.named.update(("class", name) for name in by_class)


def _add_generations(keys: Keys, holdings: Iterable[Holding]) -> None:
    for holding in holdings:
        keys.named.update(("provider", provider) for provider in holding.provider_generations)


def _provider_keys(claim: CreateProvider | UpdateProvider | DeclareProvider | DeleteProvider) -> Keys:
    keys = Keys(shaped={("provider", claim.provider)})
    if isinstance(claim, DeleteProvider):
        return keys
    if isinstance(claim.name, str):
        keys.shaped.add(("name", claim.name))
    if isinstance(claim.parent, str):
        keys.parents.add(("provider", claim.parent))
    if not isinstance(claim, UpdateProvider):
        keys.made.add(("provider", claim.provider))
    if isinstance(claim, DeclareProvider):
        keys.named.update(("class", name) for name in claim.inventories)
        keys.named.update(("trait", name) for name in claim.traits)
    return keys
