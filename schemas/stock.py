"""The record of an inventory, and several of them by resource class."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from schemas.amounts import AMOUNTS_MAX, MAX_INT, Amount, Count, Ratio, at_most
from schemas.message import Message
from schemas.text import Name


class InventoryFields(Message):
    """How much of a class there is and how it may be taken; fields left out take these defaults."""

    total: Amount
    reserved: Count = 0
    min_unit: Amount = 1
    max_unit: Amount = MAX_INT
    step_size: Amount = 1
    allocation_ratio: Ratio = Decimal("1.0")


Inventories = Annotated[dict[Name, InventoryFields], Field(max_length=AMOUNTS_MAX), at_most(AMOUNTS_MAX)]
"""{class: fields}."""
