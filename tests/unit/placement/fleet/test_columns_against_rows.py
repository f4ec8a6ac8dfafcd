"""Whatever happens to a fleet, its columns answer as the plain rows do."""

from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.placement.fleet.fleets import (
    random_credit,
    random_looks,
    random_request,
    random_row,
)
from worker.placement.fleet.columns import Columns
from worker.placement.ids import ProviderId, ResourceClass, RowId
from worker.placement.inventory import Stock
from worker.placement.request import Candidate, Request
from worker.placement.search.find import search_tree
from worker.placement.search.rows import Rows
from worker.placement.snapshot import ProviderRow


class Both:
    """The two fleets side by side, and the rows that both are to show."""

    def __init__(self, random: Random, count: int, flat: float) -> None:
        self.random, self.flat = random, flat
        self.rows: dict[ProviderId, ProviderRow] = {}
        for number in range(1, count + 1):
            row = random_row(random, number * 10, self.rows, flat=flat)
            self.rows[row.id] = row
        self.kept = dict(self.rows)
        self.next_row = count * 10 + 10_000
        self.plain, self.columns = Rows(self.rows.values()), Columns()
        shuffled = random.sample(list(self.rows.values()), len(self.rows))
        self.columns.load(shuffled[: count // 2])
        self.columns.load(shuffled[count // 2 :])
        self.requests = [random_request(random, self.rows) for _ in range(5)]

    def step(self) -> None:
        """One change, or a few, of any kind."""
        step = self.random.choice(
            (self.put_new, self.put_other, self.move, self.move, self.drop, self.shift, self.settle)
        )
        step()

    def put_new(self) -> None:
        number = self.random.randrange(1, 400) * 10 + 5
        self.next_row += 1
        row = replace(random_row(self.random, number, self.rows, flat=self.flat), row=RowId(self.next_row))
        if row.id not in self.rows:
            self._put(row)

    def put_other(self) -> None:
        if self.rows:
            row = random_looks(self.random, self.random.choice(list(self.rows.values())))
            self._put(replace(row, generation=row.generation + 1, name=row.name + "x"))

    def shift(self) -> None:
        """A leaf stands elsewhere, or becomes a root."""
        leaf = self._leaf()
        if leaf is not None:
            above = self.random.choice([None, *(row for row in self.rows.values() if row.id != leaf.id)])
            root = above.root if above else leaf.id
            self._put(replace(leaf, parent=above.id if above else None, root=root, generation=leaf.generation + 1))

    def move(self) -> None:
        if self.rows:
            row = self.random.choice(list(self.rows.values()))
            self._move(row, {name: self.random.choice((0, 1, 2, 4)) for name in row.inventories})

    def drop(self) -> None:
        leaf = self._leaf()
        if leaf is not None:
            del self.rows[leaf.id]
            self.plain.drop(leaf.id)
            self.columns.drop(leaf.id)

    def settle(self) -> None:
        """Keep or undo; then perhaps something is read that others changed."""
        if self.random.random() < 0.5:
            self.plain.keep()
            self.columns.keep()
            self.kept = dict(self.rows)
        else:
            self.plain.undo()
            self.columns.undo()
            self.rows = dict(self.kept)
        if self.random.random() < 0.4:
            self.refresh()

    def refresh(self) -> None:
        """Some rows are newer, some are as they were, some older, one is gone and one made anew."""
        told: list[ProviderRow] = []
        gone: list[RowId] = []
        for row in self.random.sample(list(self.rows.values()), min(len(self.rows), 4)):
            newer = replace(random_looks(self.random, row), generation=row.generation + self.random.choice((-1, 0, 1)))
            told.append(newer)
            if newer.generation > row.generation:
                self.rows[row.id] = newer
                self.plain.put(newer)
        leaf = self._leaf()
        if leaf is not None:
            gone.append(leaf.row)
            del self.rows[leaf.id]
            told = [row for row in told if row.id != leaf.id]
            self.plain.drop(leaf.id)
            if self.random.random() < 0.5:
                self.next_row += 1
                anew = replace(leaf, row=RowId(self.next_row), generation=0)
                told.append(anew)
                self.rows[anew.id] = anew
                self.plain.put(anew)
        self.columns.refresh(told, gone)
        self.plain.keep()
        self.kept = dict(self.rows)

    def choose(self) -> None:
        """Both choose the same; mostly it is taken."""
        request = self.random.choice(self.requests)
        credit = random_credit(self.random, self.rows)
        among = None
        if self.random.random() < 0.2:
            among = frozenset(self.random.sample(list(self.rows), len(self.rows) // 2))
        expected = self.plain.choose(request, credit, "claim", among)
        found = self.columns.choose(request, credit, "claim", among)
        assert found == expected, (request, credit, among)
        if found is not None and self.random.random() < 0.8:
            self._take(found)

    def same(self) -> None:
        """Rows, trees, roots; each tree with a candidate is promising."""
        assert {name: self.columns.row(name) for name in self.rows} == self.rows
        assert len(self.columns) == len(self.rows)
        assert self.columns.roots() == self.plain.roots()
        for root in self.plain.roots():
            tree, expected = self.columns.tree(root), self.plain.tree(root)
            assert tree == expected
            assert [*tree.members, *tree.shared, *tree.beyond] == [
                *expected.members,
                *expected.shared,
                *expected.beyond,
            ]

    def _take(self, candidate: Candidate) -> None:
        for provider, amounts in candidate.allocations.items():
            row = self.rows[provider]
            self._move(row, {name: row.inventories[name].used + amount for name, amount in amounts.items()})

    def _put(self, row: ProviderRow) -> None:
        self.rows[row.id] = row
        self.plain.put(row)
        self.columns.put(row)

    def _move(self, row: ProviderRow, used: dict[ResourceClass, int]) -> None:
        stocks = {name: Stock(stock.inventory, used.get(name, stock.used)) for name, stock in row.inventories.items()}
        self.rows[row.id] = replace(row, generation=row.generation + 1, inventories=stocks)
        self.plain.move(row.id, row.generation + 1, stocks)
        self.columns.move(row.id, row.generation + 1, stocks)

    def _leaf(self) -> ProviderRow | None:
        parents = {row.parent for row in self.rows.values()}
        leaves = [row for row in self.rows.values() if row.id not in parents]
        return self.random.choice(leaves) if leaves else None


def _requests(both: Both) -> list[Request]:
    return [*both.requests, random_request(both.random, both.rows)]


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(0, 40), flat=st.sampled_from((0.3, 0.8, 1.0)))
def test_choices_are_those_of_plain_rows_whatever_changed_between_them(seed: int, count: int, flat: float) -> None:
    both = Both(Random(seed), count, flat)  # noqa: S311
    for _ in range(30):
        both.step()
        both.choose()
        both.choose()
    both.same()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(0, 25), flat=st.sampled_from((0.3, 0.8, 1.0)))
def test_explanations_and_promising_roots_agree_with_plain_rows(seed: int, count: int, flat: float) -> None:
    both = Both(Random(seed), count, flat)  # noqa: S311
    for _ in range(4):
        both.step()
        for request in _requests(both):
            credit = random_credit(both.random, both.rows)
            assert both.columns.explain(request, credit) == both.plain.explain(request, credit)
            promising = list(both.columns.promising(request, credit))
            assert promising == sorted(set(promising))
            hopeful = {root for root in both.plain.roots() if _has_candidate(both, request, root)}
            assert hopeful <= set(promising)


def _has_candidate(both: Both, request: Request, root: ProviderId) -> bool:
    return next(search_tree(request, both.plain.tree(root), {}), None) is not None
