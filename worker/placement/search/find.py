"""All candidates under one anchor: `search_tree`, exact and lazy; `ranked`, in the order of the request's strategy."""

from collections.abc import Iterator, Mapping
from itertools import islice
from operator import attrgetter
from typing import Final, NamedTuple

from worker.placement.ids import Amounts, ProviderId, ResourceClass
from worker.placement.request import Candidate, Request, Strategy
from worker.placement.search.ask import Ask, Terms, ask_of, homed
from worker.placement.search.board import Board, lay
from worker.placement.search.candidate import allowed, as_candidate, sums
from worker.placement.search.kinds import kinds
from worker.placement.search.merge import Merge, Prefer
from worker.placement.search.score import draw, provider_rank, rank, seed_number
from worker.placement.search.tree import Tree
from worker.placement.snapshot import ProviderRow

LOOKED_AT_MAX: Final = 256
"""Candidates of one anchor that a limited search looks at for the best, the most promising first: some milliseconds."""


class Found(NamedTuple):
    """A candidate and its place among those of its anchor: the highest rank first, then by `picks`."""

    rank: float
    picks: tuple[int, ...]
    candidate: Candidate

    @property
    def place(self) -> tuple[float, tuple[int, ...]]:
        """What to sort by."""
        return -self.rank, self.picks


def search_tree(
    request: Request, tree: Tree, credit: Amounts, among: frozenset[ProviderId] | None = None
) -> Iterator[Candidate]:
    """Every candidate under this anchor, each once, by provider ids; what an `in_tree` of another tree names is a root.

    `among`: only these may give. Lazy: takes as long as the candidates that are asked for.
    """
    here = homed(request, lambda provider: tree.root if provider in tree.members else None)
    board = lay(ask_of(here), tree, Terms(credit, among=among), _by_id(tree))
    if board is not None:
        yield from (found.candidate for found in _finds(board, None, None))


def has_candidate(request: Request, tree: Tree, credit: Amounts) -> bool:
    """Whether there is any candidate under this anchor; interchangeable providers are tried once."""
    here = homed(request, lambda provider: tree.root if provider in tree.members else None)
    board = lay(ask_of(here), tree, Terms(credit), _by_id(tree))
    return board is not None and next(_finds(board, kinds(board), None), None) is not None


def in_order(request: Request) -> bool:
    """Whether candidates of an anchor come in order without looking at all of them."""
    return request.strategy in {Strategy.FIRST, Strategy.RANDOM} and not request.preferred


def ranked(ask: Ask, tree: Tree, terms: Terms, *, once: bool, most: int = LOOKED_AT_MAX) -> Iterator[Found]:
    """Candidates under this anchor, best first; `once`: interchangeable providers are tried once.

    `terms.seed` is the request's own where it has one. What has to be sorted ends after `most` candidates, and the
    best is sought among so many of the most promising.
    """
    request = ask.request
    random = request.strategy is Strategy.RANDOM
    number = seed_number(terms.seed) if random else 0
    givers = _by_id(tree)
    if random:
        givers = tuple(sorted(givers, key=lambda row: draw(number, row.id)))
    board = lay(ask, tree, terms, givers)
    if board is None:
        return
    alike = kinds(board) if once else None
    lucky = draw(number, tree.root) / 2.0**64 if random else 0.0
    if in_order(request):
        yield from (found._replace(rank=lucky) for found in _finds(board, alike, None))
        return
    finds = islice(_finds(board, alike, _prefer(board)), most)
    scored = [found._replace(rank=lucky + _rank(board, found.candidate)) for found in finds]
    yield from sorted(scored, key=attrgetter("place"))


def _by_id(tree: Tree) -> tuple[ProviderRow, ...]:
    if not tree.shared:
        return tuple(tree.members.values())
    return tuple(sorted([*tree.members.values(), *tree.shared.values()], key=attrgetter("id")))


def _finds(board: Board, alike: tuple[int, ...] | None, prefer: Prefer | None) -> Iterator[Found]:
    merge = Merge(board, alike, prefer)
    subtrees = merge.subtrees
    for chosen in merge:
        allocations = sums(board, chosen)
        if board.credit and not allowed(board, chosen, allocations):
            continue
        groups = {wish.name: board.givers[g].id for wish, g in zip(board.ask.wishes, chosen, strict=True) if wish.name}
        for number, standing in enumerate(subtrees.standings(groups)):
            candidate = as_candidate(board, subtrees, chosen, allocations, {**groups, **standing})
            yield Found(0.0, (*chosen, number), candidate)


def _rank(board: Board, candidate: Candidate) -> float:
    request = board.ask.request
    return rank(request.strategy, request.preferred, board.tree.row, board.credit, candidate.allocations)


def _prefer(board: Board) -> Prefer:
    """How good a provider alone would be: not the last word, but the better ones are found early."""
    request, credit = board.ask.request, board.credit

    def prefer(giver: int, amounts: Mapping[ResourceClass, int]) -> float:
        row = board.givers[giver]
        return provider_rank(request.strategy, request.preferred, row, credit.get(row.id, {}), amounts)

    return prefer
