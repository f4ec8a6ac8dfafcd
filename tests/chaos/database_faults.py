"""What befalls the database, and what other sessions do there."""

import asyncio
import os
import signal
import time
from typing import Final

import asyncpg

from tests.chaos.faults import BACK_WITHIN_S, Fault
from tests.chaos.world import World

FROZEN_S: Final = 4.0
HELD_S: Final = 3.0
"""Longer than the workers wait for a lock."""
CROSSINGS: Final = 4
CROSSING_S: Final = 1.6
"""Longer than a deadlock takes to be found."""
PROVIDERS: Final = "SELECT id FROM providers ORDER BY updated_at DESC, id LIMIT 20"
LOCK: Final = "SELECT id FROM providers WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE"
TERMINATE: Final = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'allocation%'"
POLL_S: Final = 0.05


async def restart(world: World) -> float:
    """In good order: sessions are ended."""
    await asyncio.to_thread(world.stack.postgres.restart)
    return time.time()


async def stop_at_once(world: World) -> float:
    """An immediate stop, and recovery from the log at the next start."""
    server = world.stack.postgres
    if server.pid is not None:
        os.kill(server.pid, signal.SIGQUIT)
    while server.pid is not None:  # noqa: ASYNC110 - a process of another's
        await asyncio.sleep(POLL_S)
    await asyncio.to_thread(server.start)
    return time.time()


async def kill(world: World) -> float:
    """SIGKILL of all its processes."""
    await asyncio.to_thread(world.stack.postgres.kill)
    await asyncio.to_thread(world.stack.postgres.start)
    return time.time()


async def freeze(world: World) -> float:
    """SIGSTOP and SIGCONT."""
    world.stack.postgres.pause()
    try:
        await asyncio.sleep(FROZEN_S)
    finally:
        world.stack.postgres.resume()
    return time.time()


async def terminate(world: World) -> float:
    """All sessions of the workers."""
    async with world.session() as session:
        await session.fetch(TERMINATE)
    return time.time()


async def hold_locks(world: World) -> float:
    """A rival that locks what claims are on, for longer than workers wait."""
    async with world.session() as rival, rival.transaction():
        rows = await rival.fetch(PROVIDERS)
        await rival.fetch(LOCK, [row["id"] for row in rows])
        await asyncio.sleep(HELD_S)
    return time.time()


async def cross_locks(world: World) -> float:
    """A rival that locks in the other order, and is in no hurry to find the deadlock: the workers find it."""
    async with world.session() as rival:
        await rival.execute("SET deadlock_timeout = '5s'")
        for _ in range(CROSSINGS):
            rows = sorted(row["id"] for row in await rival.fetch(PROVIDERS))
            try:
                async with rival.transaction():
                    for row in reversed(rows):
                        await rival.fetch(LOCK, [row])
                        await asyncio.sleep(CROSSING_S / len(rows))
            except (asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError):
                continue
    return time.time()


FAULTS: Final = [
    Fault("database restart", restart, BACK_WITHIN_S),
    Fault("database immediate stop", stop_at_once, BACK_WITHIN_S),
    Fault("database SIGKILL", kill, BACK_WITHIN_S),
    Fault("database SIGSTOP", freeze),
    Fault("database sessions terminated", terminate),
    Fault("locks held", hold_locks),
    Fault("deadlocks", cross_locks),
]
