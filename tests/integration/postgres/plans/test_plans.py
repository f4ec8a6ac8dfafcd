"""Every statement that the worker sends, on large tables: reached by key, and judged sanely by the planner."""

from collections.abc import AsyncIterator, Callable, Iterator
from importlib import import_module
from pkgutil import iter_modules
from uuid import uuid4

import pytest
from sqlalchemy import TextClause

import worker.postgres
from schemas.claims import CLAIM_BY_OP
from schemas.queries import QUERY_BY_OP
from tests.bench.ground import connected
from tests.integration.postgres.plans.acts import ask, decide, keep_up
from tests.integration.postgres.plans.large import GROWING, seed
from tests.integration.postgres.plans.queries import ASKED
from tests.integration.postgres.plans.watching import Node, Watch
from tests.servers import create_database, drop_database, with_database
from worker.postgres.database import Limits, create_engine

# Arrays whose length is not known are taken for 10 items, and the longest that is sent has 2,000; of filters that may
# be absent the planner thinks that hardly anything passes.
MISJUDGED_MAX = 500.0
# Of the table. What is read of large fleets in one statement is a portion of 2,000 providers.
SHARE_MAX = 0.25
# These say what the tables hold as a whole, to migrations and audits.
APART = {"worker.postgres.audit", "worker.postgres.migrate", "worker.postgres.own", "worker.postgres.standard"}


@pytest.fixture(scope="module")
async def watch(database_server_url: str, template: str) -> AsyncIterator[Watch]:
    """What the server ran for all that the worker does on the large tables."""
    name = f"large_{uuid4().hex}"
    await create_database(database_server_url, name, template)
    url = with_database(database_server_url, name)
    async with connected(url) as connection:
        await seed(connection)
    engine = create_engine(url, Limits())
    watch = Watch(engine)
    for act in (decide, ask, keep_up):
        await act(engine, watch)
    await engine.dispose()
    yield watch
    await drop_database(database_server_url, name)


def scans(watch: Watch, wrong: Callable[[Node], bool]) -> str:
    """Where a growing table is read wrongly, a line each; empty where it never is."""
    found = (
        f"{seen}: {node}"
        for seen in watch.seen
        for node in seen.nodes
        if node.is_scan and node.table in GROWING and wrong(node)
    )
    return "\n".join(dict.fromkeys(found))


async def test_no_growing_table_is_scanned(watch: Watch) -> None:
    assert scans(watch, lambda node: node.kind == "Seq Scan") == ""


async def test_no_statement_reads_more_than_it_needs(watch: Watch) -> None:
    assert scans(watch, lambda node: node.rows_read > SHARE_MAX * GROWING[node.table or ""]) == ""


async def test_estimates_are_of_the_right_size(watch: Watch) -> None:
    assert scans(watch, lambda node: node.misjudged > MISJUDGED_MAX) == ""


def statements() -> Iterator[tuple[str, TextClause]]:
    """All texts of the modules that a running worker uses, by name."""
    for found in iter_modules(worker.postgres.__path__, "worker.postgres."):
        if found.ispkg or found.name in APART:
            continue
        for name, value in vars(import_module(found.name)).items():
            if isinstance(value, TextClause):
                yield f"{found.name}.{name}", value


async def test_every_statement_was_seen(watch: Watch) -> None:
    seen = {one.statement for one in watch.seen}
    engine = create_engine("postgresql://localhost/none", Limits())
    assert [name for name, text in statements() if str(text.compile(dialect=engine.dialect)) not in seen] == []


async def test_every_op_was_done(watch: Watch) -> None:
    done = {seen.what.split()[0] for seen in watch.seen}
    searched = {"candidates.list", "candidates.explain"}
    assert {*CLAIM_BY_OP, *QUERY_BY_OP} - searched - done == set()
    assert len(ASKED) >= len(QUERY_BY_OP) - len(searched)
