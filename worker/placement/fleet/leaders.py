"""The best trees for one request, in order, with room for a change of mind on each."""

from collections.abc import Container
from heapq import heapify, heappop, heappush
from typing import Final

import numpy as np

from worker.placement.fleet.table import Table
from worker.placement.fleet.vector import Flags, Numbers, Slots
from worker.placement.ids import ProviderId

COUNT_FIRST: Final = 8
"""Leaders of a request seen for the first time; each time they are used up there are `COUNT_GROWTH` times as many."""
COUNT_GROWTH: Final = 4
COUNT_MAX: Final = 2_048
CHANGED_MAX: Final = 4_096
"""Trees that changed since the leaders were taken; beyond it is cheaper to take them again."""
HEAP_MAX: Final = COUNT_MAX + 2 * CHANGED_MAX
"""Entries, outdated ones too."""
SAMPLE: Final = 512
"""Keys looked at first where there are `SAMPLE_SHARE` times as many, and as many times as many as are sought."""
SAMPLE_SHARE: Final = 8

Rank = tuple[float, ProviderId]
"""What is first by order: rank turned round, then id of the root."""


class Leaders:
    """Trees that may be the best for a request, as of the last `take`, and each changed since with its rank of now.

    A tree that is not among them ranks behind `_last`, unless that is None: then there is no such tree.
    """

    __slots__ = ("_changed", "_count", "_heap", "_ids", "_last", "spent")

    def __init__(self, table: Table) -> None:
        self._ids = table.ids
        self._count = COUNT_FIRST
        self._changed: dict[int, float | None] = {}
        self._heap: list[tuple[float, ProviderId, int]] = []
        self._last: Rank | None = None
        self.spent = True

    def take(self, table: Table, roots: Slots, ranks: Numbers) -> None:
        """Begin anew with the best of these."""
        keys, total = -ranks, len(roots)
        first = foremost(table, roots, keys, self._count)
        chosen = roots[first].tolist()
        self._heap = list(zip(keys[first].tolist(), [self._ids[slot] for slot in chosen], chosen, strict=True))
        self._last = self._heap[-1][:2] if len(chosen) < total else None
        heapify(self._heap)
        self._changed = {}
        self._count = min(self._count * COUNT_GROWTH, COUNT_MAX)
        self.spent = False

    def change(self, root: int, rank: float | None) -> None:
        """The rank of a tree is another now; None: it is out."""
        if rank is None:
            self._changed[root] = None
        else:
            key = -rank
            ahead = self._last is None or (key, self._ids[root]) <= self._last
            if ahead:
                heappush(self._heap, (key, self._ids[root], root))
            self._changed[root] = key if ahead else None
        if len(self._changed) > CHANGED_MAX or len(self._heap) > HEAP_MAX:
            self.spent = True

    def best(self, apart: Container[int]) -> tuple[int, float] | None:
        """The first tree that is not `apart`, and its rank.

        None: there is none, or, if `spent` is set now, they must be taken again.
        """
        heap, changed, ids = self._heap, self._changed, self._ids
        passed: list[tuple[float, ProviderId, int]] = []
        found: tuple[int, float] | None = None
        while heap and found is None:
            key, name, root = heap[0]
            if (root in changed and changed[root] != key) or name != ids[root]:
                heappop(heap)
            elif root in apart:
                passed.append(heappop(heap))
            else:
                found = root, -key
        for entry in passed:
            heappush(heap, entry)
        if found is None:
            self.spent = self._last is not None
        return found


def foremost(table: Table, slots: Slots, keys: Numbers, count: int) -> Slots:
    """Positions of the first `count` by key, then by id, in order."""
    positions = _likely(keys, count)
    if len(positions) > count:
        limit = np.partition(keys[positions], count - 1)[count - 1]
        positions = positions[keys[positions] <= limit]
        if len(positions) > 2 * count:
            ahead, tied = positions[keys[positions] < limit], positions[keys[positions] == limit]
            positions = np.concatenate([ahead, tied[_first_ids(table, slots[tied], count - len(ahead))]])
    some = slots[positions]
    order = np.lexsort((table.low.array[some], table.high.array[some], keys[positions]))
    return positions[order[:count]]


def _likely(keys: Numbers, count: int) -> Slots:
    """Positions of the least keys, so many at least: found by looking at some of very many, for few are sought."""
    if len(keys) > SAMPLE_SHARE * max(count, SAMPLE):
        some = keys[:: len(keys) // SAMPLE]
        at = SAMPLE_SHARE + 2 * count * len(some) // len(keys)
        likely = np.flatnonzero(keys <= np.partition(some, at)[at])
        if len(likely) >= count:
            return likely
    return np.arange(len(keys))


def _first_ids(table: Table, slots: Slots, count: int) -> Flags:
    """Which of many have the first ids: at least so many, and few more, for half an id nearly decides."""
    high = table.high.array[slots]
    return np.asarray(high <= np.partition(high, count - 1)[count - 1])
