"""Brings a database to the present tables, and says how far it is. Synchronous, for the command line and tests."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.pool import NullPool

from worker.postgres.address import engine_at
from worker.postgres.errors import translated
from worker.postgres.standard import top_up

T = TypeVar("T")

ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('allocation-worker migrations'))")


def upgrade(url: str) -> None:
    """Run the migrations that are missing and add new standard names, in one transaction. Raises `Outage`."""
    _run(url, _upgrade)


def current(url: str) -> str | None:
    """The revision the database is at; None before the first migration. Raises `Outage`."""
    return _run(url, _current)


def is_current(url: str) -> bool:
    """Whether no migration is missing. Raises `Outage`."""
    return current(url) == ScriptDirectory.from_config(_config()).get_current_head()


async def _upgrade(connection: AsyncConnection) -> None:
    await connection.execute(ONE_AT_A_TIME)
    await connection.run_sync(_run_migrations)
    await top_up(connection)


async def _current(connection: AsyncConnection) -> str | None:
    return await connection.run_sync(lambda inner: MigrationContext.configure(inner).get_current_revision())


def _run_migrations(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    return config


def _run(url: str, step: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    async def run() -> T:
        engine = engine_at(url, poolclass=NullPool)
        async with translated(), engine.begin() as connection:
            return await step(connection)

    # A thread of its own, because the caller may stand inside a running loop, where asyncio.run is refused.
    with ThreadPoolExecutor(1, "migrate") as pool:
        return pool.submit(asyncio.run, run()).result()
