"""A fleet in plain mappings: the reference that says what is right, and quick enough for some thousand providers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from worker.placement.explanation import Explanation
from worker.placement.ids import AggregateId, Amounts, ProviderId, ResourceClass
from worker.placement.inventory import Stock
from worker.placement.request import Candidate, Request
from worker.placement.search.explain import explain
from worker.placement.search.order import choose
from worker.placement.search.tree import SHARES, Tree
from worker.placement.snapshot import ProviderRow


@dataclass(frozen=True, slots=True)
class _Layout:
    """Who stands in which tree, and who shares by which aggregate; each list is sorted."""

    trees: Mapping[ProviderId, list[ProviderId]]
    sharing: Mapping[AggregateId, list[ProviderId]]


class Rows:
    """Satisfies `Fleet`."""

    def __init__(self, rows: Iterable[ProviderRow] = ()) -> None:
        """A fleet of these rows, which stand."""
        self._rows = {row.id: row for row in rows}
        self._before: dict[ProviderId, ProviderRow | None] = {}
        self._laid: _Layout | None = None

    def row(self, provider: ProviderId) -> ProviderRow | None:
        """The provider, None where there is none."""
        return self._rows.get(provider)

    def roots(self) -> Sequence[ProviderId]:
        """All providers without a parent, sorted."""
        return list(self._layout().trees)

    def tree(self, root: ProviderId) -> Tree:
        """The tree of a root, which must exist."""
        layout = self._layout()
        members = {name: self._rows[name] for name in layout.trees[root]}
        by_aggregates = {
            name for row in members.values() for one in row.aggregates for name in layout.sharing.get(one, ())
        }
        shared = {name: self._rows[name] for name in sorted(by_aggregates.difference(members))}
        beyond = {name: self._rows[name] for name in sorted(self._above(shared).difference(shared))}
        return Tree(root, members, shared, beyond)

    def promising(self, request: Request, credit: Amounts) -> Iterable[ProviderId]:
        """All roots: whoever looks at each of them misses none."""
        return self.roots()

    def choose(
        self, request: Request, credit: Amounts, seed: str, among: frozenset[ProviderId] | None
    ) -> Candidate | None:
        """The first candidate by the request's strategy."""
        return choose(request, self, credit, seed, among)

    def explain(self, request: Request, credit: Amounts) -> Explanation:
        """How many were left after each step, and what came nearest."""
        return explain(request, self, credit)

    def put(self, row: ProviderRow) -> None:
        """The provider is now as this row says."""
        self._before.setdefault(row.id, self._rows.get(row.id))
        self._rows[row.id] = row
        self._laid = None

    def move(self, provider: ProviderId, generation: int, stocks: Mapping[ResourceClass, Stock]) -> None:
        """Only the generation and what is used changed."""
        old = self._rows[provider]
        self._before.setdefault(provider, old)
        self._rows[provider] = replace(old, generation=generation, inventories=stocks)

    def drop(self, provider: ProviderId) -> None:
        """The provider is gone."""
        self._before.setdefault(provider, self._rows.pop(provider))
        self._laid = None

    def keep(self) -> None:
        """What was done since the last `keep` or `undo` stands."""
        self._before.clear()

    def undo(self) -> None:
        """What was done since the last `keep` or `undo` never happened."""
        for provider, row in self._before.items():
            if row is None:
                self._rows.pop(provider, None)
            else:
                self._rows[provider] = row
        self._before.clear()
        self._laid = None

    def _above(self, shared: Mapping[ProviderId, ProviderRow]) -> set[ProviderId]:
        above: set[ProviderId] = set()
        for row in shared.values():
            step = row.parent
            while step is not None:
                above.add(step)
                step = self._rows[step].parent
        return above

    def _layout(self) -> _Layout:
        if self._laid is None:
            trees: dict[ProviderId, list[ProviderId]] = {row.id: [] for row in self._sorted() if row.parent is None}
            sharing: dict[AggregateId, list[ProviderId]] = {}
            for row in self._sorted():
                trees[row.root].append(row.id)
                for one in row.aggregates if SHARES in row.traits else ():
                    sharing.setdefault(one, []).append(row.id)
            self._laid = _Layout(trees, sharing)
        return self._laid

    def _sorted(self) -> list[ProviderRow]:
        return sorted(self._rows.values(), key=lambda row: row.id)
