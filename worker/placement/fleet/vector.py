"""A column: one number a slot, read and written singly through a view and all at once as an array."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[Any]
Flags = npt.NDArray[np.bool_]
Slots = npt.NDArray[np.int64]
"""Positions of providers in the columns."""

SIZE_MIN: Final = 64


class Vector:
    """A growing column of one type; `view` gives plain integers three times as fast as `array` does, one by one."""

    __slots__ = ("_fill", "array", "view")

    def __init__(self, size: int, kind: type[np.generic], fill: int = 0) -> None:
        self._fill = fill
        self.put(np.full(size, fill, dtype=kind))

    def grow(self, size: int) -> None:
        """Room for `size` slots; new ones hold the fill."""
        old = self.array
        array = np.full(size, self._fill, dtype=old.dtype)
        array[: len(old)] = old
        self.put(array)

    def put(self, array: Numbers) -> None:
        """These numbers from now on, one a slot."""
        self.array = array
        # a view of booleans gives True and False, which are integers too
        self.view: memoryview[int] = array.data


class Block:
    """Columns whose numbers of one slot lie side by side, so that reading all of a slot is one look into memory."""

    __slots__ = ("_fills", "_matrix", "vectors")

    def __init__(self, size: int, kind: type[np.generic], fills: Sequence[int]) -> None:
        """One column for each fill."""
        self._fills = fills
        self._matrix = np.empty((0, len(fills)), kind)
        self.vectors = tuple(Vector(0, kind, fill) for fill in fills)
        self.grow(size)

    def grow(self, size: int) -> None:
        """Room for `size` slots; new ones hold the fills."""
        old = self._matrix
        self._matrix = np.empty((size, len(self._fills)), old.dtype)
        self._matrix[:] = self._fills
        self._matrix[: len(old)] = old
        for number, vector in enumerate(self.vectors):
            vector.put(self._matrix[:, number])
