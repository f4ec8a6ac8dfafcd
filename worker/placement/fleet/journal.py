"""What changed since the last `keep`, so that it can be undone, and which trees changed, for whoever looked before."""

from typing import Final, NamedTuple

import numpy as np

from worker.placement.fleet.vector import Slots, Vector
from worker.placement.ids import ProviderId, ResourceClass
from worker.placement.snapshot import ProviderRow

CHANGES_MAX: Final = 65_536
"""Changed trees remembered at least; whoever looked earlier than that looks at all of them again."""


class Move(NamedTuple):
    """A provider's generation and used amounts before they moved."""

    provider: ProviderId
    generation: int
    used: list[tuple[ResourceClass, int]]


class Put(NamedTuple):
    """The row of a provider before it was put or dropped; None where there was none."""

    provider: ProviderId
    row: ProviderRow | None


class Changes:
    """Roots of changed trees in the order of change; positions count from the beginning of time.

    `looks` advances when more changed of a provider than what is used of it.
    """

    __slots__ = ("_count", "_roots", "_start", "looks")

    def __init__(self) -> None:
        self._roots = Vector(2 * CHANGES_MAX, np.int64)
        self._start = self._count = 0
        self.looks = 0

    @property
    def end(self) -> int:
        """The position after the last change."""
        return self._start + self._count

    def add(self, root: int) -> None:
        """The tree of this root changed."""
        if self._count == 2 * CHANGES_MAX:
            self._forget()
        self._roots.view[self._count] = root
        self._count += 1

    def everything(self) -> None:
        """All trees changed, for everyone who has looked."""
        self._start = self.end + 1
        self._count = 0
        self.looks += 1

    def since(self, position: int) -> Slots | None:
        """The roots changed since a position, some twice; None if not all of them are known any more."""
        first = position - self._start
        return None if first < 0 else self._roots.array[first : self._count]

    def _forget(self) -> None:
        array = self._roots.array
        array[:CHANGES_MAX] = array[CHANGES_MAX:].copy()
        self._start += CHANGES_MAX
        self._count = CHANGES_MAX
