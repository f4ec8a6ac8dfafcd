"""What to lock, compare and write if the generations still stand. Lists are sorted by id, and so are locks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from worker.placement.ids import AggregateId, ConsumerId, ProviderId, ResourceClass, RowId, State, Trait
from worker.placement.inventory import Inventory
from worker.placement.outcomes import Outcome
from worker.placement.snapshot import ProviderRow

Version = tuple[RowId, int]
"""(row id, generation): what a decision rested on; a row made anew has another row id."""


@dataclass(frozen=True, slots=True)
class NewProvider:
    """A provider to insert, at `generation` (0, plus one for each later claim of the batch that changed it)."""

    row: RowId
    id: ProviderId
    name: str
    generation: int
    state: State
    parent: ProviderId | None
    root: ProviderId


class ProviderAdvance(NamedTuple):
    """A provider whose generation goes from `generation_from` to `generation_to`, nothing else of its own row."""

    row: RowId
    id: ProviderId
    generation_from: int
    generation_to: int


@dataclass(frozen=True, slots=True)
class ProviderEdit:
    """A provider whose own row changes: guarded by `generation_from`, with the new values whole."""

    row: RowId
    id: ProviderId
    generation_from: int
    generation_to: int
    name: str
    state: State
    parent: ProviderId | None
    root: ProviderId


@dataclass(frozen=True, slots=True)
class InventoryPut:
    """An inventory to insert or overwrite, with its counter; `provider` may be one that this plan inserts."""

    provider: RowId
    resource_class: ResourceClass
    inventory: Inventory
    used: int


class UsedPut(NamedTuple):
    """A counter to overwrite where the inventory itself stays."""

    provider: RowId
    resource_class: ResourceClass
    used: int


class ConsumerPut(NamedTuple):
    """A consumer to insert (`row` and `generation_from` None) or to update."""

    id: ConsumerId
    row: RowId | None
    project: str
    user: str
    type: str | None
    generation_from: int | None
    generation_to: int


class AllocationPut(NamedTuple):
    """An allocation to insert or overwrite; the consumer may be one that this plan inserts, hence its id."""

    consumer: ConsumerId
    provider: RowId
    resource_class: ResourceClass
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Writes:
    """All rows that differ from the snapshot once the batch's granted claims are in."""

    classes_created: tuple[ResourceClass, ...] = ()
    classes_renamed: tuple[tuple[ResourceClass, ResourceClass], ...] = ()
    classes_deleted: tuple[ResourceClass, ...] = ()
    traits_created: tuple[Trait, ...] = ()
    traits_deleted: tuple[Trait, ...] = ()
    providers_created: tuple[NewProvider, ...] = ()
    providers_advanced: tuple[ProviderAdvance, ...] = ()
    providers_edited: tuple[ProviderEdit, ...] = ()
    providers_deleted: tuple[tuple[RowId, int], ...] = ()
    inventories_put: tuple[InventoryPut, ...] = ()
    used_put: tuple[UsedPut, ...] = ()
    inventories_deleted: tuple[tuple[RowId, ResourceClass], ...] = ()
    traits_linked: tuple[tuple[RowId, Trait], ...] = ()
    traits_unlinked: tuple[tuple[RowId, Trait], ...] = ()
    aggregates_linked: tuple[tuple[RowId, AggregateId], ...] = ()
    aggregates_unlinked: tuple[tuple[RowId, AggregateId], ...] = ()
    consumers_put: tuple[ConsumerPut, ...] = ()
    consumers_deleted: tuple[tuple[RowId, int], ...] = ()
    allocations_put: tuple[AllocationPut, ...] = ()
    allocations_deleted: tuple[tuple[RowId, RowId, ResourceClass], ...] = ()
    """(consumer, provider, class), those of deleted consumers included."""

    @property
    def are_allocations(self) -> bool:
        """Whether nothing is written but who holds how much, and what follows from that."""
        return not (
            self.classes_created
            or self.classes_renamed
            or self.classes_deleted
            or self.traits_created
            or self.traits_deleted
            or self.providers_created
            or self.providers_edited
            or self.providers_deleted
            or self.inventories_put
            or self.inventories_deleted
            or self.traits_linked
            or self.traits_unlinked
            or self.aggregates_linked
            or self.aggregates_unlinked
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A whole batch, decided: outcomes in claim order, the rows they rest on, and what to write.

    `providers` and `consumers` are the rows to lock and compare (written or relied on); None: must not exist.
    `left`: the providers among them that are written, as they will be; only where `writes` are of allocations alone.
    `carried`: positions (in the batch) of claims that need a row outside `lockable`; they have no outcome.
    `undecided`: how many claims at the end of the batch there was no time for; they have none either.
    """

    outcomes: tuple[Outcome, ...]
    writes: Writes
    providers: Mapping[ProviderId, Version | None] = field(default_factory=dict)
    consumers: Mapping[ConsumerId, Version | None] = field(default_factory=dict)
    left: Mapping[ProviderId, ProviderRow] = field(default_factory=dict)
    carried: tuple[int, ...] = ()
    undecided: int = 0


@dataclass(frozen=True, slots=True)
class Lockable:
    """The rows that are locked already: the only ones a second decision may rest on."""

    providers: frozenset[ProviderId]
    consumers: frozenset[ConsumerId]


@dataclass(frozen=True, slots=True)
class Locked:
    """What the lock statements found: the version of each row named by a plan that exists now."""

    providers: Mapping[ProviderId, Version]
    consumers: Mapping[ConsumerId, Version]
