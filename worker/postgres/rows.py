"""Turning rows of values into the arrays that a bulk statement takes, one a column."""

from collections.abc import Callable, Iterable
from typing import TypeVar

Row = TypeVar("Row")


def columns(rows: Iterable[Row], /, **cells: Callable[[Row], object]) -> dict[str, list[object]]:
    """{parameter: the cell of every row}, in the order of the rows."""
    taken = tuple(rows)
    return {name: [cell(row) for row in taken] for name, cell in cells.items()}


def literal(values: Iterable[int | str]) -> str:
    """Numbers, uuids or class names as an array in PostgreSQL's spelling: `CAST(CAST(:values AS text) AS bigint[])`.

    Not for text that may hold commas, quotes, braces or null.
    """
    # The driver asks each element of a list what it is, three to five times as long as it takes to join them here.
    return "{" + ",".join(map(str, values)) + "}"
