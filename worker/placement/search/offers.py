"""Which providers could still take part in meeting a group, as one step after another strikes some of them."""

from collections.abc import Callable, Iterable, Mapping

from worker.placement.ids import ProviderId, ResourceClass
from worker.placement.snapshot import ProviderRow

RowTest = Callable[[ProviderRow], bool]


class Offers:
    """The providers left, and for the unnamed group the trees that are left with them.

    `joint`: the group is met by several providers of a tree together, so that one that lacks something is still of use
    while another in the tree has it. `serves`: by provider, the roots of the trees that it may give to.
    """

    def __init__(
        self, rows: Mapping[ProviderId, ProviderRow], serves: Mapping[ProviderId, Iterable[ProviderId]], *, joint: bool
    ) -> None:
        """All providers are left."""
        self._left = dict(rows)
        self._serves, self._joint = serves, joint
        self._needs: list[RowTest] = []
        self._classes: dict[ProviderId, set[ResourceClass]] = {}

    def left(self) -> int:
        """How many providers are left."""
        return len(self._left)

    def providers(self) -> list[tuple[ProviderRow, frozenset[ResourceClass]]]:
        """Those left, by id, and which of the classes asked for each still offers."""
        return [(self._left[name], frozenset(self._classes.get(name, ()))) for name in sorted(self._left)]

    def strike_providers(self, test: RowTest) -> None:
        """Only those that pass are left."""
        self._left = {name: row for name, row in self._left.items() if test(row)}
        self._strike_trees()

    def need(self, test: RowTest) -> None:
        """From now on each tree must have somebody left that passes."""
        self._needs.append(test)
        self._strike_trees()

    def open_classes(self, names: Iterable[ResourceClass]) -> None:
        """Each provider offers what it has inventory of among these classes."""
        asked = set(names)
        self._classes = {name: asked & row.inventories.keys() for name, row in self._left.items()}

    def need_class(self, resource_class: ResourceClass) -> None:
        """The class must be offered: by each provider itself, or in each tree by somebody left."""
        if self._joint:
            self._left = {name: row for name, row in self._left.items() if self._classes[name]}
            self.need(lambda row: resource_class in self._classes[row.id])
        else:
            self.strike_providers(lambda row: resource_class in self._classes[row.id])

    def strike_class(self, resource_class: ResourceClass, test: RowTest) -> None:
        """Those that fail no longer offer the class."""
        for name, row in self._left.items():
            if resource_class in self._classes[name] and not test(row):
                self._classes[name].discard(resource_class)
        self.strike_providers(
            lambda row: bool(self._classes[row.id]) if self._joint else self._has(row, resource_class)
        )

    def _has(self, row: ProviderRow, resource_class: ResourceClass) -> bool:
        return resource_class in self._classes[row.id]

    def _strike_trees(self) -> None:
        if not self._needs:
            return
        good = [self._trees(row for row in self._left.values() if test(row)) for test in self._needs]
        trees = set.intersection(*good)
        self._left = {name: row for name, row in self._left.items() if not trees.isdisjoint(self._serves[name])}

    def _trees(self, rows: Iterable[ProviderRow]) -> set[ProviderId]:
        return {root for row in rows for root in self._serves[row.id]}
