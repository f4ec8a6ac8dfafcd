"""How far each slot gets through some steps, and how many are left after each of them."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from worker.placement.fleet.vector import Numbers, Slots, Vector

GROWTH = 2


class Counted:
    """By slot the number of steps survived; nothing is known of a slot before it is put. `changed`: a count did."""

    __slots__ = ("_ends", "changed", "survived")

    def __init__(self, steps: int) -> None:
        self._ends = [0] * (steps + 1)
        self.survived = Vector(0, np.uint8 if steps < 256 else np.uint16)
        self.changed = True

    def left(self) -> list[int]:
        """How many are left after each step."""
        left, total = [], 0
        for count in reversed(self._ends[1:]):
            total += count
            left.append(total)
        return left[::-1]

    def put_all(self, survived: Numbers) -> None:
        """Begin anew with these, one a slot."""
        self.survived.put(survived.astype(self.survived.array.dtype))
        # comparing bytes and counting them is many times as quick as counting each number
        left = [len(survived), *(int(np.count_nonzero(survived > step)) for step in range(len(self._ends) - 1)), 0]
        self._ends = [before - after for before, after in pairwise(left)]
        self.changed = True

    def put(self, slots: Slots, survived: Numbers) -> None:
        """These get so far now."""
        if len(slots):
            self._reach(int(slots.max()))
        before = self.survived.array[slots]
        differ = before != survived
        self._count(before[differ].tolist(), survived[differ].tolist())
        self.survived.array[slots] = survived

    def put_one(self, slot: int, survived: int) -> None:
        """This one gets so far now."""
        self._reach(slot)
        before = self.survived.view[slot]
        if before != survived:
            self._count((before,), (survived,))
            self.survived.view[slot] = survived

    def _count(self, before: Sequence[int], after: Sequence[int]) -> None:
        for survived in before:
            self._ends[survived] -= 1
        for survived in after:
            self._ends[survived] += 1
        self.changed |= bool(before)

    def _reach(self, slot: int) -> None:
        if slot >= len(self.survived.array):
            self.survived.grow(GROWTH * (slot + 1))
