"""Some providers, or all, looked at at once: their part of each column, by position."""

import numpy as np

from worker.placement.fleet.grove import Grove
from worker.placement.fleet.table import NOBODY, Table
from worker.placement.fleet.vector import Flags, Numbers, Slots, Vector
from worker.placement.ids import AggregateId, Amounts, ResourceClass, Trait


class Plot:
    """A selection of slots. `grove`: its trees, in positions, where what one has matters to the others of its tree."""

    __slots__ = ("_slots", "_table", "grove", "size")

    def __init__(self, table: Table, slots: Slots | None = None, grove: Grove | None = None) -> None:
        """These slots, each once; None: all there are."""
        self._table, self._slots, self.grove = table, slots, grove
        self.size = table.size if slots is None else len(slots)

    @classmethod
    def of_trees(cls, table: Table, trees: Grove) -> "Plot":
        """All that may give under the roots of these trees."""
        slots, positions = np.unique(trees.slots, return_inverse=True)
        return cls(table, slots, Grove(positions, np.repeat(trees.roots, np.diff(trees.starts))))

    def column(self, vector: Vector) -> Numbers:
        """The numbers of a column, not to be written to."""
        return vector.array[: self.size] if self._slots is None else vector.array[self._slots]

    def slots(self, positions: Slots | None = None) -> Slots:
        """The slots at these positions, or all."""
        if positions is None:
            return np.arange(self.size) if self._slots is None else self._slots
        return positions if self._slots is None else self._slots[positions]

    def there(self) -> Flags:
        """Whether there is a provider."""
        return np.asarray(self.column(self._table.row_id) != NOBODY)

    def having(self, any_of: frozenset[Trait]) -> Flags:
        """Whether it has one of the traits."""
        having = np.zeros(self.size, np.bool_)
        for trait in any_of & self._table.traits.keys():
            having |= self.column(self._table.traits[trait])
        return having

    def members(self, any_of: frozenset[AggregateId], *, by_root: bool) -> Flags:
        """Whether it is a member of one of the aggregates, or, if `by_root`, its root is."""
        table, roots = self._table, self.column(self._table.root)
        if self._slots is None:
            members = table.members(any_of)
            return members | members[roots] if by_root else members
        of, slots = table.aggregates_of, self._slots.tolist()
        members = np.array([not any_of.isdisjoint(of[slot]) for slot in slots], np.bool_)
        if by_root:
            members |= np.array([not any_of.isdisjoint(of[root]) for root in roots.tolist()], np.bool_)
        return members

    def held(self, credit: Amounts, name: ResourceClass) -> Numbers | int:
        """How much of a class is held by whom `credit` is."""
        if not credit:
            return 0
        held = np.zeros(self.size, np.int64)
        for position, slot in enumerate(self.slots().tolist()):
            held[position] = credit.get(self._table.ids[slot], {}).get(name, 0)
        return held
