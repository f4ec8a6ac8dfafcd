"""One request's search of the fleet, which remembers its best trees from one use to the next."""

from collections.abc import Collection, Set
from typing import Final, NamedTuple

import numpy as np

from worker.placement.fleet.alone import Alone
from worker.placement.fleet.bounds import NEVER, Bounds
from worker.placement.fleet.grove import Grove
from worker.placement.fleet.leaders import Leaders
from worker.placement.fleet.vector import Numbers, Slots
from worker.placement.fleet.view import View
from worker.placement.ids import Amounts, ProviderId
from worker.placement.request import Candidate, Request, Strategy
from worker.placement.search.ask import Ask, Terms
from worker.placement.search.find import Found, ranked
from worker.placement.search.score import seed_number

PENDING_MAX: Final = 512
"""Changed trees tested one by one; with more of them all trees are tested at once, as quickly."""
ALONE_MAX: Final = 24
"""Changed plain trees tested singly; with more of them it is quicker to test all of them at once."""
SINGLY_MAX: Final = 2
"""Changed real trees searched without bounding them first."""


class First(NamedTuple):
    """The first candidate of some trees, with its rank."""

    rank: float
    anchor: ProviderId
    candidate: Candidate


class Shape:
    """A request and its leading trees; the strategy `random` is for a single use, for its ranks are of one seed.

    `within`: only trees of these roots, only the providers of `among`; such a search is for a single use too.
    """

    __slots__ = (
        "_alone", "_among", "_ask", "_exact", "_leaders", "_looks", "_position", "_seed", "_version", "_view",
        "_vocabulary", "_within",
    )  # fmt: skip

    def __init__(
        self, ask: Ask, view: View, seed: str = "",
        within: set[int] | None = None, among: frozenset[ProviderId] | None = None,
    ) -> None:  # fmt: skip
        self._ask, self._view, self._seed, self._within, self._among = ask, view, seed, within, among
        self._leaders = Leaders(view.table)
        self._alone: Alone | None = None
        self._exact: dict[int, float] = {}
        self._position = self._looks = self._version = self._vocabulary = -1

    def first(self, apart: set[int]) -> First | None:
        """The first candidate under the roots that are not `apart`."""
        self._catch_up()
        looked: dict[int, Found | None] = {}
        while True:
            if self._leaders.spent:
                self._take()
            best = self._leaders.best(apart)
            if best is None:
                if self._leaders.spent:
                    continue
                return None
            root, rank = best
            if self._alone is not None and self._view.forest.plain.view[root]:
                return First(rank, self._view.table.ids[root], self._alone.candidate(root))
            if root not in looked:
                looked[root] = self.look(root, {})
            found = looked[root]
            self._exact[root] = NEVER if found is None else found.rank
            if found is not None and found.rank == rank:
                return First(rank, found.candidate.anchor, found.candidate)
            self._leaders.change(root, None if found is None else found.rank)

    def look(self, root: int, credit: Amounts) -> Found | None:
        """The best under one root, searched exactly."""
        tree = self._view.trees.tree(root)
        return next(ranked(self._ask, tree, Terms(credit, self._seed, self._among), once=True), None)

    def roots(self) -> Slots:
        """The roots under which there may be a candidate, with no credit."""
        self._catch_up()
        plain, _ = self._plain()
        grove = self._grove()
        return np.concatenate([plain, grove.roots[Bounds(self._ask, self._view.table, grove).possible()]])

    def _catch_up(self) -> None:
        view, alone = self._view, self._alone
        log = view.changes.since(self._position)
        self._position = view.changes.end
        looks, version = view.looks, view.forest.version
        if log is not None and len(log) and alone is not None and self._looks == looks:
            log = log[alone.sieve.minds[log]]
        changed = _NOTHING if log is None or not len(log) else set(log.tolist())
        stale = log is None or self._version != version
        if stale:
            self._exact.clear()
        if stale or self._vocabulary != view.table.vocabulary or len(changed) > PENDING_MAX or self._leaders.spent:
            self._begin(changed)
        elif changed:
            self._retest(changed)

    def _begin(self, changed: Set[int]) -> None:
        view, request = self._view, self._ask.request
        for root in changed:
            self._exact.pop(root, None)
        self._looks, self._version, self._vocabulary = view.looks, view.forest.version, view.table.vocabulary
        if lone(request):
            self._alone = Alone(request, view.table, view.sieves.sieve(request, view.looks))
        self._leaders.spent = True

    def _retest(self, changed: Set[int]) -> None:
        view, alone = self._view, self._alone
        if self._looks != view.looks:
            self._looks = view.looks
            if alone is not None:
                alone.sieve = view.sieves.sieve(self._ask.request, view.looks)
        if alone is None:
            self._retest_real(changed)
            return
        plain, flags, change = view.forest.plain.view, alone.sieve.flags, self._leaders.change
        lone = [root for root in changed if plain[root]]
        if len(lone) > ALONE_MAX:
            slots = np.array(lone)
            ranks = dict(zip(*(numbers.tolist() for numbers in alone.ranks(slots[flags[slots]])), strict=True))
            for root in lone:
                change(root, ranks.get(root))
        else:
            for root in lone:
                change(root, alone.rank(root) if flags[root] else None)
        if len(lone) < len(changed):
            self._retest_real(changed - set(lone))

    def _retest_real(self, changed: Collection[int]) -> None:
        roots, upper = self._real(self._grove().only(changed), bounded=len(changed) > SINGLY_MAX)
        ranks = dict(zip(roots.tolist(), upper.tolist(), strict=True))
        for root in changed:
            self._exact.pop(root, None)
            rank = ranks.get(root, NEVER)
            self._leaders.change(root, None if rank == NEVER else rank)

    def _take(self) -> None:
        plain, ranks = self._plain()
        real, upper = self._real(self._grove())
        for place, root in enumerate(real.tolist() if self._exact else ()):
            upper[place] = self._exact.get(root, upper[place])
        hopeful = upper > NEVER
        self._leaders.take(
            self._view.table, np.concatenate([plain, real[hopeful]]), np.concatenate([ranks, upper[hopeful]])
        )

    def _plain(self) -> tuple[Slots, Numbers]:
        """Plain trees that meet the request, and their exact ranks."""
        if self._alone is None:
            return np.zeros(0, np.int64), np.zeros(0)
        slots, ranks = self._alone.ranks(self._alone.passing(self._within))
        return slots, ranks + self._luck(slots)

    def _real(self, grove: Grove, *, bounded: bool = True) -> tuple[Slots, Numbers]:
        """The trees of a grove, and what their ranks are at most."""
        if not bounded:
            return grove.roots, np.full(len(grove.roots), np.inf)
        return grove.roots, Bounds(self._ask, self._view.table, grove).upper() + self._luck(grove.roots)

    def _luck(self, roots: Slots) -> Numbers:
        random = self._ask.request.strategy is Strategy.RANDOM
        return self._view.draws(seed_number(self._seed), roots) if random else np.zeros(len(roots))

    def _grove(self) -> Grove:
        forest = self._view.forest
        grove = forest.real if self._alone is not None else forest.all
        return grove if self._within is None else grove.only(self._within)


def lone(request: Request) -> bool:
    """Whether one provider that stands alone would meet all of the request by itself."""
    return len(request.groups) == 1 and not request.same_subtree


_NOTHING: Final[frozenset[int]] = frozenset()
