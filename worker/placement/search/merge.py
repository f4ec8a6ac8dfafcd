"""Puts a request's wishes together, provider by provider, depth first: each way in which all of them are met.

What is free shrinks as wishes are met, so that a branch that cannot end well is left early. Where many branches have
failed, it is asked before each step whether the rest can be met at all (`ahead.py`), and a state that failed once is
known again.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Final

from worker.placement.ids import ProviderId, ResourceClass
from worker.placement.request import GroupName
from worker.placement.search.ahead import Ahead
from worker.placement.search.board import Board
from worker.placement.search.fits import UNNAMED
from worker.placement.search.subtree import Subtrees

PATIENCE: Final = 64
"""Steps without a find after which each further one is thought over: most searches find something in fewer."""

FAILED_MAX: Final = 20_000
"""States known to have failed, at most: some megabytes."""

Prefer = Callable[[int, Mapping[ResourceClass, int]], float]
"""Of a provider and all that it would then give: the higher, the earlier it is tried."""


class Merge:
    """One search. `alike`: by provider, the first of its kind, if of several of a kind one is to be tried.

    `steps` counts how often a provider was tried for a wish.
    """

    def __init__(
        self, board: Board, alike: tuple[int, ...] | None, prefer: Prefer | None, patience: int = PATIENCE
    ) -> None:
        """`prefer` None: providers are tried in the order of their numbers. `patience`: see `PATIENCE`."""
        self.steps = 0
        self.subtrees = Subtrees(board)
        self._board, self._alike, self._prefer, self._patience = board, alike, prefer, patience
        wishes = board.ask.wishes
        number = {name: place for place, name in enumerate(board.ask.classes)}
        self._amounts = [tuple((number[name], amount) for name, amount in wish.amounts) for wish in wishes]
        self._most = [[board.most(giver, name) for name in board.ask.classes] for giver in range(len(board.givers))]
        self._left = [list(most) for most in self._most]
        self._isolate = board.ask.request.group_policy == "isolate"
        self._ahead = Ahead(board, self._amounts, self._left)
        self._begun: Ahead | None = Ahead(board, self._amounts, self._most)
        self._given_up = False
        self._chosen: list[int] = []
        self._groups: dict[GroupName, ProviderId] = {}
        self._touched: dict[int, int] = {}
        self._taken_alone: set[int] = set()
        self._met = [0]
        self._to_come = _to_come(board)
        self._failed: set[Hashable] = set()
        self._since_find = 0

    def __iter__(self) -> Iterator[tuple[int, ...]]:
        """Each way to meet all wishes: the providers, by wish. Lazy; in the order of trying."""
        wishes, chosen = len(self._board.ask.wishes), self._chosen
        waiting = [iter(self._tries())]
        found, thought = [False], [False]
        while waiting:
            if len(chosen) == len(waiting):
                self._give_back()
                if self._thinking and not thought[-1]:
                    thought[-1] = True
                    waiting[-1] = waiting[-1] if self._may_go_on() else iter(())
            giver = next(waiting[-1], None)
            if giver is None:
                waiting.pop()
                thought.pop()
                if not found.pop():
                    self._remember()
                continue
            if not self._take(giver):
                continue
            if len(chosen) == wishes:
                found = [True] * len(found)
                self._since_find = 0
                yield tuple(chosen)
                continue
            thought.append(self._thinking)
            waiting.append(iter(self._tries()))
            found.append(False)

    def _tries(self) -> list[int]:
        """Who is to be tried for the next wish."""
        if self._thinking and (self._state() in self._failed or not self._promising()):
            return []
        wish, left = len(self._chosen), self._left
        amounts = self._amounts[wish]
        able = [giver for giver in self._board.options[wish] if all(left[giver][n] >= m for n, m in amounts)]
        if self._isolate and self._board.ask.wishes[wish].name != UNNAMED:
            able = [giver for giver in able if giver not in self._taken_alone]
        if self._alike is not None:
            able = self._once(able, self._alike)
        prefer = self._prefer
        if prefer is not None:
            able.sort(key=lambda giver: -prefer(giver, self._gives(giver, amounts)))
        return able

    def _gives(self, giver: int, amounts: tuple[tuple[int, int], ...]) -> dict[ResourceClass, int]:
        """What a provider would give with these amounts as well."""
        more = dict(amounts)
        had, left = self._most[giver], self._left[giver]
        sums = [(name, had[n] - left[n] + more.get(n, 0)) for n, name in enumerate(self._board.ask.classes)]
        return {name: sum_ for name, sum_ in sums if sum_}

    def _once(self, able: list[int], alike: tuple[int, ...]) -> list[int]:
        """Of those that nothing was taken from, the first of each kind; and no later one for the same wish again.

        Of all ways that differ by a swap of providers of a kind, or of wishes for the same, just the first one (by the
        numbers of its providers) has a new provider always the first of its kind, and equal wishes in order.
        """
        twin = self._board.ask.wishes[len(self._chosen)].twin
        least = -1 if twin is None else self._chosen[twin]
        fresh: dict[int, int] = {}
        for giver, kind in enumerate(alike):
            if giver not in self._touched:
                fresh.setdefault(kind, giver)
        return [g for g in able if g >= least and (g in self._touched or fresh[alike[g]] == g)]

    def _take(self, giver: int) -> bool:
        """Takes the next wish from a provider; False if that cannot end well (it is to be given back all the same)."""
        self.steps += 1
        self._since_find += 1
        wish = self._board.ask.wishes[len(self._chosen)]
        for name, amount in self._amounts[len(self._chosen)]:
            self._left[giver][name] -= amount
        self._touched[giver] = self._touched.get(giver, 0) + 1
        self._chosen.append(giver)
        if wish.name == UNNAMED:
            self._met.append(self._met[-1] | self._board.brings[giver])
            return self._met[-1] | self._to_come[len(self._chosen)] == self._board.wanted
        if self._isolate:
            self._taken_alone.add(giver)
        self._groups[wish.name] = self._board.givers[giver].id
        return not self.subtrees.concerns(wish.name) or self.subtrees.hopeful(wish.name, self._groups)

    def _give_back(self) -> None:
        giver = self._chosen.pop()
        wish = self._board.ask.wishes[len(self._chosen)]
        for name, amount in self._amounts[len(self._chosen)]:
            self._left[giver][name] += amount
        self._touched[giver] -= 1
        if not self._touched[giver]:
            del self._touched[giver]
        if wish.name == UNNAMED:
            self._met.pop()
            return
        self._taken_alone.discard(giver)
        del self._groups[wish.name]

    @property
    def _thinking(self) -> bool:
        return self._since_find > self._patience

    def _may_go_on(self) -> bool:
        """Whether something may come of a wish that was tried in vain before; the first time, of the whole request."""
        if self._begun is not None:
            begun, self._begun = self._begun, None
            self._given_up = not begun.hopeful(0, set() if self._isolate else None)
        return not self._given_up and self._promising()

    def _promising(self) -> bool:
        return self._ahead.hopeful(len(self._chosen), self._taken_alone if self._isolate else None)

    def _remember(self) -> None:
        if self._thinking and len(self._failed) < FAILED_MAX:
            self._failed.add(self._state())

    def _state(self) -> Hashable:
        """All that matters to the wishes to come."""
        wishes = self._board.ask.wishes
        twins = (
            ()
            if self._alike is None
            else tuple(
                self._chosen[wish.twin]
                for wish in wishes[len(self._chosen) :]
                if wish.twin is not None and wish.twin < len(self._chosen)
            )
        )
        left = frozenset((giver, *self._left[giver]) for giver in self._touched)
        related = frozenset(item for item in self._groups.items() if self.subtrees.concerns(item[0]))
        return len(self._chosen), left, frozenset(self._taken_alone), self._met[-1], twins, related


def _to_come(board: Board) -> list[int]:
    """By the number of wishes met: the required items that the unnamed group's other wishes may still bring."""
    to_come = [0] * (len(board.ask.wishes) + 1)
    for number in range(len(board.ask.wishes) - 1, -1, -1):
        to_come[number] = to_come[number + 1]
        if board.ask.wishes[number].name == UNNAMED:
            for giver in board.options[number]:
                to_come[number] |= board.brings[giver]
    return to_come
