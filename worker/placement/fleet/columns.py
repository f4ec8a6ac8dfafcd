"""The resident view: satisfies the search's `Fleet` for as many providers as there are."""

from collections.abc import Mapping, Sequence

from worker.placement.explanation import Explanation
from worker.placement.fleet.chooser import Chooser
from worker.placement.fleet.explainer import Explainer
from worker.placement.fleet.forest import Forest
from worker.placement.fleet.journal import Move, Put
from worker.placement.fleet.view import View
from worker.placement.ids import Amounts, ProviderId, ResourceClass, RowId
from worker.placement.inventory import Stock
from worker.placement.request import Candidate, Request
from worker.placement.search.order import relying_on_trees
from worker.placement.search.tree import Tree
from worker.placement.snapshot import ProviderRow


class Columns:
    """All providers in columns. `load` and `refresh` bring what is committed, and stand at once.

    Neither may come while something is put, moved or dropped that is not kept or undone.
    """

    def __init__(self) -> None:
        """A view of no providers."""
        self._view = View()
        self._chooser = Chooser(self._view)
        self._explainer = Explainer(self._view)
        self._journal: list[Move | Put] = []

    def __len__(self) -> int:
        """How many providers there are."""
        return self._view.table.count

    def load(self, rows: Sequence[ProviderRow]) -> None:
        """Some of all the providers; the rest is loaded before anything is searched."""
        assert not self._journal  # noqa: S101
        self._view.forest.unsettle()
        for row in rows:
            self._view.table.put(row)
        self._view.changes.everything()

    def refresh(self, rows: Sequence[ProviderRow], gone: Sequence[RowId]) -> None:
        """Providers as they were read since: taken where (row id, generation) is newer, dropped where gone."""
        assert not self._journal  # noqa: S101
        table = self._view.table
        for row in rows:
            slot = table.index.get(row.id)
            if slot is None or (table.row_id.view[slot], table.generation.view[slot]) < (row.row, row.generation):
                self._write(row)
        for slot in table.slots_of(gone):
            self._erase(table.ids[slot])

    def row(self, provider: ProviderId) -> ProviderRow | None:
        """The provider, None where there is none."""
        slot = self._view.table.index.get(provider)
        return self._view.trees.row(slot) if slot is not None and self._view.table.holds(slot) else None

    def roots(self) -> Sequence[ProviderId]:
        """All providers without a parent, sorted."""
        table, forest = self._view.table, self._settled()
        return sorted(table.ids[slot] for slot in forest.all.roots.tolist())

    def tree(self, root: ProviderId) -> Tree:
        """The tree of a root, which must exist."""
        self._settled()
        return self._view.trees.tree(self._view.table.index[root])

    def promising(self, request: Request, credit: Amounts) -> Sequence[ProviderId]:
        """Roots, sorted: at least all those under which there is a candidate."""
        self._settled()
        return self._chooser.promising(request, credit)

    def choose(
        self, request: Request, credit: Amounts, seed: str, among: frozenset[ProviderId] | None
    ) -> Candidate | None:
        """The first candidate by the request's strategy, whatever its limit; None only where there is none at all."""
        self._settled()
        first = self._chooser.choose(request, credit, seed, among)
        named = any(group.in_tree is not None for group in request.groups.values())
        return relying_on_trees(first, request, self) if first is not None and named else first

    def explain(self, request: Request, credit: Amounts) -> Explanation:
        """How many were left after each step, and what came nearest."""
        self._settled()
        return self._explainer.explain(request, credit)

    def put(self, row: ProviderRow) -> None:
        """The provider is now as this row says; it was made or changed."""
        self._journal.append(Put(row.id, self.row(row.id)))
        self._write(row)

    def move(self, provider: ProviderId, generation: int, stocks: Mapping[ResourceClass, Stock]) -> None:
        """Only the generation and what is used changed; the provider must exist, with these inventories."""
        table = self._view.table
        slot = table.index[provider]
        before: list[tuple[ResourceClass, int]] = []
        # first of all, so that nothing that fails halfway is left
        self._journal.append(Move(provider, table.generation.view[slot], before))
        for name, (_, used) in stocks.items():
            view = table.classes[name].used.view
            if view[slot] != used:
                before.append((name, view[slot]))
                view[slot] = used
        table.generation.view[slot] = generation
        self._view.touch(slot)

    def drop(self, provider: ProviderId) -> None:
        """The provider, which must exist and have no children, is gone."""
        self._journal.append(Put(provider, self.row(provider)))
        self._erase(provider)

    def keep(self) -> None:
        """What was put, moved and dropped since the last `keep` or `undo` stands."""
        self._journal.clear()

    def undo(self) -> None:
        """What was put, moved and dropped since the last `keep` or `undo` never happened."""
        for change in reversed(self._journal):
            match change:
                case Move(provider, generation, used):
                    self._move_back(self._view.table.index[provider], generation, used)
                case Put(provider, None):
                    self._erase(provider)
                case Put(_, row):
                    assert row is not None  # noqa: S101
                    self._write(row)
        self._journal.clear()

    def _move_back(self, slot: int, generation: int, used: list[tuple[ResourceClass, int]]) -> None:
        for name, amount in used:
            self._view.table.classes[name].used.view[slot] = amount
        self._view.table.generation.view[slot] = generation
        self._view.touch(slot)

    def _write(self, row: ProviderRow) -> None:
        view, table = self._view, self._view.table
        slot = table.index.get(row.id)
        known = slot is not None
        before = looks = None
        if slot is not None and table.holds(slot):
            before, looks = view.forest.place(slot), table.looks(slot)
            view.touch(slot)
        slot = table.put(row)
        view.forest.moved(slot, before, known)
        view.touch(slot)
        if table.looks(slot) != looks:
            view.changes.looks += 1

    def _erase(self, provider: ProviderId) -> None:
        view = self._view
        slot = view.table.index[provider]
        before = view.forest.place(slot)
        view.touch(slot)
        view.table.drop(provider)
        view.forest.moved(slot, before, known=True)
        view.changes.looks += 1

    def _settled(self) -> Forest:
        self._view.forest.settle()
        return self._view.forest
