"""A store on a database of the test's own, and a second way into that database."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from worker.postgres.database import Limits, Store, create_engine

DEADLINE_S = 20


class Sql:
    """Statements beside the store, each committed at once."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def run(self, *statements: str, **values: object) -> None:
        """Run statements, one after another."""
        for statement in statements:
            await self._connection.execute(text(statement), values)

    async def value(self, statement: str, **values: object) -> Any:
        """The one value that a statement gives."""
        return (await self._connection.execute(text(statement), values)).scalar_one()

    async def wait_for_waiters(self, count: int = 1) -> None:
        """Return as soon as `count` sessions of this database wait for a lock."""
        waiting = """
            SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()
        """
        await self.wait_while(f"SELECT ({waiting}) < :count", count=count)

    async def wait_while(self, condition: str, **values: object) -> None:
        """Return as soon as the condition, a statement, gives nothing that is true."""
        async with asyncio.timeout(DEADLINE_S):
            while await self.value(condition, **values):
                pass

    async def end_other_sessions(self) -> None:
        """Cut every other connection to this database."""
        await self.run("""
            SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()
        """)


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """An engine with limits for impatient tests."""
    made = create_engine(database_url, Limits(lock_timeout_ms=5_000, statement_timeout_ms=20_000))
    yield made
    await made.dispose()


@pytest.fixture
async def store(engine: AsyncEngine) -> Store:
    """A store on that engine."""
    return Store(engine)


@pytest.fixture
async def sql(database_url: str) -> AsyncIterator[Sql]:
    """A connection beside it."""
    made = create_engine(database_url, Limits())
    async with made.connect() as connection:
        yield Sql(await connection.execution_options(isolation_level="AUTOCOMMIT"))
    await made.dispose()
