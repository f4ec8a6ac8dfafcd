"""Capacity in exact arithmetic."""

from decimal import Decimal

import pytest

from worker.placement.inventory import MAX_INT, Inventory


@pytest.mark.parametrize(
    ("total", "reserved", "ratio", "capacity"),
    [
        (100, 0, "0.29", 29),
        (10, 10, "16", 0),
        (10, 4, "1", 6),
        (3, 0, "1.5", 4),
        (7, 0, "0", 0),
        (MAX_INT, 0, "1000000", MAX_INT * 1_000_000),
        (1, 0, "0.999999", 0),
    ],
)
def test_capacity_is_exact_and_rounded_down_once(total: int, reserved: int, ratio: str, capacity: int) -> None:
    assert Inventory(total, reserved, allocation_ratio=Decimal(ratio)).capacity == capacity
