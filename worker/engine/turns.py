"""Long computations in short turns, so that what a transaction waits for is not kept waiting by another batch."""

import asyncio
from collections.abc import Generator
from typing import TypeVar

Result = TypeVar("Result")


async def in_turns(turns: Generator[None, None, Result], *, alone: bool) -> Result:
    """What the generator returns; between its steps the loop does other work, unless `alone` (locks are held)."""
    while True:
        try:
            next(turns)
        except StopIteration as end:
            result: Result = end.value
            return result
        if not alone:
            await asyncio.sleep(0)
