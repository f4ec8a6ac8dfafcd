"""Bulk writes that must meet every row they name: one fewer means that somebody else was there first."""

from collections.abc import Mapping, Sequence

from sqlalchemy import TextClause
from sqlalchemy.ext.asyncio import AsyncConnection

from worker.faults import Conflict


async def write_rows(
    connection: AsyncConnection, statement: TextClause, rows: Mapping[str, Sequence[object]], what: str
) -> None:
    """Run `statement` over the arrays `rows`, or not at all where they are empty.

    Raises `Conflict` where it wrote fewer rows than the arrays are long; `what` names them for the log.
    """
    planned = len(next(iter(rows.values())))
    if planned == 0:
        return
    written = (await connection.execute(statement, rows)).rowcount
    if written != planned:
        raise Conflict(f"{what}: {written} rows written, {planned} planned")
