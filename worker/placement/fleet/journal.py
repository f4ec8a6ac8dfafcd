"""What changed since the last `keep`, so that it can be undone, and which trees changed, for whoever looked before."""

from typing import Final, NamedTuple

from worker.placement.ids import ProviderId, ResourceClass
from worker.placement.snapshot import ProviderRow

CHANGES_MAX: Final = 65_536
"""Changed trees remembered; whoever looked earlier than that looks at all of them again."""


class Move(NamedTuple):
    """A slot's generation and used amounts before they moved."""

    slot: int
    generation: int
    used: list[tuple[ResourceClass, int]]


class Put(NamedTuple):
    """The row of a provider before it was put or dropped; None where there was none."""

    provider: ProviderId
    row: ProviderRow | None


class Changes:
    """Roots of changed trees in the order of change; positions count from the beginning of time."""

    __slots__ = ("roots", "start")

    def __init__(self) -> None:
        self.roots: list[int] = []
        self.start = 0

    @property
    def end(self) -> int:
        """The position after the last change."""
        return self.start + len(self.roots)

    def everything(self) -> None:
        """All trees changed, for everyone who has looked."""
        self.start = self.end + 1
        self.roots.clear()

    def trim(self) -> None:
        """Forget the older half of too many."""
        if len(self.roots) > CHANGES_MAX:
            half = len(self.roots) // 2
            self.start += half
            del self.roots[:half]

    def since(self, position: int) -> set[int] | None:
        """The roots changed since a position, None if not all of them are known any more."""
        return None if position < self.start else set(self.roots[position - self.start :])
