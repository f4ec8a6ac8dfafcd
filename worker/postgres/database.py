"""The engine with its limits, and the store: transactions over batches, and what is done between them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ExceptionContext, event, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from worker.faults import Conflict
from worker.messages import SweptBatch
from worker.placement.feed import Feed
from worker.postgres import changes, feed, inbox
from worker.postgres.address import engine_at
from worker.postgres.errors import DRIVER_ERRORS, translated
from worker.postgres.transaction import StoreTransaction

TRIM_ROWS_MAX = 50_000
"""Changes deleted at a time: more than a minute brings, and few against what else a minute writes."""

# Both fail where nothing can be written, and the message makes the commit reach the disk and a synchronous standby: a
# transaction that has written nothing waits for neither, and a sequence writes only now and then.
PROBE = text("SELECT nextval('inbox_batches'), pg_logical_emit_message(true, 'probe', '')")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on what a connection may take; the timeouts within a session are the server's to keep (hazard 17)."""

    pool_size: int = 4
    connect_timeout_s: float = 5.0
    statement_timeout_ms: int = 30_000
    lock_timeout_ms: int = 5_000
    idle_in_transaction_timeout_ms: int = 30_000
    # How long the server may be silent; None: for ever, which a statement of unknown length needs.
    answer_timeout_ms: int | None = None


def create_engine(url: str, limits: Limits, application_name: str = "allocation-worker") -> AsyncEngine:
    """An engine for one process; nothing is connected yet. TLS is asked for in the URL (`sslmode`)."""
    engine = engine_at(
        url,
        pool_size=limits.pool_size,
        max_overflow=0,
        pool_timeout=limits.connect_timeout_s,
        hide_parameters=True,
        arguments={
            "timeout": limits.connect_timeout_s,
            "command_timeout": limits.answer_timeout_ms and limits.answer_timeout_ms / 1_000,
            "server_settings": {
                "application_name": application_name,
                "jit": "off",
                # Claims reach every row by key; a plan kept from when a table was small must not scan it later.
                "enable_seqscan": "off",
                # The plan for any keys looks each of them up; that for the keys of one batch, where they are a
                # hundredth of the table, can be a merge with the whole of it.
                "plan_cache_mode": "force_generic_plan",
                "statement_timeout": str(limits.statement_timeout_ms),
                "lock_timeout": str(limits.lock_timeout_ms),
                "idle_in_transaction_session_timeout": str(limits.idle_in_transaction_timeout_ms),
            },
        },
    )
    event.listen(engine.sync_engine, "handle_error", _give_up_on_silence)
    return engine


def _give_up_on_silence(context: ExceptionContext) -> None:
    """A connection that the server does not answer on is not used again, not even for a rollback."""
    if isinstance(context.original_exception, TimeoutError):
        context.is_disconnect = True


class Store:
    """Claims and their outcomes in PostgreSQL. Whatever goes wrong leaves it as a `Fault`, or is a bug."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[StoreTransaction]:
        """A transaction that commits at the end and rolls back on any exception.

        A failure during COMMIT raises `Conflict`: the fate of the commit is unknown, and the inbox knows it.
        """
        async with translated(), self._engine.connect() as connection:
            yield StoreTransaction(connection)
            await _commit(connection)

    async def probe(self) -> None:
        """Commit a transaction that writes. Raises `Outage` where the database cannot take one."""
        async with translated(), self._engine.begin() as connection:
            await connection.execute(PROBE)

    async def unconfirmed(self, older_than: timedelta, limit: int) -> list[SweptBatch]:
        """At most `limit` batches whose events were left unconfirmed, and unswept, for longer than `older_than`."""
        async with translated(), self._engine.begin() as connection:
            return await inbox.sweep(connection, older_than, limit)

    async def confirm(self, batches: Sequence[int]) -> None:
        """Mark all events of these batches confirmed."""
        async with translated(), self._engine.begin() as connection:
            await inbox.confirm(connection, batches)

    @asynccontextmanager
    async def load_fleet(self) -> AsyncIterator[AsyncIterator[Feed]]:
        """All providers as of one moment, in portions, at least one; they share the horizon to refresh from."""
        snapshot = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        async with translated(), snapshot.connect() as connection:
            yield feed.load(connection)

    async def prune(self, older_than: timedelta, limit: int) -> int:
        """Delete at most `limit` confirmed outcomes older than `older_than`; how many it were.

        Changes that every running worker has seen long since go too.
        """
        async with translated(), self._engine.begin() as connection:
            await changes.trim(connection, TRIM_ROWS_MAX)
            return await inbox.prune(connection, older_than, limit)

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()


async def _commit(connection: AsyncConnection) -> None:
    try:
        await connection.commit()
    except DRIVER_ERRORS as error:
        raise Conflict(f"the fate of a commit is unknown: {error}") from error
