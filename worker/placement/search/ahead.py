"""Whether named groups that are still to be met can be met at all: a necessary test, far cheaper than trying."""

from collections.abc import Sequence

from worker.placement.search.board import Board
from worker.placement.search.fits import UNNAMED


class Ahead:
    """Looks ahead on one board; `left` is by provider and class, and changes under it as wishes are met."""

    def __init__(self, board: Board, amounts: Sequence[tuple[tuple[int, int], ...]], left: list[list[int]]) -> None:
        """`amounts`: by wish, of which class how much."""
        self._board, self._amounts, self._left = board, amounts, left

    def hopeful(self, met: int, alone: set[int] | None) -> bool:
        """Whether each wish after the first `met` finds a provider that is left to it when all are served together.

        `alone`: providers that serve a named group already where each may serve one only; None: they may serve many.
        """
        wishes = [n for n in range(met, len(self._amounts)) if self._board.ask.wishes[n].name != UNNAMED]
        options: dict[int, list[int]] = {}
        for wish in wishes:
            able = [g for g in self._board.options[wish] if self._fits(wish, g) and (alone is None or g not in alone)]
            if not able:
                return False
            options[wish] = able
        slots = {giver: 1 for able in options.values() for giver in able}
        if alone is None:
            slots = {giver: self._slots(giver, wishes) for giver in slots}
        return self._enough(wishes, slots) and _all_served(options, slots)

    def _fits(self, wish: int, giver: int) -> bool:
        left = self._left[giver]
        return all(left[name] >= amount for name, amount in self._amounts[wish])

    def _enough(self, wishes: list[int], givers: dict[int, int]) -> bool:
        """Whether what is left of each class, all in all, is as much as is still asked for."""
        asked: dict[int, int] = {}
        for wish in wishes:
            for name, amount in self._amounts[wish]:
                asked[name] = asked.get(name, 0) + amount
        return all(sum(self._left[giver][name] for giver in givers) >= amount for name, amount in asked.items())

    def _slots(self, giver: int, wishes: list[int]) -> int:
        """How many of the wishes a provider could serve, at most: the smallest first, class by class."""
        most = len(wishes)
        asked: dict[int, list[int]] = {}
        for wish in wishes:
            for name, amount in self._amounts[wish]:
                asked.setdefault(name, []).append(amount)
        for name, amounts in asked.items():
            served, left = len(wishes) - len(amounts), self._left[giver][name]
            for amount in sorted(amounts):
                if amount > left:
                    break
                left -= amount
                served += 1
            most = min(most, served)
        return most


def _all_served(options: dict[int, list[int]], slots: dict[int, int]) -> bool:
    """Whether wishes can be dealt out over the slots: a matching by augmenting paths."""
    served: dict[int, list[int]] = {giver: [] for giver in slots}
    return all(_serve(wish, options, slots, served) for wish in options)


def _serve(wish: int, options: dict[int, list[int]], slots: dict[int, int], served: dict[int, list[int]]) -> bool:
    """One more wish, moving others where need be; breadth first, so that no long path fills the stack."""
    came_from: dict[int, int] = {}
    ways: dict[int, int] = {}
    queue = [wish]
    for asking in queue:
        for giver in options[asking]:
            if giver in ways:
                continue
            ways[giver] = asking
            if len(served[giver]) < slots[giver]:
                _pass_on(giver, ways, came_from, served)
                return True
            for other in served[giver]:
                if other not in came_from:
                    came_from[other] = giver
                    queue.append(other)
    return False


def _pass_on(giver: int, ways: dict[int, int], came_from: dict[int, int], served: dict[int, list[int]]) -> None:
    while True:
        asking = ways[giver]
        served[giver].append(asking)
        if asking not in came_from:
            return
        giver = came_from[asking]
        served[giver].remove(asking)
