"""The first place that has room: a tree of maxima over what is free, so that full machines are skipped in bulk."""

from collections.abc import Sequence

from worker.cli.workload.amounts import Amounts

NOTHING = Amounts(-1, -1, -1)


class FreeTree:
    """What is free at each of a row of places. A node holds the largest amount of each class below it."""

    def __init__(self, free: Sequence[Amounts]) -> None:
        self._leaves = 1
        while self._leaves < len(free):
            self._leaves *= 2
        self._free = [NOTHING] * (2 * self._leaves)
        self._free[self._leaves : self._leaves + len(free)] = free
        for node in range(self._leaves - 1, 0, -1):
            self._free[node] = _larger(self._free[2 * node], self._free[2 * node + 1])

    def __getitem__(self, place: int) -> Amounts:
        return self._free[self._leaves + place]

    def __setitem__(self, place: int, free: Amounts) -> None:
        node = self._leaves + place
        self._free[node] = free
        while node > 1:
            node //= 2
            merged = _larger(self._free[2 * node], self._free[2 * node + 1])
            if merged == self._free[node]:
                return
            self._free[node] = merged

    def first(self, wanted: Amounts, start: int = 0) -> int | None:
        """The first place from `start` on, without turning round, with room for all of it."""
        return self._first(1, 0, self._leaves, wanted, start)

    def _first(self, node: int, low: int, width: int, wanted: Amounts, start: int) -> int | None:
        if low + width <= start or not wanted.fits_in(self._free[node]):
            return None
        if width == 1:
            return low
        half = width // 2
        found = self._first(2 * node, low, half, wanted, start)
        return self._first(2 * node + 1, low + half, half, wanted, start) if found is None else found


def _larger(one: Amounts, other: Amounts) -> Amounts:
    return Amounts(
        one[0] if one[0] > other[0] else other[0],
        one[1] if one[1] > other[1] else other[1],
        one[2] if one[2] > other[2] else other[2],
    )
