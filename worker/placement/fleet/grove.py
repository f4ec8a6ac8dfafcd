"""Some trees as one array of slots, so that a sum or a maximum is taken of each in one step."""

from collections.abc import Iterable

import numpy as np

from worker.placement.fleet.vector import Flags, Numbers, Slots


class Grove:
    """Trees by root: `slots[starts[i]:starts[i + 1]]` may give under the root `roots[i]`, shared ones included."""

    __slots__ = ("roots", "slots", "starts")

    def __init__(self, slots: Slots, roots: Slots) -> None:
        """From pairs of a slot and the root under which it may give."""
        order = np.argsort(roots, kind="stable")
        ordered = roots[order]
        self.slots = slots[order]
        self.roots, starts = np.unique(ordered, return_index=True)
        self.starts = np.append(starts, len(ordered))

    def of(self, root: int) -> Slots:
        """The slots that may give under a root, none where the grove lacks it."""
        at = int(np.searchsorted(self.roots, root))
        if at == len(self.roots) or self.roots[at] != root:
            return self.slots[:0]
        return self.slots[self.starts[at] : self.starts[at + 1]]

    def holds(self, roots: Slots) -> Flags:
        """Which of these are roots of the grove."""
        if not len(self.roots):
            return np.zeros(len(roots), np.bool_)
        at = np.minimum(np.searchsorted(self.roots, roots), len(self.roots) - 1)
        return np.asarray(self.roots[at] == roots)

    def only(self, roots: Iterable[int]) -> "Grove":
        """The part of the grove under these roots."""
        if not len(self.roots):
            return self
        wanted = np.array(sorted(roots), np.int64)
        at = np.searchsorted(self.roots, wanted)
        there = at < len(self.roots)
        there[there] = self.roots[at[there]] == wanted[there]
        first, last = self.starts[at[there]], self.starts[at[there] + 1]
        lengths = last - first
        ends = np.cumsum(lengths)
        places = np.arange(int(lengths.sum())) + np.repeat(first - (ends - lengths), lengths)
        return Grove(self.slots[places], np.repeat(wanted[there], lengths))

    def largest(self, values: Numbers) -> Numbers:
        """The largest of the values in each tree, one value a slot."""
        return np.maximum.reduceat(values, self.starts[:-1]) if len(self.roots) else values

    def smallest(self, values: Numbers) -> Numbers:
        """The smallest of the values in each tree, one value a slot."""
        return np.minimum.reduceat(values, self.starts[:-1]) if len(self.roots) else values
