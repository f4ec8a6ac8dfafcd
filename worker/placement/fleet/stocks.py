"""Inventories in columns: for each resource class what every slot has of it, and the few kinds of units and ratios."""

from decimal import Decimal
from typing import Final, Generic, TypeVar

import numpy as np

from worker.placement.fleet.vector import Block
from worker.placement.inventory import MAX_INT, Inventory, Stock

Units = tuple[int, int, int]
"""(min_unit, max_unit, step_size)."""

PLAIN: Final[Units] = (1, MAX_INT, 1)
ABSENT: Final = -1
"""The capacity of a slot that has no inventory of the class: no amount fits into it."""

SHOWN_MAX: Final = 4_096
"""Inventories kept as they are shown."""

Value = TypeVar("Value")


class Kinds(Generic[Value]):
    """Values that many slots share, each stored once; number 0 is the usual one."""

    __slots__ = ("_numbers", "values")

    def __init__(self, usual: Value) -> None:
        self.values = [usual]
        self._numbers = {usual: 0}

    def number(self, value: Value) -> int:
        """The number of a value, made on first mention."""
        found = self._numbers.get(value)
        if found is None:
            found = self._numbers[value] = len(self.values)
            self.values.append(value)
        return found


class Terms:
    """The kinds of units and of ratios in use, of all classes; and the inventories shown last, for most are alike."""

    __slots__ = ("_shown", "ratios", "units")

    def __init__(self) -> None:
        self.units: Kinds[Units] = Kinds(PLAIN)
        self.ratios: Kinds[Decimal] = Kinds(Decimal(1))
        self._shown: dict[tuple[int, int, int, int], Inventory] = {}

    def inventory(self, total: int, reserved: int, units: int, ratio: int) -> Inventory:
        """The inventory with the units and the ratio of these numbers."""
        key = (total, reserved, units, ratio)
        found = self._shown.get(key)
        if found is None:
            if len(self._shown) == SHOWN_MAX:
                self._shown.clear()
            least, most, step = self.units.values[units]
            found = self._shown[key] = Inventory(total, reserved, least, most, step, self.ratios.values[ratio])
        return found


class ClassColumns:
    """One resource class: capacity, used and the terms they come from."""

    __slots__ = ("_blocks", "_terms", "capacity", "ratio", "reserved", "total", "units", "used")

    def __init__(self, size: int, terms: Terms) -> None:
        self._terms = terms
        self._blocks = Block(size, np.int64, (ABSENT, 0)), Block(size, np.int32, (0, 0, 0, 0))
        self.capacity, self.used = self._blocks[0].vectors
        self.total, self.reserved, self.units, self.ratio = self._blocks[1].vectors

    def grow(self, size: int) -> None:
        """Room for `size` slots."""
        for block in self._blocks:
            block.grow(size)

    def put(self, slot: int, stock: Stock) -> None:
        """Write all of a stock."""
        held, used = stock
        self.capacity.view[slot] = held.capacity
        self.used.view[slot] = used
        self.total.view[slot] = held.total
        self.reserved.view[slot] = held.reserved
        units = (held.min_unit, held.max_unit, held.step_size)
        self.units.view[slot] = 0 if units == PLAIN else self._terms.units.number(units)
        self.ratio.view[slot] = self._terms.ratios.number(held.allocation_ratio)

    def clear(self, slot: int) -> None:
        """The slot has nothing of this class."""
        self.capacity.view[slot] = ABSENT
        self.used.view[slot] = 0

    def stock(self, slot: int) -> Stock:
        """What was put, with the used amount of now."""
        held = self._terms.inventory(
            self.total.view[slot], self.reserved.view[slot], self.units.view[slot], self.ratio.view[slot]
        )
        return Stock(held, self.used.view[slot])
