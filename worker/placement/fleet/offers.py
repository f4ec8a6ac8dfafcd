"""Which providers could still take part in meeting a group, all at once: the steps of `search.offers` on columns."""

from collections.abc import Iterable

import numpy as np

from worker.placement.fleet.plot import Plot
from worker.placement.fleet.table import Table
from worker.placement.fleet.vector import Flags, Numbers
from worker.placement.ids import ResourceClass


class Offers:
    """The providers left of a plot, and for a group that is met jointly the trees that are left with them.

    `survived`: by position, how many counts it has been left for.
    """

    __slots__ = ("_classes", "_joint", "_needs", "_plot", "_table", "left", "survived")

    def __init__(self, table: Table, plot: Plot, *, joint: bool, steps: int) -> None:
        """All providers are left; there will be so many counts at most."""
        self._table, self._plot = table, plot
        self._joint = joint and plot.grove is not None
        self._needs: list[Flags] = []
        self.left = plot.there()
        self._classes: dict[ResourceClass, Flags] = {}
        self.survived: Numbers = np.zeros(plot.size, np.min_scalar_type(steps))

    def count(self) -> None:
        """A step is over."""
        self.survived += self.left

    def strike(self, passing: Flags) -> None:
        """Only those that pass are left."""
        self.left &= passing
        self._strike_trees()

    def need(self, having: Flags) -> None:
        """From now on each tree must have somebody left that has it; the flags may change later."""
        if not self._joint:
            self.strike(having)
            return
        self._needs.append(having)
        self._strike_trees()

    def open_classes(self, names: Iterable[ResourceClass]) -> None:
        """Each provider offers what it has inventory of among these classes."""
        for name in names:
            columns = self._table.classes.get(name)
            nobody = np.zeros(self._plot.size, np.bool_)
            self._classes[name] = nobody if columns is None else self._plot.column(columns.capacity) >= 0

    def need_class(self, name: ResourceClass) -> None:
        """The class must be offered: by each provider itself, or in each tree by somebody left."""
        if self._joint:
            self.left &= np.logical_or.reduce(list(self._classes.values()))
        self.need(self._classes[name])

    def strike_class(self, name: ResourceClass, passing: Flags) -> None:
        """Those that fail no longer offer the class."""
        if self._joint:
            self._classes[name] &= passing | ~self.left
            passing = np.logical_or.reduce(list(self._classes.values()))
        self.strike(passing)

    def lacking(self, name: ResourceClass, room: Flags) -> Flags:
        """Who is left that offers the class, and has no room."""
        return self.left & self._classes[name] & ~room

    def _strike_trees(self) -> None:
        grove = self._plot.grove
        if not self._needs or grove is None or not len(grove.roots):
            return
        good = np.logical_and.reduce([grove.largest((self.left & having)[grove.slots]) for having in self._needs])
        kept = np.zeros(len(self.left), np.bool_)
        kept[grove.slots[np.repeat(good, np.diff(grove.starts))]] = True
        self.left &= kept
