"""Between rows of values and the arrays that a bulk statement takes and gives, one a column.

The driver asks each element of a list what it is, which takes it three to five times as long as joining them takes
us; hence text, as `literal` and `json.dumps` make it, where there is an array for each row of a batch.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

Row = TypeVar("Row")

Fields = Sequence[Sequence[Any] | None]
"""What `array_agg` gives: an array a field; None where there is no row at all."""


def columns(rows: Iterable[Row], /, **cells: Callable[[Row], object]) -> dict[str, list[object]]:
    """{parameter: the cell of every row}, in the order of the rows."""
    taken = tuple(rows)
    return {name: [cell(row) for row in taken] for name, cell in cells.items()}


def literal(values: Iterable[int | str]) -> str:
    """Numbers, uuids or class names as an array in PostgreSQL's spelling: `CAST(CAST(:values AS text) AS bigint[])`.

    Not for text that may hold commas, quotes, braces or null.
    """
    return "{" + ",".join(map(str, values)) + "}"


def records(fields: Fields) -> Iterable[tuple[Any, ...]]:
    """Fields turned back into rows."""
    return zip(*(values or () for values in fields), strict=True)
