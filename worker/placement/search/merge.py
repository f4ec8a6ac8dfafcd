"""Puts a request's wishes together, provider by provider, depth first: each way in which all of them are met.

What is free shrinks as wishes are met, so that a branch that cannot end well is left early. Where many branches have
failed, it is asked before each step whether the rest can be met at all (`ahead.py`), and a state that failed once is
known again.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Final

from worker.placement.ids import ResourceClass
from worker.placement.search.ahead import Ahead
from worker.placement.search.board import Board
from worker.placement.search.dealt import Dealt
from worker.placement.search.fits import UNNAMED
from worker.placement.search.subtree import Subtrees

PATIENCE: Final = 64
"""Steps without a find after which each further one is thought over: most searches find something in fewer."""

FRUITLESS_MAX: Final = 2_000
"""Steps without a find after which an anchor is given up: within a second or two.

So many are needed only where groups of several sizes have to be packed tightly; trying all ways could take for ever.
"""

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
        self._dealt = Dealt(board)
        self._begun: Ahead | None = Ahead(board, self._dealt.amounts, self._dealt.most)
        self._ahead = Ahead(board, self._dealt.amounts, self._dealt.left)
        self._isolate = board.ask.request.group_policy == "isolate"
        self._to_come, self._followers = _to_come(board), _followers(board)
        self._failed: set[Hashable] = set()
        self._given_up = False
        self._since_find = 0

    def __iter__(self) -> Iterator[tuple[int, ...]]:
        """Each way to meet all wishes: the providers, by wish. Lazy; in the order of trying.

        Ends early after `FRUITLESS_MAX`.
        """
        wishes, chosen = len(self._board.ask.wishes), self._dealt.chosen
        waiting = [iter(self._tries())]
        found, thought = [False], [False]
        while waiting and self._since_find <= FRUITLESS_MAX:
            if len(chosen) == len(waiting):
                self._dealt.give_back()
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
        able = self._dealt.able(self._board.options[len(self._dealt.chosen)])
        if self._alike is not None:
            able = self._once(able, self._alike)
        prefer = self._prefer
        if prefer is not None:
            able.sort(key=lambda giver: -prefer(giver, self._dealt.would_give(giver)))
        return able

    def _once(self, able: list[int], alike: tuple[int, ...]) -> list[int]:
        """Of those that nothing was taken from, the first of each kind; and no later one for the same wish again.

        Of all ways that differ by a swap of providers of a kind, or of wishes for the same, just the first one (by the
        numbers of its providers) has a new provider always the first of its kind, and equal wishes in order. Where no
        two wishes may share a provider, each equal wish to come needs a later one.
        """
        touched, chosen = self._dealt.touched, self._dealt.chosen
        twin = self._board.ask.wishes[len(chosen)].twin
        least = -1 if twin is None else chosen[twin]
        later = [giver for giver in able if giver >= least]
        if self._isolate:
            later = later[: max(len(later) - self._followers[len(chosen)], 0)]
        fresh: dict[int, int] = {}
        for giver, kind in enumerate(alike):
            if giver not in touched:
                fresh.setdefault(kind, giver)
        return [giver for giver in later if giver in touched or fresh[alike[giver]] == giver]

    def _take(self, giver: int) -> bool:
        """Takes the next wish from a provider; False if that cannot end well (it is to be given back all the same)."""
        self.steps += 1
        self._since_find += 1
        dealt = self._dealt
        name = self._board.ask.wishes[len(dealt.chosen)].name
        dealt.take(giver)
        if name == UNNAMED:
            return dealt.met | self._to_come[len(dealt.chosen)] == self._board.wanted
        return not self.subtrees.concerns(name) or self.subtrees.hopeful(name, dealt.groups)

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
        return self._ahead.hopeful(len(self._dealt.chosen), self._dealt.alone if self._isolate else None)

    def _remember(self) -> None:
        if self._thinking and len(self._failed) < FAILED_MAX:
            self._failed.add(self._state())

    def _state(self) -> Hashable:
        """All that matters to the wishes to come."""
        chosen, wishes = self._dealt.chosen, self._board.ask.wishes[len(self._dealt.chosen) :]
        met = range(0 if self._alike is None else len(chosen))
        twins = tuple(chosen[wish.twin] for wish in wishes if wish.twin in met and wish.twin is not None)
        related = frozenset(item for item in self._dealt.groups.items() if self.subtrees.concerns(item[0]))
        return self._dealt.state(), twins, related


def _to_come(board: Board) -> list[int]:
    """By the number of wishes met: the required items that the unnamed group's other wishes may still bring."""
    to_come = [0] * (len(board.ask.wishes) + 1)
    for number in range(len(board.ask.wishes) - 1, -1, -1):
        to_come[number] = to_come[number + 1]
        if board.ask.wishes[number].name == UNNAMED:
            for giver in board.options[number]:
                to_come[number] |= board.brings[giver]
    return to_come


def _followers(board: Board) -> list[int]:
    """By wish, how many wishes after it ask for the same."""
    followers = [0] * len(board.ask.wishes)
    for wish in reversed(range(len(followers))):
        twin = board.ask.wishes[wish].twin
        if twin is not None:
            followers[twin] = followers[wish] + 1
    return followers
