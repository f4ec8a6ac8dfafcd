"""How a run of growth is told: a line a point while it runs, and a page with tables at its end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tests.bench.tables import Table


@dataclass(frozen=True, slots=True)
class Point:
    """After so many claims: how fast the last of them went, the worker's memory, and the tables."""

    claims: int
    seconds: float
    claims_a_second: float
    worker_mib: float
    tables: tuple[Table, ...]


PAGE: Final = """\
# Growth over {claims:,} claims

{about}

{verdict}

## At each point: MiB with indexes, dead rows behind them, and how often autovacuum has come

{points}

## Tables before and after, the worker stopped

{tables}
"""
HELD: Final = ("providers", "inventories", "consumers", "allocations")


def told(point: Point) -> str:
    """One line."""
    size = sum(table.mib for table in point.tables)
    vacuums = sum(table.autovacuums for table in point.tables)
    return (
        f"{point.claims:>9,} claims, {point.claims_a_second:>7,.0f} a second, worker {point.worker_mib:.0f} MiB, "
        f"tables {size:,.0f} MiB, {sum(table.dead for table in point.tables):,} dead rows, {vacuums} autovacuums"
    )


def page(about: Mapping[str, str], points: Sequence[Point]) -> str:
    """Markdown; `points` are one before, those while it ran, and one after."""
    before, *running, after = points
    return PAGE.format(
        claims=after.claims,
        about="\n".join(f"- {name}: {what}" for name, what in about.items()),
        verdict=_verdict(running, before, after),
        points="\n".join(_points(points[:-1])),
        tables="\n".join(_tables(before, after)),
    )


def _verdict(running: Sequence[Point], before: Point, after: Point) -> str:
    first, middle, last = running[0], running[len(running) // 2], running[-1]
    grown = sum(table.table_bytes + table.index_bytes for table in after.tables) - sum(
        table.table_bytes + table.index_bytes for table in before.tables
    )
    return (
        f"- The last tenth went at {last.claims_a_second:,.0f} claims a second, the first at "
        f"{first.claims_a_second:,.0f}: {last.claims_a_second / first.claims_a_second:.2f} of it.\n"
        f"- The worker had {last.worker_mib:.0f} MiB at the end, {first.worker_mib:.0f} after the first tenth: "
        f"{last.worker_mib / first.worker_mib:.2f} times as much.\n"
        f"- All tables grew by {grown / after.claims:,.0f} bytes a claim; those that are not kept for replay "
        f"({', '.join(HELD)}) are {_held(last) / _held(middle):.2f} times as large as half-way."
    )


def _held(point: Point) -> float:
    return sum(table.mib for table in point.tables if table.name in HELD)


def _points(points: Sequence[Point]) -> list[str]:
    names = [table.name for table in points[0].tables]
    rows = [["claims", "a second", "worker MiB", *names], ["---"] * (len(names) + 3)]
    for point in points:
        cells = [f"{table.mib:,.1f}, {table.dead:,} dead, {table.autovacuums}x" for table in point.tables]
        rows.append([f"{point.claims:,}", f"{point.claims_a_second:,.0f}", f"{point.worker_mib:.0f}", *cells])
    return [f"| {' | '.join(row)} |" for row in rows]


def _tables(before: Point, after: Point) -> list[str]:
    head = ["table", "table MiB", "indexes MiB", "rows", "dead", "updated", "of them HOT", "autovacuums", "analyses"]
    rows = [head, ["---"] * len(head)]
    for then, now in zip(before.tables, after.tables, strict=True):
        updated = now.updated - then.updated
        hot = f"{(now.updated_hot - then.updated_hot) / updated:.1%}" if updated else ""
        rows.append(
            [
                now.name,
                f"{then.table_bytes / 1_024**2:,.1f} -> {now.table_bytes / 1_024**2:,.1f}",
                f"{then.index_bytes / 1_024**2:,.1f} -> {now.index_bytes / 1_024**2:,.1f}",
                f"{then.live:,} -> {now.live:,}",
                f"{now.dead:,}",
                f"{updated:,}",
                hot,
                str(now.autovacuums - then.autovacuums),
                str(now.autoanalyses - then.autoanalyses),
            ]
        )
    return [f"| {' | '.join(row)} |" for row in rows]
