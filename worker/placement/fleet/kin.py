"""Which trees hang together because somebody shares with them: what changes in one may matter in the others."""

from collections.abc import Iterable

from worker.placement.fleet.vector import Slots


class Kin:
    """Trees as they are connected by sharing providers; a tree that is in no connection is its own kin."""

    __slots__ = ("_circle",)

    def __init__(self, connections: Iterable[tuple[int, Slots]]) -> None:
        """Each is the root of a sharing provider and the other roots that it serves."""
        self._circle: dict[int, set[int]] = {}
        for own, served in connections:
            self._connect({own, *served.tolist()})

    def of(self, roots: Iterable[int]) -> set[int]:
        """These and all that are connected with them, directly or not."""
        kin: set[int] = set()
        for root in roots:
            if root not in kin:
                kin |= self._circle.get(root, {root})
        return kin

    def _connect(self, roots: set[int]) -> None:
        circles = {id(circle): circle for root in roots if (circle := self._circle.get(root)) is not None}
        largest = max(circles.values(), key=len, default=set[int]())
        for circle in circles.values():
            if circle is not largest:
                roots |= circle
        fresh = roots - largest
        largest |= fresh
        for root in fresh:
            self._circle[root] = largest
