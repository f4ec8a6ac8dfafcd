"""The store in memory, whose steps take time and fail, and whose locks time out."""

import asyncio
from typing import Final

from tests.fakes.locks import Key, Locks
from tests.fakes.store import FakeStore
from tests.simulation.clock import VirtualClock
from tests.simulation.nature import NaturalSteps, Nature
from worker.faults import LockTimeout

LOCK_TIMEOUT_S: Final = 1.0


class ImpatientLocks(Locks):
    """Nobody waits longer than `LOCK_TIMEOUT_S`."""

    async def take(self, owner: object, key: Key) -> None:
        try:
            async with asyncio.timeout(LOCK_TIMEOUT_S):
                await super().take(owner, key)
        except TimeoutError:
            raise LockTimeout(f"55P03 over {key}") from None


def natural_store(nature: Nature) -> FakeStore:
    """One store for all workers; whose step it is shows in the task that takes it."""
    store = FakeStore(VirtualClock())
    store.steps = NaturalSteps(nature, "store", nature.store_fault)
    store.locks = ImpatientLocks()
    return store
