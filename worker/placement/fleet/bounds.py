"""How well each of many trees could rank at best, found for all at once: what an exact search need not look at.

A candidate deals the wishes of a request out over providers, so it stands for a partition of the wishes. The rank of
its block of wishes is at most the best that any provider of the tree could reach with that block alone, and the
candidate's is at most the best mean over the blocks of a partition.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from worker.placement.fleet.grove import Grove
from worker.placement.fleet.table import Table
from worker.placement.fleet.vector import Flags, Numbers
from worker.placement.ids import ResourceClass, Trait
from worker.placement.request import Strategy
from worker.placement.search.ask import Ask, Wish
from worker.placement.search.fits import UNNAMED

WISHES_MAX: Final = 4
"""With more wishes there are too many partitions (52 of five): then a provider's rank is bounded by a full one's."""
SLACK: Final = 1e-9
"""More than what rounding can make of a mean."""
NEVER: Final = -np.inf

Block = tuple[int, ...]


class Bounds:
    """The bounds of one ask over the trees of one grove."""

    __slots__ = ("_ask", "_fits", "_grove", "_likes", "_sign", "_table")

    def __init__(self, ask: Ask, table: Table, grove: Grove) -> None:
        self._ask, self._table, self._grove = ask, table, grove
        self._sign = {Strategy.PACK: 1.0, Strategy.SPREAD: -1.0}.get(ask.request.strategy, 0.0)
        self._fits: list[Flags] = []
        self._likes: Numbers = np.zeros(len(grove.slots))

    def upper(self) -> Numbers:
        """By tree, a number that no candidate's rank exceeds; `NEVER` where there certainly is no candidate."""
        possible = self.possible()
        if not possible.any():
            return np.full(len(possible), NEVER)
        for trait, weight in sorted(self._ask.request.preferred.items()):
            self._likes += np.where(self._has(frozenset((trait,))), weight, 0.0)
        if len(self._fits) > WISHES_MAX or not self._sign:
            upper = self._grove.largest(np.where(np.logical_or.reduce(self._fits), self._likes, NEVER))
            upper = upper + max(self._sign, 0.0)
        else:
            upper = self._best_partition()
        exact = self._ask.request.strategy is Strategy.FIRST and not self._ask.request.preferred
        return np.where(possible, upper + (0.0 if exact else SLACK), NEVER)

    def possible(self) -> Flags:
        """By tree, whether there may be a candidate: each wish is met by someone, and all that is asked is there."""
        if not len(self._grove.roots) or not self._table.classes.keys() >= set(self._ask.classes):
            return np.zeros(len(self._grove.roots), np.bool_)
        self._fits = [self._meets(wish) for wish in self._ask.wishes]
        return self._possible()

    def _best_partition(self) -> Numbers:
        blocks: dict[Block, Numbers] = {}
        apart: dict[tuple[Block, Block], Flags] = {}
        upper = np.full(len(self._grove.roots), NEVER)
        for partition in _partitions(range(len(self._fits))):
            for block in partition:
                if block not in blocks:
                    blocks[block] = self._grove.largest(self._block(block))
            rank = sum(blocks[block] for block in partition) / len(partition)
            for place, one in enumerate(partition):
                for other in partition[:place]:
                    if (one, other) not in apart:
                        apart[one, other] = self._apart(one, other)
                    rank = np.where(apart[one, other], rank, NEVER)
            upper = np.maximum(upper, rank)
        return upper

    def _apart(self, one: Block, other: Block) -> Flags:
        """By tree, whether two different providers could meet them: at least two meet one of them."""
        fits = [np.logical_and.reduce([self._fits[number] for number in block]) for block in (one, other)]
        return np.add.reduceat((fits[0] | fits[1]).astype(np.int64), self._grove.starts[:-1]) >= 2

    def _block(self, block: Block) -> Numbers:
        """By slot, the rank of a provider that meets these wishes and nothing else."""
        fits = np.logical_and.reduce([self._fits[number] for number in block])
        amounts: dict[ResourceClass, int] = {}
        for number in block:
            for name, amount in self._ask.wishes[number].amounts:
                amounts[name] = amounts.get(name, 0) + amount
        at = np.flatnonzero(fits)
        slots = self._grove.slots[at]
        fill, enough = np.zeros(len(at)), np.ones(len(at), np.bool_)
        for name, amount in amounts.items():
            columns = self._table.classes[name]
            capacity, used = columns.capacity.array[slots], columns.used.array[slots] + amount
            enough &= used <= capacity
            fill += used / np.maximum(capacity, 1)
        ranks = np.full(len(fits), NEVER)
        ranks[at] = np.where(enough, self._likes[at] + self._sign * fill / len(amounts), NEVER)
        return ranks

    def _meets(self, wish: Wish) -> Flags:
        """By slot, whether a provider meets a wish alone, or seems to: aggregates and trees are left to the search."""
        slots, table = self._grove.slots, self._table
        fits: Flags = table.enabled.array[slots]
        for name, amount in wish.amounts:
            columns = table.classes[name]
            allowed = np.array(
                [least <= amount <= most and amount % step == 0 for least, most, step in table.units.values]
            )
            fits &= columns.used.array[slots] + amount <= columns.capacity.array[slots]
            fits &= allowed[columns.units.array[slots]]
        if wish.group.forbidden:
            fits &= ~self._has(wish.group.forbidden)
        if wish.name != UNNAMED:
            for any_of in wish.group.required:
                fits &= self._has(any_of)
        return fits

    def _possible(self) -> Flags:
        grove, request = self._grove, self._ask.request
        roots = grove.roots
        possible = np.ones(len(roots), np.bool_)
        for trait in request.root_required:
            possible &= self._table.traits[trait].array[roots] if trait in self._table.traits else False
        for trait in request.root_forbidden & self._table.traits.keys():
            possible &= ~self._table.traits[trait].array[roots]
        for fits in self._fits:
            possible &= grove.largest(fits)
        if request.group_policy == "isolate":
            possible &= np.diff(grove.starts) >= sum(wish.name != UNNAMED for wish in self._ask.wishes)
        unnamed = request.groups.get(UNNAMED)
        for any_of in () if unnamed is None else unnamed.required:
            possible &= grove.largest(self._has(any_of))
        return possible & self._enough()

    def _enough(self) -> Flags:
        grove = self._grove
        enough = np.ones(len(grove.roots), np.bool_)
        for name in self._ask.classes:
            asking = [wish for wish in self._ask.wishes if any(asked == name for asked, _ in wish.amounts)]
            if len(asking) < 2:
                continue
            columns = self._table.classes[name]
            free = columns.capacity.array[grove.slots] - columns.used.array[grove.slots]
            wanted = sum(amount for wish in asking for asked, amount in wish.amounts if asked == name)
            enough &= np.add.reduceat(np.maximum(free, 0), grove.starts[:-1]) >= wanted
        return enough

    def _has(self, any_of: frozenset[Trait]) -> Flags:
        """By slot, whether it has one of the traits."""
        has = np.zeros(len(self._grove.slots), np.bool_)
        for trait in any_of & self._table.traits.keys():
            has |= self._table.traits[trait].array[self._grove.slots]
        return has


def _partitions(wishes: Sequence[int]) -> Iterator[tuple[Block, ...]]:
    """Each way to put wishes into blocks."""
    if not wishes:
        yield ()
        return
    for partition in _partitions(wishes[1:]):
        yield ((wishes[0],), *partition)
        for place, block in enumerate(partition):
            yield (*partition[:place], (wishes[0], *block), *partition[place + 1 :])
