"""Long computations in short turns, so that what a transaction waits for is not kept waiting by another batch."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Generator
from contextlib import asynccontextmanager
from typing import TypeVar

Result = TypeVar("Result")


async def in_turns(
    turns: Generator[None, bool | None, Result], *, alone: bool, late: Callable[[], bool] = lambda: False
) -> Result:
    """What the generator returns; between its steps the loop does other work, unless `alone` (locks are held).

    Each step is told whether it is `late`.
    """
    told: bool | None = None
    while True:
        try:
            turns.send(told)
        except StopIteration as end:
            result: Result = end.value
            return result
        told = late()
        if not alone:
            await asyncio.sleep(0)


@asynccontextmanager
async def beside(working: Coroutine[None, None, Result]) -> AsyncIterator["asyncio.Task[Result]"]:
    """`working` goes on while the block waits for the database; the block may await it, and it ends with the block."""
    background = asyncio.create_task(working, name="beside")
    background.add_done_callback(_looked_at)
    try:
        yield background
    finally:
        background.cancel()


def _looked_at(done: "asyncio.Task[Result]") -> None:
    """What it met was for the block, which may have failed before it asked."""
    if not done.cancelled():
        done.exception()
