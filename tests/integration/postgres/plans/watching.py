"""The plans that PostgreSQL really runs, those of foreign keys too, as its own auto_explain tells them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

WATCH: Final = """
    LOAD 'auto_explain';
    SET auto_explain.log_min_duration = 0; SET auto_explain.log_analyze = on; SET auto_explain.log_timing = off;
    SET auto_explain.log_format = json; SET auto_explain.log_nested_statements = on; SET client_min_messages = log;
"""


@dataclass(frozen=True, slots=True)
class Node:
    """A step of a plan that was run; rows are those of one loop. `cut`: something above stops when it has enough."""

    kind: str
    table: str | None
    by_key: bool
    rows: float
    rows_planned: float
    rows_left_out: float
    loops: int
    cut: bool

    def __str__(self) -> str:
        planned = f"{self.rows:.0f} rows of {self.rows_planned:.0f} planned and {self.rows_left_out:.0f} left out"
        return f"{self.kind} of {self.table}, {planned}, {self.loops} times"

    @property
    def is_scan(self) -> bool:
        """Whether it reads a table."""
        return self.kind.endswith("Scan") and self.table is not None

    @property
    def rows_read(self) -> float:
        """Of the table, in all loops."""
        return (self.rows + self.rows_left_out) * self.loops

    @property
    def misjudged(self) -> float:
        """How far the estimate is off, as a factor; nothing may be found of what is looked for to be missing."""
        found, planned = max(self.rows, 1.0), max(self.rows_planned, 1.0)
        if self.cut or not self.rows:
            return max(found / planned, 1.0)
        return max(found / planned, planned / found)


@dataclass(frozen=True, slots=True)
class Seen:
    """A statement that was run, and for what."""

    what: str
    statement: str
    nodes: tuple[Node, ...]

    def __str__(self) -> str:
        return f"{self.what}: {' '.join(self.statement.split())[:120]}"


class Watch:
    """All statements that an engine's connections run; what they are for is said by `what`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.what = ""
        self.seen: list[Seen] = []
        event.listen(engine.sync_engine, "connect", self._connected)

    def _connected(self, connection: Any, _: object) -> None:
        connection.run_async(self._watch)

    async def _watch(self, connection: asyncpg.Connection) -> None:
        await connection.execute(WATCH)
        connection.add_log_listener(self._hear)

    def _hear(self, _: object, message: Any) -> None:
        _, found, plan = str(message.message).partition("plan:\n")
        if found:
            told = json.loads(plan)
            self.seen.append(Seen(self.what, told["Query Text"], tuple(nodes(told["Plan"]))))


def nodes(plan: dict[str, Any], *, cut: bool = False) -> Iterator[Node]:
    """The steps of a plan that were run at all, from the top."""
    if not plan["Actual Loops"]:
        return
    yield Node(
        plan["Node Type"],
        plan.get("Relation Name"),
        "Index Cond" in plan or "Recheck Cond" in plan or "TID Cond" in plan,
        plan["Actual Rows"],
        plan["Plan Rows"],
        plan.get("Rows Removed by Filter", 0),
        plan["Actual Loops"],
        cut,
    )
    below = cut or plan["Node Type"] in {"Limit", "Merge Join"} or plan.get("Join Type") in {"Semi", "Anti"}
    for one in plan.get("Plans", ()):
        yield from nodes(one, cut=below or one.get("Parent Relationship") in {"SubPlan", "InitPlan"})
