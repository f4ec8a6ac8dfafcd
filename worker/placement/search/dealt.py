"""What a search has dealt out so far: which provider meets which wish, and what is left of each."""

from collections.abc import Hashable, Mapping
from typing import Final

from worker.placement.ids import ProviderId, ResourceClass
from worker.placement.request import GroupName
from worker.placement.search.board import Board
from worker.placement.search.fits import UNNAMED


class Dealt:
    """The first wishes of a board, each met by a provider; all read it, `take` and `give_back` alone change it.

    `amounts` is by wish; `most` and `left` are by provider and class. `chosen`: the providers, by wish. `touched`: how
    many wishes each provider meets. `alone`: those that serve a named group where each may serve one only.
    `groups`: who serves each named group. `met`: the required items of the unnamed group that are met.
    """

    def __init__(self, board: Board) -> None:
        """Nothing is dealt out."""
        self._wishes, self._brings, self._givers = board.ask.wishes, board.brings, board.givers
        number = {name: place for place, name in enumerate(board.ask.classes)}
        self.amounts: Final = [tuple((number[name], some) for name, some in wish.amounts) for wish in self._wishes]
        self.most: Final = [[board.most(giver, name) for name in number] for giver in range(len(board.givers))]
        self.left: Final = [list(most) for most in self.most]
        self.chosen: Final[list[int]] = []
        self.touched: Final[dict[int, int]] = {}
        self.alone: Final[set[int]] = set()
        self.groups: Final[dict[GroupName, ProviderId]] = {}
        self._classes = board.ask.classes
        self._isolate = board.ask.request.group_policy == "isolate"
        self._met = [0]

    @property
    def met(self) -> int:
        """A bit for each required item of the unnamed group that its providers meet so far."""
        return self._met[-1]

    def able(self, options: tuple[int, ...]) -> list[int]:
        """Those who can still meet the next wish."""
        wish, left = len(self.chosen), self.left
        amounts = self.amounts[wish]
        able = [giver for giver in options if all(left[giver][name] >= amount for name, amount in amounts)]
        if self.alone and self._wishes[wish].name != UNNAMED:
            return [giver for giver in able if giver not in self.alone]
        return able

    def would_give(self, giver: int) -> Mapping[ResourceClass, int]:
        """All that a provider would give if it met the next wish too."""
        more = dict(self.amounts[len(self.chosen)])
        most, left = self.most[giver], self.left[giver]
        sums = [(name, most[n] - left[n] + more.get(n, 0)) for n, name in enumerate(self._classes)]
        return {name: sum_ for name, sum_ in sums if sum_}

    def take(self, giver: int) -> None:
        """The next wish is met by a provider."""
        wish = self._wishes[len(self.chosen)]
        for name, amount in self.amounts[len(self.chosen)]:
            self.left[giver][name] -= amount
        self.touched[giver] = self.touched.get(giver, 0) + 1
        self.chosen.append(giver)
        if wish.name == UNNAMED:
            self._met.append(self._met[-1] | self._brings[giver])
            return
        self.groups[wish.name] = self._givers[giver].id
        if self._isolate:
            self.alone.add(giver)

    def give_back(self) -> None:
        """The last wish met is met no more."""
        giver = self.chosen.pop()
        wish = self._wishes[len(self.chosen)]
        for name, amount in self.amounts[len(self.chosen)]:
            self.left[giver][name] += amount
        self.touched[giver] -= 1
        if not self.touched[giver]:
            del self.touched[giver]
        if wish.name == UNNAMED:
            self._met.pop()
            return
        self.alone.discard(giver)
        del self.groups[wish.name]

    def state(self) -> Hashable:
        """What matters to the wishes to come, but for what stands in a subtree and for equal wishes.

        Which required items are met follows from who is touched, as the unnamed group's wishes come first.
        """
        left = frozenset((giver, *self.left[giver]) for giver in self.touched)
        return len(self.chosen), left, frozenset(self.alone)
