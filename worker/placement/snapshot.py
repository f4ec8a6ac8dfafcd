"""What a batch wants to read, and what it read: one statement, one moment of the committed state."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from worker.placement.ids import AggregateId, Amounts, ConsumerId, ProviderId, ResourceClass, RowId, State, Trait
from worker.placement.inventory import Stock


@dataclass(frozen=True, slots=True)
class Known:
    """Providers as they once were committed, whether with their traits and aggregates or without.

    A version vouches for all of a row but the names of classes, since a class is renamed without its providers: the
    names are those of the snapshot that had this `catalogue`.
    """

    catalogue: int
    rows: "Mapping[ProviderId, ProviderRow]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The rows that the claims of a batch name; tuples are sorted, without repetition.

    Loaded beside them: every provider on which a named consumer holds something. `trees`: providers whose whole tree
    (every provider of the same root) is loaded. `linked`: providers whose traits and aggregates are loaded.
    `held`: providers for which it is told who holds what (`Snapshot.holders`).
    `classes_used`, `traits_used`: names for which it is told which providers use them.
    `new_providers`: how many row ids to reserve. `known`: some of `providers`, given back as they are here where they
    still are at that version.
    """

    providers: tuple[ProviderId, ...] = ()
    consumers: tuple[ConsumerId, ...] = ()
    names: tuple[str, ...] = ()
    classes: tuple[ResourceClass, ...] = ()
    traits: tuple[Trait, ...] = ()
    trees: tuple[ProviderId, ...] = ()
    linked: tuple[ProviderId, ...] = ()
    held: tuple[ProviderId, ...] = ()
    classes_used: tuple[ResourceClass, ...] = ()
    traits_used: tuple[Trait, ...] = ()
    new_providers: int = 0
    known: Known | None = None

    @property
    def details(self) -> bool:
        """Whether more is wanted than allocations need: providers, consumers, and which names exist."""
        links = self.trees or self.linked or self.held
        return bool(links or self.names or self.classes_used or self.traits_used or self.new_providers)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRow:
    """A provider as it was read; `traits` and `aggregates` are empty where not asked for (`Wanted.linked`)."""

    row: RowId
    id: ProviderId
    name: str
    generation: int
    state: State
    parent: ProviderId | None
    root: ProviderId
    created_at: datetime
    updated_at: datetime
    inventories: Mapping[ResourceClass, Stock] = field(default_factory=dict)
    traits: frozenset[Trait] = frozenset()
    aggregates: frozenset[AggregateId] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerRow:
    """A consumer and all it holds; one that holds nothing has no row."""

    row: RowId
    id: ConsumerId
    project: str
    user: str
    type: str | None
    generation: int
    allocations: Amounts


@dataclass(frozen=True, slots=True)
class Users:
    """How many use a thing, and the first few of them by id (`EXAMPLES_MAX` at most)."""

    count: int
    examples: tuple[str, ...]


EXAMPLES_MAX = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All that a batch read. What is not in a mapping did not exist (or, in the last three, was not used).

    `catalogue`: another number once a class was renamed.
    """

    now: datetime
    catalogue: int = 0
    providers: Mapping[ProviderId, ProviderRow] = field(default_factory=dict)
    consumers: Mapping[ConsumerId, ConsumerRow] = field(default_factory=dict)
    names: Mapping[str, ProviderId] = field(default_factory=dict)
    classes: frozenset[ResourceClass] = frozenset()
    traits: frozenset[Trait] = frozenset()
    standard_classes: frozenset[ResourceClass] = frozenset()
    standard_traits: frozenset[Trait] = frozenset()
    new_rows: tuple[RowId, ...] = ()
    holders: Mapping[ProviderId, Mapping[ResourceClass, Users]] = field(default_factory=dict)
    class_users: Mapping[ResourceClass, Users] = field(default_factory=dict)
    trait_users: Mapping[Trait, Users] = field(default_factory=dict)
