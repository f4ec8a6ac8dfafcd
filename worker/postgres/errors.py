"""What the driver raises, in the engine's terms. The only place that reads SQLSTATEs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from worker.faults import Conflict, Fault, LockTimeout, Outage

TOO_LONG = {
    "55P03": "lock timeout",
    # A statement over its timeout was stuck behind others, or had too large a batch: try again with half.
    "57014": "statement timeout",
    "25P03": "transaction idle for too long",
    # Since PostgreSQL 17, where the role or the server sets transaction_timeout.
    "25P04": "transaction took too long",
}

CONFLICTS = {
    "40001": "serialization failure",
    "40003": "statement completion unknown",
    "40P01": "deadlock",
    "23505": "unique violation",
    "23503": "foreign key violation",
    "0A000": "cached statement outlived a change of the tables",
}

# Connecting raises the driver's own errors; everything after it, SQLAlchemy's.
DRIVER_ERRORS = (
    DBAPIError,
    PoolTimeout,
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.TargetServerAttributeNotMatched,
)

OUTAGES = ("08", "28", "3D", "42", "53", "57P", "58", "25006")


def translate(error: BaseException) -> Fault | None:
    """The fault that `error` means, or None where it is a bug (ours or theirs)."""
    state = _sqlstate(error)
    if state is not None:
        return _by_sqlstate(state, error)
    if isinstance(error, DBAPIError):
        lost = error.connection_invalidated or "closed" in str(error.orig)
        return Outage(f"connection lost: {error.orig}") if lost else None
    if isinstance(error, asyncpg.InterfaceError):
        return Outage(f"connection lost: {error}") if "closed" in str(error) else None
    # Of several hosts each is a standby: none has been promoted yet.
    if isinstance(error, OSError | PoolTimeout | asyncpg.TargetServerAttributeNotMatched):
        return Outage(f"database out of reach: {_words(error)}")
    return None


@asynccontextmanager
async def translated() -> AsyncIterator[None]:
    """Let faults out instead of the driver's exceptions; everything else passes as it is."""
    try:
        yield
    except DRIVER_ERRORS as error:
        fault = translate(error)
        if fault is None:
            raise
        raise fault from error


def _words(error: BaseException) -> str:
    """What `error` says, or what it is where it says nothing."""
    return str(error) or ("no answer in time" if isinstance(error, TimeoutError) else type(error).__name__)


def _by_sqlstate(state: str, error: BaseException) -> Fault | None:
    reason = f"{state}: {getattr(error, 'orig', error)}"
    if state in TOO_LONG:
        return LockTimeout(f"{TOO_LONG[state]}, {reason}")
    if state in CONFLICTS:
        return Conflict(f"{CONFLICTS[state]}, {reason}")
    if state.startswith(OUTAGES):
        return Outage(reason)
    return None


def _sqlstate(error: BaseException) -> str | None:
    state = getattr(getattr(error, "orig", error), "sqlstate", None)
    return state if isinstance(state, str) else None
