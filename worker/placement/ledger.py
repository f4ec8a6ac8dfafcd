"""The snapshot plus what the batch has granted so far: what the next claim of the batch is decided on."""

from collections.abc import Mapping
from copy import copy

from worker.placement.grant import ConsumerState, Grant
from worker.placement.ids import ConsumerId, ProviderId, ResourceClass, RowId, Trait
from worker.placement.outcomes import ProviderLevels
from worker.placement.rows import with_stocks
from worker.placement.snapshot import ProviderRow, Snapshot


class Ledger:
    """State after the granted claims. Rows are values, the snapshot's at first; `apply` alone replaces them.

    What allocations move, the generation and the counters of a provider, is kept beside its row: `levels` has it alone,
    `provider` the row with it, and a row in `providers` tells the rest of it only. `read` has the provider rows as
    they were before the batch: the snapshot's, and those adopted from the fleet.
    """

    __slots__ = (
        "_children",
        "_levels",
        "_new_rows_used",
        "classes",
        "classes_created",
        "classes_deleted",
        "classes_renamed",
        "consumers",
        "consumers_needed",
        "consumers_written",
        "names",
        "names_freed",
        "providers",
        "providers_needed",
        "providers_written",
        "read",
        "snapshot",
        "traits_created",
        "traits_deleted",
    )

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.read: dict[ProviderId, ProviderRow] = dict(snapshot.providers)
        self.providers: dict[ProviderId, ProviderRow] = dict(snapshot.providers)
        self.consumers: dict[ConsumerId, ConsumerState] = dict(snapshot.consumers)
        self.names: dict[str, ProviderId] = dict(snapshot.names)
        self.names_freed: set[str] = set()
        self.providers_written: set[ProviderId] = set()
        self.consumers_written: set[ConsumerId] = set()
        self.providers_needed: set[ProviderId] = set()
        self.consumers_needed: set[ConsumerId] = set()
        self.classes: set[ResourceClass] = {*snapshot.classes, *snapshot.standard_classes}
        self.classes_created: set[ResourceClass] = set()
        self.classes_deleted: set[ResourceClass] = set()
        self.classes_renamed: dict[ResourceClass, ResourceClass] = {}
        self.traits_created: set[Trait] = set()
        self.traits_deleted: set[Trait] = set()
        self._levels: dict[ProviderId, ProviderLevels] = {}
        self._children: dict[ProviderId, set[ProviderId]] | None = None
        self._new_rows_used = 0

    @property
    def next_row(self) -> RowId:
        """The row id for the next provider that is created."""
        return self.snapshot.new_rows[self._new_rows_used]

    def provider(self, provider: ProviderId) -> ProviderRow | None:
        """The provider as it is now."""
        row = self.providers.get(provider)
        levels = self._levels.get(provider)
        if row is None or levels is None or levels.generation == row.generation:
            return row
        row = self.providers[provider] = with_stocks(row, levels.generation, levels.inventories, self.snapshot.now)
        return row

    def levels(self, provider: ProviderId) -> ProviderLevels:
        """The generation and the counters of a provider that exists now."""
        levels = self._levels.get(provider)
        if levels is None:
            row = self.providers[provider]
            levels = self._levels[provider] = ProviderLevels(row.generation, row.row, row.inventories)
        return levels

    def has_trait(self, name: Trait) -> bool:
        """Whether the trait exists now."""
        if name in self.traits_created:
            return True
        known = name in self.snapshot.traits or name in self.snapshot.standard_traits
        return known and name not in self.traits_deleted

    def children(self, provider: ProviderId) -> list[ProviderId]:
        """The children of a provider whose tree is loaded, sorted."""
        if self._children is None:
            self._children = {}
            for row in self.providers.values():
                if row.parent is not None:
                    self._children.setdefault(row.parent, set()).add(row.id)
        return sorted(self._children.get(provider, ()))

    def adopt(self, row: ProviderRow) -> None:
        """Take a provider that the batch did not read itself for one that it did, as this row says it is."""
        self.read[row.id] = self.providers[row.id] = row
        self._put_child(None, row)

    def supposing(self, levels: Mapping[ProviderId, ProviderLevels]) -> "Ledger":
        """The same state, were these the levels of some providers: to be asked, not to be applied to."""
        other = copy(self)
        other._levels = {**self._levels, **levels}
        return other

    def apply(self, grant: Grant) -> None:
        """Put a grant's rows in place."""
        self.providers_needed.update(grant.providers, grant.levels, grant.relied_providers)
        self.consumers_needed.update(grant.consumers, grant.relied_consumers)
        for provider, row in grant.providers.items():
            self._put_provider(provider, row)
        self.providers_written.update(grant.levels)
        self._levels.update(grant.levels)
        for consumer, state in grant.consumers.items():
            self.consumers_written.add(consumer)
            if state is None:
                self.consumers.pop(consumer, None)
            else:
                self.consumers[consumer] = state
        self._put_names(grant)

    def _put_provider(self, provider: ProviderId, row: ProviderRow | None) -> None:
        self.providers_written.add(provider)
        self._levels.pop(provider, None)
        old = self.providers.get(provider)
        if row is None:
            del self.providers[provider]
        else:
            self.providers[provider] = row
            if old is not None and old.name is row.name and old.parent is row.parent:
                return
        if old is None and row is not None:
            self._new_rows_used += 1
        self._put_child(old, row)
        if old is not None and (row is None or row.name != old.name):
            self.names.pop(old.name, None)
            self.names_freed.add(old.name)
        if row is not None:
            self.names[row.name] = provider

    def _put_child(self, old: ProviderRow | None, row: ProviderRow | None) -> None:
        if self._children is None:
            return
        if old is not None and old.parent is not None:
            self._children[old.parent].discard(old.id)
        if row is not None and row.parent is not None:
            self._children.setdefault(row.parent, set()).add(row.id)

    def _put_names(self, grant: Grant) -> None:
        if grant.class_created is not None:
            self.classes.add(grant.class_created)
            self.classes_created.add(grant.class_created)
        if grant.class_deleted is not None:
            self.classes.discard(grant.class_deleted)
            self.classes_deleted.add(grant.class_deleted)
        if grant.class_renamed is not None:
            name, new_name = grant.class_renamed
            self.classes_renamed[name] = new_name
        if grant.trait_created is not None:
            self.traits_created.add(grant.trait_created)
        if grant.trait_deleted is not None:
            self.traits_deleted.add(grant.trait_deleted)
