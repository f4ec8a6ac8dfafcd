"""Claims as the core sees them: what is asked of the state, already checked for form, free of the wire's spelling.

`UNSET` stands where a field was left out and leaving it out means something else than null.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Final

from worker.placement.ids import AggregateId, Amounts, ClaimId, ConsumerId, ProviderId, ResourceClass, State, Trait
from worker.placement.inventory import Inventory
from worker.placement.request import Request


class Unset(Enum):
    """The type of `UNSET`."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    id: ClaimId
    deadline: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateProvider(_Claim):
    """`provider.create`; the engine fills in an id where the claim named none."""

    provider: ProviderId
    name: str
    parent: ProviderId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateProvider(_Claim):
    """`provider.update`; parent None makes it a root, UNSET leaves it where it is."""

    provider: ProviderId
    name: str | Unset = UNSET
    parent: ProviderId | Unset | None = UNSET
    generation: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteProvider(_Claim):
    """`provider.delete`."""

    provider: ProviderId
    generation: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclareProvider(_Claim):
    """`provider.declare`: created or brought to exactly this; parent None or left out means a root."""

    provider: ProviderId
    name: str
    parent: ProviderId | None
    inventories: Mapping[ResourceClass, Inventory]
    traits: frozenset[Trait]
    aggregates: frozenset[AggregateId]
    generation: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetState(_Claim):
    """`provider.set_state`."""

    provider: ProviderId
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class PutInventory(_Claim):
    """`inventory.create` (`create` true: must not exist) and `inventory.update` (must exist)."""

    provider: ProviderId
    resource_class: ResourceClass
    inventory: Inventory
    create: bool
    generation: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceInventories(_Claim):
    """`inventory.replace`, and `inventory.clear` with none."""

    provider: ProviderId
    inventories: Mapping[ResourceClass, Inventory]
    generation: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteInventory(_Claim):
    """`inventory.delete`."""

    provider: ProviderId
    resource_class: ResourceClass
    generation: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateClass(_Claim):
    """`resource_class.create` (an existing name is refused) and `.ensure` (it is not)."""

    name: ResourceClass
    ensure: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameClass(_Claim):
    """`resource_class.rename`."""

    name: ResourceClass
    new_name: ResourceClass


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteClass(_Claim):
    """`resource_class.delete`."""

    name: ResourceClass


@dataclass(frozen=True, slots=True, kw_only=True)
class EnsureTrait(_Claim):
    """`trait.ensure`."""

    name: Trait


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteTrait(_Claim):
    """`trait.delete`."""

    name: Trait


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceTraits(_Claim):
    """`provider_traits.replace`, and `.clear` with none."""

    provider: ProviderId
    traits: frozenset[Trait]
    generation: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceAggregates(_Claim):
    """`provider_aggregates.replace`."""

    provider: ProviderId
    aggregates: frozenset[AggregateId]
    generation: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """Who asks. `generation`: UNSET is no check, None «must hold nothing yet». `type` UNSET keeps the one it has."""

    id: ConsumerId
    project: str
    user: str
    type: str | Unset = UNSET
    generation: int | Unset | None = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """All that one consumer is to hold after the claim; no amounts: a release."""

    consumer: Consumer
    allocations: Amounts
    provider_generations: Mapping[ProviderId, int] = field(default_factory=dict)
    mappings: Mapping[str, tuple[ProviderId, ...]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAllocations(_Claim):
    """`allocation.set` (one holding) and `allocation.set_many`: all or nothing."""

    holdings: tuple[Holding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustAllocations(_Claim):
    """`allocation.adjust`: what is removed must be held; then what is added is added."""

    consumer: Consumer
    add: Amounts
    remove: Amounts


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseAllocations(_Claim):
    """`allocation.release`."""

    consumer: ConsumerId
    generation: int | Unset | None = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceAllocations(_Claim):
    """`allocation.place`: what the consumer holds is replaced by the first candidate for the request."""

    consumer: Consumer
    request: Request


@dataclass(frozen=True, slots=True, kw_only=True)
class NewInventories:
    """All inventories of a provider after a reshape, and the generation that it must be at before."""

    generation: int
    inventories: Mapping[ResourceClass, Inventory]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReshapeProviders(_Claim):
    """`provider.reshape`: inventories move between providers, and the allocations of the consumers named with them."""

    inventories: Mapping[ProviderId, NewInventories]
    holdings: tuple[Holding, ...] = ()


Claim = (
    CreateProvider
    | UpdateProvider
    | DeleteProvider
    | DeclareProvider
    | SetState
    | PutInventory
    | ReplaceInventories
    | DeleteInventory
    | CreateClass
    | RenameClass
    | DeleteClass
    | EnsureTrait
    | DeleteTrait
    | ReplaceTraits
    | ReplaceAggregates
    | SetAllocations
    | AdjustAllocations
    | ReleaseAllocations
    | PlaceAllocations
    | ReshapeProviders
)
