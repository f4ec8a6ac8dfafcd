"""What came of a claim: what changed, or why it was refused. Free of the wire's spelling; the engine renders it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from worker.placement.ids import (
    AggregateId,
    Amounts,
    ClaimId,
    ConsumerId,
    ProviderId,
    ResourceClass,
    RowId,
    State,
    Trait,
)
from worker.placement.inventory import Inventory, Stock


class Code(StrEnum):
    """Why the core refuses, in order of precedence (schemas/codes.py; never renamed, never reused)."""

    NOT_PERMITTED = "not_permitted"
    DEADLINE_PASSED = "deadline_passed"
    TREE_LOOP = "tree_loop"
    PROVIDER_NOT_FOUND = "provider_not_found"
    PARENT_NOT_FOUND = "parent_not_found"
    RESOURCE_CLASS_NOT_FOUND = "resource_class_not_found"
    TRAIT_NOT_FOUND = "trait_not_found"
    DUPLICATE_NAME = "duplicate_name"
    DUPLICATE_ID = "duplicate_id"
    INVENTORY_EXISTS = "inventory_exists"
    STANDARD_IMMUTABLE = "standard_immutable"
    CONSUMER_GENERATION_CONFLICT = "consumer_generation_conflict"
    PROVIDER_GENERATION_CONFLICT = "provider_generation_conflict"
    CONFLICT_RETRIES_EXHAUSTED = "conflict_retries_exhausted"
    INVENTORY_NOT_FOUND = "inventory_not_found"
    INVALID_INVENTORY = "invalid_inventory"
    UNIT_CONSTRAINT_VIOLATED = "unit_constraint_violated"
    CAPACITY_EXCEEDED = "capacity_exceeded"
    PROVIDER_UNAVAILABLE = "provider_unavailable"
    ALLOCATION_NOT_FOUND = "allocation_not_found"
    NO_CANDIDATES = "no_candidates"
    PROVIDER_HAS_CHILDREN = "provider_has_children"
    PROVIDER_IN_USE = "provider_in_use"
    INVENTORY_IN_USE = "inventory_in_use"
    RESOURCE_CLASS_IN_USE = "resource_class_in_use"
    TRAIT_IN_USE = "trait_in_use"


@dataclass(frozen=True, slots=True)
class Rejected:
    """A refusal. `details` has the fields of the code in schemas/details.py: numbers the decision was made on."""

    claim: ClaimId
    code: Code
    message: str
    details: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ProviderShown:
    """A provider as `provider.get` shows it; `row` is its incarnation."""

    id: ProviderId
    row: RowId
    name: str
    generation: int
    state: State
    parent: ProviderId | None
    root: ProviderId
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class RootChanged:
    """A descendant that came under another root with its moved ancestor; its own generation advanced too."""

    id: ProviderId
    row: RowId
    generation: int
    root: ProviderId


class ProviderLevels(NamedTuple):
    """A provider's generation and fill after the claim; every class it has inventory of."""

    generation: int
    row: RowId
    inventories: Mapping[ResourceClass, Stock]


class ConsumerChange(NamedTuple):
    """What a consumer held and holds; generation None: it holds nothing now."""

    id: ConsumerId
    project: str
    user: str
    type: str | None
    generation: int | None
    before: Amounts
    after: Amounts
    mappings: Mapping[str, tuple[ProviderId, ...]] | None = None


class AllocationsGranted(NamedTuple):
    """`allocation.granted`."""

    consumers: tuple[ConsumerChange, ...]
    providers: Mapping[ProviderId, ProviderLevels]


class AllocationsReleased(NamedTuple):
    """`allocation.released`; for a consumer that held nothing, `consumers` is empty."""

    consumer: ConsumerId
    consumers: tuple[ConsumerChange, ...]
    providers: Mapping[ProviderId, ProviderLevels]


@dataclass(frozen=True, slots=True)
class ProviderCreated:
    """`provider.created`."""

    provider: ProviderShown


@dataclass(frozen=True, slots=True)
class ProviderUpdated:
    """`provider.updated`; `roots` only where it moved with descendants."""

    provider: ProviderShown
    roots: tuple[RootChanged, ...] = ()


@dataclass(frozen=True, slots=True)
class ProviderDeleted:
    """`provider.deleted`, as it last was."""

    provider: ProviderShown


@dataclass(frozen=True, slots=True)
class ProviderStateChanged:
    """`provider.state_changed`."""

    provider: ProviderShown


class ProvidersReshaped(NamedTuple):
    """`provider.reshaped`: inventories before and after, of the providers that the claim lists."""

    consumers: tuple[ConsumerChange, ...]
    providers: Mapping[ProviderId, ProviderLevels]
    before: Mapping[ProviderId, Mapping[ResourceClass, Inventory]]
    after: Mapping[ProviderId, Mapping[ResourceClass, Inventory]]


@dataclass(frozen=True, slots=True)
class InventoryChanged:
    """`inventory.changed`: all classes before and after, their fill, and those over capacity."""

    provider: ProviderId
    row: RowId
    generation: int
    before: Mapping[ResourceClass, Inventory]
    after: Mapping[ResourceClass, Stock]

    @property
    def over_capacity(self) -> tuple[ResourceClass, ...]:
        """The classes of which more is handed out than there is now, sorted."""
        return tuple(sorted(name for name, stock in self.after.items() if stock.used > stock.inventory.capacity))


@dataclass(frozen=True, slots=True)
class TraitsChanged:
    """`provider_traits.changed`."""

    provider: ProviderId
    row: RowId
    generation: int
    before: frozenset[Trait]
    after: frozenset[Trait]


@dataclass(frozen=True, slots=True)
class AggregatesChanged:
    """`provider_aggregates.changed`."""

    provider: ProviderId
    row: RowId
    generation: int
    before: frozenset[AggregateId]
    after: frozenset[AggregateId]


@dataclass(frozen=True, slots=True)
class ClassCreated:
    """`resource_class.created`."""

    name: ResourceClass


@dataclass(frozen=True, slots=True)
class ClassRenamed:
    """`resource_class.renamed`."""

    name: ResourceClass
    new_name: ResourceClass


@dataclass(frozen=True, slots=True)
class ClassDeleted:
    """`resource_class.deleted`."""

    name: ResourceClass


@dataclass(frozen=True, slots=True)
class TraitCreated:
    """`trait.created`."""

    name: Trait


@dataclass(frozen=True, slots=True)
class TraitDeleted:
    """`trait.deleted`."""

    name: Trait


Change = (
    AllocationsGranted
    | AllocationsReleased
    | ProviderCreated
    | ProviderUpdated
    | ProviderDeleted
    | ProviderStateChanged
    | ProvidersReshaped
    | InventoryChanged
    | TraitsChanged
    | AggregatesChanged
    | ClassCreated
    | ClassRenamed
    | ClassDeleted
    | TraitCreated
    | TraitDeleted
)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A claim that took effect, or (`changed` false) found its effect already there."""

    claim: ClaimId
    changed: bool
    outcome: Change
    consequences: tuple[Change, ...] = field(default=())


Outcome = Accepted | Rejected
