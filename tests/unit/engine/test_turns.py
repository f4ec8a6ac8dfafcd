"""Work that goes on while the database is waited for."""

import asyncio
import gc
from typing import Any

import pytest

from worker.engine.turns import alongside


async def _after(waited_for: asyncio.Event, error: Exception | None = None) -> str:
    await waited_for.wait()
    if error is not None:
        raise error
    return "worked"


async def _failing(error: Exception) -> None:
    raise error


async def test_what_was_worked_out_is_returned_once_both_have_ended() -> None:
    written, worked = asyncio.Event(), asyncio.Event()
    both = asyncio.create_task(alongside(_waits_for(written), _after(worked)))
    written.set()
    await asyncio.sleep(0)
    assert not both.done()
    worked.set()
    assert await both == "worked"


async def _waits_for(event: asyncio.Event) -> None:
    await event.wait()


async def test_of_two_failures_that_of_the_database_is_raised() -> None:
    worked = asyncio.Event()
    worked.set()
    with pytest.raises(ConnectionError):
        await alongside(_failing(ConnectionError()), _after(worked, LookupError()))


async def test_a_failure_is_looked_at_though_who_waited_for_it_is_gone() -> None:
    untold: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: untold.append(context))
    written, worked = asyncio.Event(), asyncio.Event()
    both = asyncio.create_task(alongside(_waits_for(written), _after(worked, LookupError("late"))))
    for _ in range(2):
        await asyncio.sleep(0)
        both.cancel()
    await asyncio.wait([both])
    worked.set()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert both.cancelled()
    del both
    gc.collect()
    asyncio.get_running_loop().set_exception_handler(None)
    assert untold == []
