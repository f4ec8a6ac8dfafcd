"""From the wire's claims to the core's."""

from collections.abc import Mapping
from typing import assert_never, cast
from uuid import UUID, uuid5

from schemas import allocation_claims, claims, inventory_claims, name_claims, provider_claims, reshape_claim
from schemas.absent import UNSET as LEFT_OUT
from schemas.absent import Unset as LeftOut
from schemas.stock import InventoryFields
from worker.engine.requested import request_of
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
    Unset,
    UpdateProvider,
)
from worker.placement.ids import AggregateId, Amounts, ClaimId, ConsumerId, ProviderId, ResourceClass, Trait
from worker.placement.inventory import Inventory

_PROVIDER = "provider"

ProviderModel = (
    provider_claims.ProviderCreate
    | provider_claims.ProviderUpdate
    | provider_claims.ProviderDelete
    | provider_claims.ProviderDeclare
    | provider_claims.ProviderSetState
    | provider_claims.ProviderTraitsReplace
    | provider_claims.ProviderTraitsClear
    | provider_claims.ProviderAggregatesReplace
)
InventoryModel = (
    inventory_claims.InventoryCreate
    | inventory_claims.InventoryUpdate
    | inventory_claims.InventoryReplace
    | inventory_claims.InventoryDelete
    | inventory_claims.InventoryClear
)
NameModel = (
    name_claims.ResourceClassCreate
    | name_claims.ResourceClassEnsure
    | name_claims.ResourceClassRename
    | name_claims.ResourceClassDelete
    | name_claims.TraitEnsure
    | name_claims.TraitDelete
)
AllocationModel = (
    allocation_claims.AllocationSet
    | allocation_claims.AllocationSetMany
    | allocation_claims.AllocationAdjust
    | allocation_claims.AllocationPlace
    | allocation_claims.AllocationRelease
)


def to_core(model: claims.AnyClaim) -> Claim:
    """The claim as the core sees it."""
    if isinstance(model, AllocationModel):
        return _allocation(model)
    if isinstance(model, InventoryModel):
        return _inventory(model)
    if isinstance(model, NameModel):
        return _named(model)
    if isinstance(model, reshape_claim.ProviderReshape):
        return _reshape(model)
    return _provider(model)


def _allocation(model: AllocationModel) -> Claim:
    claim = ClaimId(model.claim_id)
    match model:
        case allocation_claims.AllocationSet():
            return SetAllocations(id=claim, deadline=model.deadline, holdings=(_holding(model),))
        case allocation_claims.AllocationSetMany():
            return SetAllocations(id=claim, deadline=model.deadline, holdings=tuple(map(_holding, model.claims)))
        case allocation_claims.AllocationAdjust():
            return AdjustAllocations(
                id=claim,
                deadline=model.deadline,
                consumer=_consumer(model.consumer),
                add=cast("Amounts", model.add or {}),
                remove=cast("Amounts", model.remove or {}),
            )
        case allocation_claims.AllocationPlace(consumer=consumer, request=request):
            return PlaceAllocations(
                id=claim, deadline=model.deadline, consumer=_consumer(consumer), request=request_of(request)
            )
        case allocation_claims.AllocationRelease():
            return ReleaseAllocations(
                id=claim,
                deadline=model.deadline,
                consumer=ConsumerId(model.consumer.id),
                generation=_generation(model.consumer.generation),
            )
        case _:
            assert_never(model)


def _inventory(model: InventoryModel) -> Claim:
    claim, provider = ClaimId(model.claim_id), ProviderId(model.provider)
    match model:
        case inventory_claims.InventoryCreate() | inventory_claims.InventoryUpdate():
            return PutInventory(
                id=claim,
                deadline=model.deadline,
                provider=provider,
                resource_class=ResourceClass(model.resource_class),
                inventory=_record(model),
                create=isinstance(model, inventory_claims.InventoryCreate),
                generation=model.generation,
            )
        case inventory_claims.InventoryDelete():
            return DeleteInventory(
                id=claim,
                deadline=model.deadline,
                provider=provider,
                resource_class=ResourceClass(model.resource_class),
                generation=model.generation,
            )
        case inventory_claims.InventoryReplace():
            inventories = _records(model.inventories)
        case inventory_claims.InventoryClear():
            inventories = {}
        case _:
            assert_never(model)
    return ReplaceInventories(
        id=claim, deadline=model.deadline, provider=provider, inventories=inventories, generation=model.generation
    )


def _named(model: NameModel) -> Claim:
    claim, deadline = ClaimId(model.claim_id), model.deadline
    match model:
        case name_claims.ResourceClassCreate() | name_claims.ResourceClassEnsure():
            ensure = isinstance(model, name_claims.ResourceClassEnsure)
            return CreateClass(id=claim, deadline=deadline, name=ResourceClass(model.name), ensure=ensure)
        case name_claims.ResourceClassRename():
            old, new = ResourceClass(model.name), ResourceClass(model.new_name)
            return RenameClass(id=claim, deadline=deadline, name=old, new_name=new)
        case name_claims.ResourceClassDelete():
            return DeleteClass(id=claim, deadline=deadline, name=ResourceClass(model.name))
        case name_claims.TraitEnsure():
            return EnsureTrait(id=claim, deadline=deadline, name=Trait(model.name))
        case name_claims.TraitDelete():
            return DeleteTrait(id=claim, deadline=deadline, name=Trait(model.name))
        case _:
            assert_never(model)


def _provider(model: ProviderModel) -> Claim:
    claim, deadline = ClaimId(model.claim_id), model.deadline
    if isinstance(model, provider_claims.ProviderCreate):
        made = model.provider or str(uuid5(UUID(model.claim_id), _PROVIDER))
        parent = None if model.parent is None else ProviderId(model.parent)
        return CreateProvider(id=claim, deadline=deadline, provider=ProviderId(made), name=model.name, parent=parent)
    provider = ProviderId(model.provider)
    if isinstance(model, provider_claims.ProviderSetState):
        return SetState(id=claim, deadline=deadline, provider=provider, state=model.state)
    generation = model.generation
    match model:
        case provider_claims.ProviderUpdate():
            return UpdateProvider(
                id=claim,
                deadline=deadline,
                provider=provider,
                name=UNSET if model.name is None else model.name,
                parent=UNSET if isinstance(model.parent, LeftOut) else _parent(model.parent),
                generation=generation,
            )
        case provider_claims.ProviderDelete():
            return DeleteProvider(id=claim, deadline=deadline, provider=provider, generation=generation)
        case provider_claims.ProviderDeclare():
            return DeclareProvider(
                id=claim,
                deadline=deadline,
                provider=provider,
                name=model.name,
                parent=_parent(model.parent),
                inventories=_records(model.inventories),
                traits=frozenset(map(Trait, model.traits)),
                aggregates=frozenset(map(AggregateId, model.aggregates)),
                generation=generation,
            )
        case provider_claims.ProviderTraitsReplace():
            traits = frozenset(map(Trait, model.traits))
            return ReplaceTraits(id=claim, deadline=deadline, provider=provider, traits=traits, generation=generation)
        case provider_claims.ProviderTraitsClear():
            none: frozenset[Trait] = frozenset()
            return ReplaceTraits(id=claim, deadline=deadline, provider=provider, traits=none, generation=generation)
        case provider_claims.ProviderAggregatesReplace():
            aggregates = frozenset(map(AggregateId, model.aggregates))
            return ReplaceAggregates(
                id=claim, deadline=deadline, provider=provider, aggregates=aggregates, generation=generation
            )
        case _:
            assert_never(model)


def _reshape(model: reshape_claim.ProviderReshape) -> ReshapeProviders:
    return ReshapeProviders(
        id=ClaimId(model.claim_id),
        deadline=model.deadline,
        inventories={
            ProviderId(provider): NewInventories(generation=new.generation, inventories=_records(new.inventories))
            for provider, new in model.inventories.items()
        },
        holdings=tuple(map(_holding, model.allocations)),
    )


def _parent(parent: str | None) -> ProviderId | None:
    return None if parent is None else ProviderId(parent)


def _generation(generation: int | LeftOut | None) -> int | Unset | None:
    return UNSET if isinstance(generation, LeftOut) else generation


def _consumer(model: allocation_claims.Consumer) -> Consumer:
    return Consumer(
        id=ConsumerId(model.id),
        project=model.project,
        user=model.user,
        type=UNSET if model.type is None else model.type,
        generation=UNSET if model.generation is LEFT_OUT else _generation(model.generation),
    )


def _holding(model: allocation_claims.Holding) -> Holding:
    return Holding(
        consumer=_consumer(model.consumer),
        allocations=cast("Amounts", model.allocations),
        provider_generations=cast("dict[ProviderId, int]", model.provider_generations or {}),
        mappings=cast("dict[str, tuple[ProviderId, ...]] | None", model.mappings),
    )


def _record(model: InventoryFields) -> Inventory:
    return Inventory(
        total=model.total,
        reserved=model.reserved,
        min_unit=model.min_unit,
        max_unit=model.max_unit,
        step_size=model.step_size,
        allocation_ratio=model.allocation_ratio,
    )


def _records(models: Mapping[str, InventoryFields]) -> dict[ResourceClass, Inventory]:
    return {ResourceClass(name): _record(model) for name, model in models.items()}
