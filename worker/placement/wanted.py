"""What a batch needs to read: exactly the rows that its claims name."""

from collections.abc import Iterable, Sequence
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
from worker.placement.ids import Amounts, ConsumerId, ProviderId, ResourceClass, Trait
from worker.placement.request import classes_of, traits_of
from worker.placement.snapshot import Wanted
from worker.placement.touched import AllocationClaim


@dataclass(slots=True)
class _Names:
    providers: set[ProviderId] = field(default_factory=set)
    consumers: set[ConsumerId] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    classes: set[ResourceClass] = field(default_factory=set)
    traits: set[Trait] = field(default_factory=set)
    trees: set[ProviderId] = field(default_factory=set)
    linked: set[ProviderId] = field(default_factory=set)
    held: set[ProviderId] = field(default_factory=set)
    classes_used: set[ResourceClass] = field(default_factory=set)
    traits_used: set[Trait] = field(default_factory=set)
    new_providers: int = 0

    def provider(self, provider: ProviderId, classes: Iterable[ResourceClass] = ()) -> None:
        """A provider and classes of it."""
        self.providers.add(provider)
        self.classes.update(classes)

    def amounts(self, amounts: Amounts) -> None:
        """The providers and classes of amounts."""
        self.providers.update(amounts)
        for by_class in amounts.values():
            self.classes.update(by_class)


def wanted(claims: Sequence[Claim]) -> Wanted:
    """The rows to read for `claims`; sorted, without repetition."""
    names = _Names()
    for claim in claims:
        _add(names, claim)
    return Wanted(
        providers=tuple(sorted(names.providers)),
        consumers=tuple(sorted(names.consumers)),
        names=tuple(sorted(names.names)),
        classes=tuple(sorted(names.classes)),
        traits=tuple(sorted(names.traits)),
        trees=tuple(sorted(names.trees)),
        linked=tuple(sorted(names.linked)),
        held=tuple(sorted(names.held)),
        classes_used=tuple(sorted(names.classes_used)),
        traits_used=tuple(sorted(names.traits_used)),
        new_providers=names.new_providers,
    )


def _add(names: _Names, claim: Claim) -> None:
    match claim:
        case SetAllocations() | AdjustAllocations() | ReleaseAllocations():
            _add_allocations(names, claim)
        case PlaceAllocations(consumer=consumer, request=request):
            names.consumers.add(consumer.id)
            names.classes.update(classes_of(request))
            names.traits.update(traits_of(request))
        case CreateProvider() | UpdateProvider() | DeclareProvider() | DeleteProvider():
            _add_provider(names, claim)
        case SetState():
            names.provider(claim.provider)
        case ReshapeProviders():
            _add_holdings(names, claim.holdings)
            for provider, new in claim.inventories.items():
                names.provider(provider, new.inventories)
                names.held.add(provider)
        case PutInventory():
            names.provider(claim.provider, (claim.resource_class,))
        case DeleteInventory():
            names.provider(claim.provider, (claim.resource_class,))
            names.held.add(claim.provider)
        case ReplaceInventories():
            names.provider(claim.provider, claim.inventories)
            names.held.add(claim.provider)
        case ReplaceTraits():
            names.provider(claim.provider)
            names.linked.add(claim.provider)
            names.traits.update(claim.traits)
        case ReplaceAggregates():
            names.provider(claim.provider)
            names.linked.add(claim.provider)
        case _:
            _add_catalogue(names, claim)


def _add_catalogue(names: _Names, claim: CreateClass | RenameClass | DeleteClass | EnsureTrait | DeleteTrait) -> None:
    match claim:
        case CreateClass():
            names.classes.add(claim.name)
        case RenameClass():
            names.classes.update((claim.name, claim.new_name))
        case DeleteClass():
            names.classes.add(claim.name)
            names.classes_used.add(claim.name)
        case EnsureTrait():
            names.traits.add(claim.name)
        case DeleteTrait():
            names.traits.add(claim.name)
            names.traits_used.add(claim.name)
        case _:
            assert_never(claim)


def _add_allocations(names: _Names, claim: AllocationClaim) -> None:
    match claim:
        case SetAllocations(holdings=holdings):
            _add_holdings(names, holdings)
        case AdjustAllocations(consumer=consumer, add=add, remove=remove):
            names.consumers.add(consumer.id)
            names.amounts(add)
            names.amounts(remove)
        case ReleaseAllocations(consumer=consumer_id):
            names.consumers.add(consumer_id)
        case _:
            assert_never(claim)


def _add_holdings(names: _Names, holdings: Iterable[Holding]) -> None:
    for holding in holdings:
        names.consumers.add(holding.consumer.id)
        names.amounts(holding.allocations)
        names.providers.update(holding.provider_generations)


def _add_provider(names: _Names, claim: CreateProvider | UpdateProvider | DeclareProvider | DeleteProvider) -> None:
    names.provider(claim.provider)
    if not isinstance(claim, CreateProvider):
        names.trees.add(claim.provider)
    if isinstance(claim, DeleteProvider):
        names.held.add(claim.provider)
        names.linked.add(claim.provider)
        return
    if isinstance(claim.name, str):
        names.names.add(claim.name)
    if isinstance(claim.parent, str):
        names.provider(claim.parent)
    if isinstance(claim, DeclareProvider):
        names.classes.update(claim.inventories)
        names.traits.update(claim.traits)
        names.held.add(claim.provider)
        names.linked.add(claim.provider)
    names.new_providers += isinstance(claim, CreateProvider | DeclareProvider)
