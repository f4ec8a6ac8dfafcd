"""A worker and a side to talk to it, for tests that need no more than one of each; and the audit of its tables."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from tests.e2e.publishing import Side, side
from tests.e2e.worker_process import WorkerProcess, worker
from worker.postgres.audit import audit
from worker.postgres.database import Limits, create_engine


@pytest.fixture
async def running(database_url: str, broker_url: str, prefix: str, tmp_path: Path) -> AsyncIterator[WorkerProcess]:
    """A worker that consumes."""
    async with worker(database_url, broker_url, prefix, tmp_path / "worker.log") as process:
        yield process


@pytest.fixture
async def heard(running: WorkerProcess, broker_url: str, prefix: str) -> AsyncIterator[Side]:
    """A publisher and subscriber beside it."""
    async with side(broker_url, prefix) as both:
        yield both


@pytest.fixture
def audited(database_url: str) -> Callable[[], Awaitable[None]]:
    """Fails where the tables break a rule that must always hold."""

    async def check() -> None:
        engine = create_engine(database_url, Limits())
        try:
            assert await audit(engine) == []
        finally:
            await engine.dispose()

    return check


@pytest.fixture
def count(database_url: str) -> Callable[[str], Awaitable[int]]:
    """The rows of a table, as another session sees them."""

    async def rows(table: str) -> int:
        url = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
        connection = await asyncpg.connect(url)
        try:
            return int(await connection.fetchval(f"SELECT count(*) FROM {table}"))  # noqa: S608 - a test's own word
        finally:
            await connection.close()

    return rows
