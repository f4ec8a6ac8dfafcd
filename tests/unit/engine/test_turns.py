"""Work that goes on while the database is waited for."""

import asyncio
import gc
from typing import Any

import pytest

from worker.engine.turns import beside


async def _after(waited_for: asyncio.Event, error: Exception | None = None) -> str:
    await waited_for.wait()
    if error is not None:
        raise error
    return "worked"


async def test_it_goes_on_while_the_block_waits() -> None:
    ready = asyncio.Event()
    ready.set()
    async with beside(_after(ready)) as working:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert working.done()
        assert await working == "worked"


async def test_what_it_meets_is_raised_where_it_is_asked_for() -> None:
    ready = asyncio.Event()
    ready.set()
    with pytest.raises(LookupError):
        async with beside(_after(ready, LookupError())) as working:
            await working


async def test_it_ends_with_a_block_that_does_not_ask_for_it() -> None:
    async with beside(_after(asyncio.Event())) as working:
        pass
    await asyncio.wait([working])
    assert working.cancelled()


async def test_of_two_failures_that_of_the_block_is_raised_and_the_other_is_nobodys() -> None:
    untold: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: untold.append(context))
    ready = asyncio.Event()
    ready.set()
    with pytest.raises(ConnectionError):
        async with beside(_after(ready, LookupError("late"))):
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            raise ConnectionError
    gc.collect()
    asyncio.get_running_loop().set_exception_handler(None)
    assert untold == []
