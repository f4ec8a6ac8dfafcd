"""Long computations in short turns, so that what a transaction waits for is not kept waiting by another batch."""

import asyncio
from collections.abc import Callable, Coroutine, Generator
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


async def alongside(waiting: Coroutine[None, None, None], working: Coroutine[None, None, Result]) -> Result:
    """What `working` returns, which goes on while `waiting` waits for the database.

    Neither is ever broken off: what goes wrong is raised once both have ended, first of all what `waiting` met.
    """
    background = asyncio.create_task(working, name="alongside")
    background.add_done_callback(_looked_at)
    try:
        await waiting
    finally:
        await asyncio.wait([background])
    return background.result()


def _looked_at(done: "asyncio.Task[Result]") -> None:
    """What it met is known, whichever of the two is raised, and also where nobody is left to raise it."""
    if not done.cancelled():
        done.exception()
