"""Waiting for events."""

import asyncio


async def either(first: asyncio.Event, second: asyncio.Event) -> None:
    """Until one of the two is set."""
    waiting = [asyncio.create_task(event.wait()) for event in (first, second)]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
