"""Trees as the exact search wants them: rows made from the columns when they are looked at, the latest kept."""

from typing import Final

from worker.placement.fleet.forest import Forest
from worker.placement.fleet.table import NOBODY, Table
from worker.placement.ids import ProviderId
from worker.placement.search.tree import Tree
from worker.placement.snapshot import ProviderRow

ROWS_MAX: Final = 8_192
"""Rows kept, about a kilobyte each."""


class Trees:
    """The forest tree by tree. `forget` must be told of every slot that changes."""

    __slots__ = ("_forest", "_rows", "_table")

    def __init__(self, table: Table, forest: Forest) -> None:
        self._table, self._forest = table, forest
        self._rows: dict[int, ProviderRow] = {}

    def forget(self, slot: int) -> None:
        """The row of this slot is another now."""
        self._rows.pop(slot, None)

    def row(self, slot: int) -> ProviderRow:
        """The row of a slot that holds a provider."""
        row = self._rows.get(slot)
        if row is None:
            if len(self._rows) >= ROWS_MAX:
                self._rows.clear()
            row = self._rows[slot] = self._table.row(slot)
        return row

    def tree(self, root: int) -> Tree:
        """The whole tree of a root, with what is shared with it, as of the last `settle`."""
        name = self._table.ids[root]
        if self._forest.plain.view[root]:
            return Tree(name, {name: self.row(root)}, {}, {})
        givers = self._forest.real.of(root).tolist()
        members = {slot for slot in givers if self._table.root.view[slot] == root}
        shared = set(givers) - members
        return Tree(name, self._rows_of(members), self._rows_of(shared), self._rows_of(self._above(shared)))

    def _rows_of(self, slots: set[int]) -> dict[ProviderId, ProviderRow]:
        ids = self._table.ids
        return {ids[slot]: self.row(slot) for slot in sorted(slots, key=ids.__getitem__)}

    def _above(self, shared: set[int]) -> set[int]:
        parent, above = self._table.parent.view, set()
        for slot in shared:
            step = parent[slot]
            while step != NOBODY:
                above.add(step)
                step = parent[step]
        return above - shared
