"""Candidates of a whole fleet, in the order in which they are offered."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain, islice
from typing import Final

from worker.placement.ids import Amounts, ProviderId
from worker.placement.request import Candidate, Request, Strategy
from worker.placement.search.ask import Terms, ask_of, homed
from worker.placement.search.find import LOOKED_AT_MAX, Found, in_order, ranked
from worker.placement.search.fleet import Fleet
from worker.placement.search.score import draw, seed_number

LISTED_MAX: Final = 20_000
"""Candidates that are put in order where there is no limit, beyond one of each host: some tens of megabytes.

More than a reply ever lists, so that what is left out is told as truncated.
"""

Place = tuple[float, int, tuple[int, ...]]
Stream = Iterator[tuple[Place, Found]]


def candidates(
    request: Request, fleet: Fleet, credit: Amounts, seed: str = "", among: frozenset[ProviderId] | None = None
) -> Iterator[Candidate]:
    """What the fleet offers, by the request's strategy, each candidate once, under the first anchor it was found for.

    Without a limit: all of them, best first; where they have to be sorted, not many more than `LISTED_MAX`.
    With one: the best of each host, best first, then the second best of each and so on, trying interchangeable
    providers once; then all the others.
    `seed` is for the strategy `random`, where the request has none. `among`: only these may give.
    """
    own = seed if request.seed is None else request.seed
    search = _Hosts(request, fleet, Terms(credit, own, among))
    if request.limit is None:
        return search.all()
    return islice(search.by_host(), request.limit)


def choose(
    request: Request, fleet: Fleet, credit: Amounts, seed: str, among: frozenset[ProviderId] | None
) -> Candidate | None:
    """The first candidate, whatever the request's limit; None where there is none."""
    return next(candidates(replace(request, limit=1), fleet, credit, seed, among), None)


def relying_on_trees(candidate: Candidate, request: Request, fleet: Fleet) -> Candidate:
    """The candidate, resting also on the providers by which an `in_tree` names a tree."""
    named = [group.in_tree for group in request.groups.values() if group.in_tree is not None]
    known = candidate.relied.union(name for name in named if fleet.row(name) is not None)
    return replace(candidate, relied=known.difference(candidate.allocations)) if named else candidate


class _Hosts:
    """One search of a fleet, host by host."""

    def __init__(self, request: Request, fleet: Fleet, terms: Terms) -> None:
        here = homed(request, lambda provider: None if (row := fleet.row(provider)) is None else row.root)
        self._ask, self._request, self._fleet, self._terms = ask_of(here), request, fleet, terms
        self._seen: set[object] = set()
        self._fruitful: dict[int, ProviderId] = {}
        roots: Iterable[ProviderId] = fleet.promising(here, terms.credit)
        if request.strategy is Strategy.RANDOM:
            number = seed_number(terms.seed)
            roots = sorted(roots, key=lambda root: -draw(number, root))
        self._roots = roots

    def all(self) -> Iterator[Candidate]:
        """Everything there is, best first."""
        roots = enumerate(self._roots)
        found: Stream
        if in_order(self._request):
            found = chain.from_iterable(self._host(number, root, once=False) for number, root in roots)
        else:
            found = iter(sorted(self._listed(roots), key=_place))
        return (self._told(one) for _, one in self._fresh(found))

    def _listed(self, roots: Iterable[tuple[int, ProviderId]]) -> Stream:
        """All there is under each root, or one each where there is too much of it."""
        room = LISTED_MAX
        for number, root in roots:
            for one in self._host(number, root, once=False, most=max(room, 1)):
                room -= 1
                yield one

    def by_host(self) -> Iterator[Candidate]:
        """Those that differ in kind, round by round of all hosts; then everything else."""
        kinds = (self._host(number, root, once=True) for number, root in enumerate(self._roots))
        yield from (self._told(found) for _, found in self._rounds(map(self._fresh, kinds)))
        most = max(self._request.limit or 0, LOOKED_AT_MAX)
        others = (self._host(number, root, once=False, most=most) for number, root in sorted(self._fruitful.items()))
        yield from (self._told(found) for _, found in self._rounds(map(self._fresh, others)))

    def _rounds(self, streams: Iterable[Stream]) -> Stream:
        while True:
            going: list[Stream] = []
            firsts = _firsts(streams, going)
            yield from firsts if in_order(self._request) else sorted(firsts, key=_place)
            if not going:
                return
            streams = going

    def _host(self, number: int, root: ProviderId, *, once: bool, most: int = LOOKED_AT_MAX) -> Stream:
        tree = self._fleet.tree(root)
        for found in ranked(self._ask, tree, self._terms, once=once, most=most):
            self._fruitful[number] = root
            yield (-found.rank, number, found.picks), found

    def _fresh(self, stream: Stream) -> Stream:
        """Those not seen yet: candidates that differ in their anchor alone are one."""
        for place, found in stream:
            allocations = found.candidate.allocations.items()
            amounts = tuple((name, tuple(some.items())) for name, some in allocations)
            key = (amounts, tuple(found.candidate.mappings.items()))
            if key not in self._seen:
                self._seen.add(key)
                yield place, found

    def _told(self, found: Found) -> Candidate:
        return relying_on_trees(found.candidate, self._request, self._fleet)


def _firsts(streams: Iterable[Stream], going: list[Stream]) -> Stream:
    """The next of each stream; those that had one are added to `going`."""
    for stream in streams:
        first = next(stream, None)
        if first is not None:
            going.append(stream)
            yield first


def _place(one: tuple[Place, Found]) -> Place:
    return one[0]
