"""`same_subtree`: among providers chosen one is an ancestor of all the others, or the same as they."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import product

from worker.placement.ids import ProviderId
from worker.placement.request import GroupName
from worker.placement.search.board import Board


class Subtrees:
    """The `same_subtree` sets of one board."""

    def __init__(self, board: Board) -> None:
        """Lines of ancestors are looked up as they are needed."""
        self._board = board
        self._sets = board.ask.request.same_subtree
        self._lines: dict[ProviderId, frozenset[ProviderId]] = {}
        self._options = {
            wish.name: frozenset(board.givers[giver].id for giver in options)
            for wish, options in zip(board.ask.wishes, board.options, strict=True)
            if any(wish.name in names for names in self._sets)
        }

    def concerns(self, name: GroupName) -> bool:
        """Whether a group with resources stands in any set."""
        return name in self._options

    def hopeful(self, name: GroupName, chosen: Mapping[GroupName, ProviderId]) -> bool:
        """Whether the sets of a group just chosen for can still hold; exact where all their groups are chosen for."""
        return all(self._may_hold(names, chosen) for names in self._sets if name in names)

    def _may_hold(self, names: frozenset[GroupName], chosen: Mapping[GroupName, ProviderId]) -> bool:
        placed = [chosen[name] for name in names if name in chosen]
        above = self._above(placed)
        stands = [name for name in names if name in self._board.standing]
        if stands:
            return all(not above.isdisjoint(self._board.standing[name]) for name in stands)
        if not above.isdisjoint(placed):
            return True
        return any(not above.isdisjoint(self._options[name]) for name in names if name not in chosen)

    def standings(self, chosen: Mapping[GroupName, ProviderId]) -> Iterator[Mapping[GroupName, ProviderId]]:
        """Who may stand for the groups without resources, where all others are chosen for; in order."""
        names = self._board.ask.resourceless
        for stand in product(*[self._may_stand(name, chosen) for name in names]):
            standing = dict(zip(names, stand, strict=True))
            everyone = {**chosen, **standing}
            if all(self.top([everyone[name] for name in one]) is not None for one in self._sets):
                yield standing

    def _may_stand(self, name: GroupName, chosen: Mapping[GroupName, ProviderId]) -> list[ProviderId]:
        below = [chosen[other] for names in self._sets if name in names for other in names if other in chosen]
        stand = self._board.standing[name]
        if not below:
            return list(stand)
        above = self._above(below)
        return [provider for provider in stand if provider in above]

    def top(self, providers: Iterable[ProviderId]) -> ProviderId | None:
        """The one among them that is an ancestor of, or the same as, all of them."""
        these = set(providers)
        above = self._above(these) & these
        return next(iter(above), None)

    def between(self, chosen: Mapping[GroupName, ProviderId]) -> set[ProviderId]:
        """All providers by whose parents it is known that the sets hold: from each one up to the top, both included."""
        known: set[ProviderId] = set()
        for names in self._sets:
            placed = [chosen[name] for name in names]
            top = self.top(placed)
            for provider in placed:
                line = self._board.tree.line(provider)
                known.update(line if top is None else line[: line.index(top) + 1])
        return known

    def _above(self, providers: Iterable[ProviderId]) -> frozenset[ProviderId]:
        above: frozenset[ProviderId] | None = None
        for provider in providers:
            line = self._lines.get(provider)
            if line is None:
                line = self._lines[provider] = frozenset(self._board.tree.line(provider))
            above = line if above is None else above & line
        return above or frozenset()
