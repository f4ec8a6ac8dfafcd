"""What a provider has of one resource class, and how much of it can be handed out."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple

MAX_INT = 2_147_483_647
"""The largest amount, total or unit; generations and capacities may be larger."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """A provider's record of one resource class; amounts are whole units of that class."""

    total: int
    reserved: int = 0
    min_unit: int = 1
    max_unit: int = MAX_INT
    step_size: int = 1
    allocation_ratio: Decimal = Decimal(1)

    @property
    def capacity(self) -> int:
        """(total - reserved) x allocation_ratio, exact, rounded down once: 100 x 0.29 is 29."""
        if self.allocation_ratio == _ONE:
            return self.total - self.reserved
        numerator, denominator = self.allocation_ratio.as_integer_ratio()
        return (self.total - self.reserved) * numerator // denominator


_ONE: Final = Decimal(1)
"""Compared with as a decimal: an integer would be turned into one each time."""


class Stock(NamedTuple):
    """An inventory and how much of it is handed out now.

    Like other values made several times a claim, a named tuple: a frozen dataclass is set field by field.
    """

    inventory: Inventory
    used: int
