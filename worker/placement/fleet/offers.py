"""Which providers could still take part in meeting a group, all at once: the steps of `search.offers` on columns."""

from collections.abc import Iterable

import numpy as np

from worker.placement.fleet.grove import Grove
from worker.placement.fleet.table import NOBODY, Table
from worker.placement.fleet.vector import Flags
from worker.placement.ids import ResourceClass


class Offers:
    """The slots left, and for a group that is met jointly the trees that are left with them."""

    __slots__ = ("_grove", "_joint", "_needs", "_table", "classes", "left")

    def __init__(self, table: Table, grove: Grove, *, joint: bool) -> None:
        """All providers are left; `grove` is of all trees."""
        self._table, self._grove, self._joint = table, grove, joint
        self._needs: list[Flags] = []
        self.left: Flags = table.row_id.array[: table.size] != NOBODY
        self.classes: dict[ResourceClass, Flags] = {}

    def count(self) -> int:
        """How many are left."""
        return int(np.count_nonzero(self.left))

    def strike(self, passing: Flags) -> None:
        """Only those that pass are left."""
        self.left &= passing
        self._strike_trees()

    def need(self, having: Flags) -> None:
        """From now on each tree must have somebody left that has it; the flags may change later."""
        self._needs.append(having)
        self._strike_trees()

    def open_classes(self, names: Iterable[ResourceClass]) -> None:
        """Each provider offers what it has inventory of among these classes."""
        for name in names:
            columns, size = self._table.classes.get(name), self._table.size
            self.classes[name] = np.zeros(size, np.bool_) if columns is None else columns.capacity.array[:size] >= 0

    def need_class(self, name: ResourceClass) -> None:
        """The class must be offered: by each provider itself, or in each tree by somebody left."""
        if self._joint:
            self.left &= np.logical_or.reduce(list(self.classes.values()))
            self.need(self.classes[name])
        else:
            self.strike(self.classes[name])

    def strike_class(self, name: ResourceClass, passing: Flags) -> None:
        """Those that fail no longer offer the class."""
        offered = self.classes[name]
        offered &= passing | ~self.left
        self.strike(np.logical_or.reduce(list(self.classes.values())) if self._joint else offered)

    def _strike_trees(self) -> None:
        if not self._needs or not len(self._grove.roots):
            return
        slots = self._grove.slots
        good = np.logical_and.reduce([self._grove.largest((self.left & having)[slots]) for having in self._needs])
        kept = np.zeros(len(self.left), np.bool_)
        kept[slots[np.repeat(good, np.diff(self._grove.starts))]] = True
        self.left &= kept
