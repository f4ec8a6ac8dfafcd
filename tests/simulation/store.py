"""The store in memory, whose steps take time and fail, and whose locks time out."""

import asyncio
from collections.abc import Mapping
from typing import Final

from tests.fakes.locks import Key, Locks
from tests.fakes.store import FakeStore
from tests.simulation.clock import VirtualClock
from tests.simulation.kinds import Kind
from tests.simulation.nature import NaturalSteps, Nature
from worker.faults import Conflict, LockTimeout
from worker.placement.ids import ClaimId

LOCK_TIMEOUT_S: Final = 1.0


class ImpatientLocks(Locks):
    """Nobody waits longer than `LOCK_TIMEOUT_S`."""

    def __init__(self, nature: Nature) -> None:
        super().__init__()
        self._nature = nature

    async def take(self, owner: object, key: Key) -> None:
        if self._owner.setdefault(key, owner) is owner:
            return
        try:
            async with asyncio.timeout(LOCK_TIMEOUT_S):
                await super().take(owner, key)
        except TimeoutError:
            self._nature.happened[Kind.LOCK_WAITED_OUT] += 1
            raise LockTimeout(f"55P03 over {key}") from None
        except Conflict:
            self._nature.happened[Kind.DEADLOCK] += 1
            raise


class NaturalStore(FakeStore):
    """Breaks on the claims that are poison to it: by claim id, which part of the world breaks on it."""

    def __init__(self, nature: Nature, poison: Mapping[str, Kind]) -> None:
        super().__init__(VirtualClock())
        self.steps = NaturalSteps(nature, "store", nature.store_fault)
        self.locks = ImpatientLocks(nature)
        self.poison = _Poison(poison)


class _Poison(dict[ClaimId, Exception]):
    """What is poison may become known at any time."""

    def __init__(self, kinds: Mapping[str, Kind]) -> None:
        super().__init__()
        self._kinds = kinds

    def __contains__(self, claim: object) -> bool:
        return self._kinds.get(str(claim)) is Kind.POISONED_STORE

    def __getitem__(self, claim: ClaimId) -> Exception:
        return LookupError(claim)
