"""Turning rows of values into the arrays that a bulk statement takes, one a column."""

from collections.abc import Callable, Iterable
from typing import TypeVar

Row = TypeVar("Row")


def columns(rows: Iterable[Row], /, **cells: Callable[[Row], object]) -> dict[str, list[object]]:
    """{parameter: the cell of every row}, in the order of the rows."""
    taken = tuple(rows)
    return {name: [cell(row) for row in taken] for name, cell in cells.items()}
